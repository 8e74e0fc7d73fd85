"""When a machine may go to sleep: the plan foresees it, and nothing speaks against it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from solard.core.decide import decide
from solard.core.decision import PowerLimit
from solard.core.host_sleep import Nap, find_nap
from solard.core.inputs import ControlMemory, Override, OverrideKind
from solard.core.modes import WorkMode
from solard.core.records import CycleRecord
from tests.core.sites import NOON, inputs_of, plan_of, plan_slot, state_of

NIGHT = state_of(pv_w=0.0, load_w=540.0, grid_w=540.0)


def asleep_until(hours: float) -> Any:
    """A plan that sleeps from now on for so long."""
    night = plan_slot(starts_at=NOON, ends_at=NOON + timedelta(hours=hours), asleep=True)
    work = plan_slot(
        starts_at=NOON + timedelta(hours=hours), ends_at=NOON + timedelta(hours=hours + 1)
    )
    return plan_of(night, work)


def cycle(**changes: Any) -> CycleRecord:
    inputs = inputs_of(**{"state": NIGHT, "plan": asleep_until(8.0), **changes})
    decision, _ = decide(inputs)
    decision = replace(decision, mode=WorkMode.STANDBY)
    return CycleRecord(inputs=inputs, decision=decision, memory=ControlMemory(), results=())


def test_machine_sleeps_until_two_minutes_before_its_work() -> None:
    nap = find_nap(cycle(), has_jobs=False)

    assert nap == Nap(
        until_at=NOON + timedelta(hours=7, minutes=58),
        why="The machine sleeps for 7 h 58 min, until 19:58: no work. "
        "140 W of idle rig are worth more.",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"plan": asleep_until(0.5)},
        {"plan": plan_of(plan_slot(asleep=False))},
        {"plan": None},
        {"state": state_of(pv_w=3000.0, load_w=540.0)},
        {"state": replace(NIGHT, pv_w=None)},
        {"state": replace(NIGHT, missing=frozenset({"meter"}))},
        {"overrides": (Override(kind=OverrideKind.PAUSE, until_at=NOON + timedelta(hours=1)),)},
    ],
    ids=["too short", "awake", "no plan", "sun", "unknown", "silent", "operator"],
)
def test_anything_unexpected_keeps_it_awake(changes: dict[str, Any]) -> None:
    assert find_nap(cycle(**changes), has_jobs=False) is None


def test_job_and_working_card_keep_it_awake() -> None:
    record = cycle()
    working = replace(
        record.decision,
        mode=WorkMode.FULL,
        limits=(PowerLimit(gpu_id="gpu-0", limit_w=200.0, parked=False),),
    )

    assert find_nap(record, has_jobs=True) is None
    assert find_nap(replace(record, decision=working), has_jobs=False) is None


def test_machine_without_data_sleeps_for_an_hour_only_where_its_owner_says_so() -> None:
    blind = cycle(state=replace(NIGHT, missing=frozenset({"gx"}), missing_for_s=700.0), plan=None)

    assert find_nap(blind, has_jobs=False) is None
    assert find_nap(blind, has_jobs=False, blind_after_s=900.0) is None
    assert find_nap(blind, has_jobs=True, blind_after_s=600.0) is None
    assert find_nap(blind, has_jobs=False, blind_after_s=600.0) == Nap(
        until_at=NOON + timedelta(hours=1),
        why="Nothing from gx for 12 min: the machine sleeps for 1 h and looks again.",
    )

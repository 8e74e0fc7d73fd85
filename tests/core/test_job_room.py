"""What a job finds at a tick, and how the tick holds its cards for it."""

from dataclasses import replace

import pytest

from solard.core.decide import decide
from solard.core.inputs import CardMemory, ControlMemory, DecideInputs
from solard.core.job import Job
from solard.core.job_room import (
    free_cards,
    room_of,
    running_workloads,
    with_processor_jobs,
)
from solard.core.modes import WorkMode
from solard.core.records import CycleRecord
from solard.core.rig import PowerTerms, Workload
from solard.core.rules.battery_lines import BatteryLines
from solard.core.rules.job_power import JobPower
from solard.core.rules.keep_alive import KeepAlive
from solard.core.rules.plan_rule import PlanRule
from solard.core.state import CardHealth
from tests.core.jobs import job_of, running
from tests.core.sites import battery_at, inputs_of, read_card, rig_of, state_of


def tick(*jobs: Job, soc: float = 0.7, **changes: object) -> DecideInputs:
    """A rig of two cards at noon that has run at full power, on which these jobs run."""
    rig = with_processor_jobs(rig_of(2), jobs)
    state = state_of(gpus=(read_card(0), read_card(1)), battery=battery_at(soc, 0.0), **changes)
    lines = BatteryLines(work_above_soc=0.5, standby_above_soc=0.3, shut_down_below_soc=0.15)
    workloads = running_workloads(jobs, rig)
    return inputs_of(
        lines,
        KeepAlive(),
        JobPower(),
        state=state,
        rig=rig,
        workloads=workloads,
        memory=ControlMemory(budget_w=700.0),
    )


def recorded(inputs: DecideInputs) -> CycleRecord:
    decision, memory = decide(inputs)
    return CycleRecord(inputs=inputs, decision=decision, memory=memory)


def test_an_idle_rig_in_the_sun_leaves_everything_to_a_job() -> None:
    job = job_of()

    room = room_of((job,), recorded(tick()), live=True)

    # The rig can draw 700 W and idles at 140; the house leaves 2,600 of 3,000 W of sun.
    assert (room.spare_w, room.sun_w, room.cards) == (560.0, 2460.0, 2)
    assert room.mode is WorkMode.FULL


def test_jobs_that_run_are_part_of_what_there_is_for_all() -> None:
    other = running(job_of(name="render"), "gpu-1")

    room = room_of((other, job_of()), recorded(tick(other)), live=True)

    assert (room.spare_w, room.sun_w, room.cards) == (560.0, 2460.0, 2)
    beside = room.without(other.spec)
    assert (beside.spare_w, beside.sun_w, beside.cards) == (260.0, 2160.0, 1)


def test_a_job_on_the_processor_counts_once() -> None:
    other = replace(running(job_of(name="render", cards=0, power_w=60.0)), gpu_ids=())

    inputs = tick(other)
    room = room_of((other, job_of()), recorded(inputs), live=True)

    assert inputs.rig.host_w == 160.0
    assert room.without(other.spec).spare_w == 760.0 - 140.0 - 60.0


@pytest.mark.parametrize(("soc", "below"), [(0.39, True), (0.40, False), (None, True)])
def test_below_the_reserve_is_told(soc: float | None, below: bool) -> None:
    inputs = tick(soc=0.7)
    battery = replace(battery_at(0.7, 0.0), soc=soc)
    inputs = replace(
        inputs,
        rules=(*inputs.rules, PlanRule(reserve_soc=0.4)),
        state=replace(inputs.state, battery=battery),
    )

    assert room_of((), recorded(inputs), live=True).below_reserve is below


def test_an_empty_battery_leaves_no_mode_for_jobs() -> None:
    room = room_of((), recorded(tick(soc=0.25)), live=True)

    assert room.mode is WorkMode.STANDBY


def test_unknown_sun_stays_unknown() -> None:
    assert room_of((), recorded(tick(pv_w=None)), live=True).sun_w is None


def test_cards_with_terms_of_their_own_and_lost_cards_are_not_lent() -> None:
    rented = Workload(name="sn51", gpu_ids=("gpu-0",), terms=PowerTerms.HANDS_OFF)
    lost = read_card(1, health=CardHealth.LOST)

    inputs = replace(tick(), workloads=(rented,), state=state_of(gpus=(read_card(0), lost)))

    assert free_cards(inputs, ()) == ()
    assert free_cards(replace(inputs, workloads=()), ()) == ("gpu-0",)
    assert free_cards(tick(), ()) == ("gpu-1", "gpu-0")


def test_a_running_job_gets_its_power_in_the_dark_and_no_more_in_the_sun() -> None:
    job = running(job_of(power_w=180.0), "gpu-1")
    dark = tick(job, pv_w=0.0, load_w=500.0)

    decision, _ = decide(dark)

    (idle, held) = decision.limits
    assert (held.gpu_id, held.limit_w, held.parked) == ("gpu-1", 200.0, False)
    assert idle.parked
    assert decision.rule == "jobs"
    assert decision.why == "retrain-1: 320 W for the rig while it runs."


def test_a_card_that_was_just_parked_starts_for_a_job() -> None:
    job = running(job_of(power_w=180.0), "gpu-1")
    just_parked = CardMemory(gpu_id="gpu-1", parked=True, since_s=999.0)

    decision, _ = decide(
        replace(tick(job), memory=ControlMemory(budget_w=700.0, cards=(just_parked,)))
    )

    assert not decision.limits[1].parked


def test_a_job_gives_way_to_the_battery_lines() -> None:
    job = running(job_of(power_w=180.0), "gpu-1")

    decision, _ = decide(tick(job, soc=0.25))

    assert all(limit.parked for limit in decision.limits)
    assert decision.mode is WorkMode.STANDBY


def test_without_a_running_job_the_rule_asks_for_nothing() -> None:
    answer = JobPower().propose(tick())

    assert answer.proposal.why == "No job runs on a card."


def test_a_job_whose_card_is_gone_is_no_workload() -> None:
    assert running_workloads((running(job_of(), "gpu-9"),), rig_of(2)) == ()

"""Short gaps are counted in Wh: a small one may last longer than a big one."""

from dataclasses import replace

import pytest

from solard.core.decide import decide
from solard.core.inputs import CardMemory, ControlMemory, DecideInputs
from solard.core.rules.plan_rule import PlanRule
from tests.core.sites import inputs_of, rig_of, state_of

TICK_S = 2.0
ALLOWED_WH = 2.0
RULE = PlanRule(nominal_per_kwh=0.1, ride_through_wh=ALLOWED_WH)
LEAST_W = 220.0
"""Host 100 W, one card at its least of 100 W, one parked at 20 W."""


def working(sun_w: float) -> DecideInputs:
    """One of two cards has worked for long; no battery, 400 W of house."""
    cards = (
        CardMemory(gpu_id="gpu-0", parked=False, since_s=0.0),
        CardMemory(gpu_id="gpu-1", parked=True, since_s=0.0),
    )
    memory = ControlMemory(cards=cards, decided_s=998.0, budget_w=LEAST_W)
    return replace(inputs_of(RULE, rig=rig_of(2), state=of_sun(sun_w, 1000.0)), memory=memory)


def of_sun(sun_w: float, at_s: float):  # type: ignore[no-untyped-def]
    return state_of(
        pv_w=sun_w, load_w=400.0 + LEAST_W, rig_w=LEAST_W, battery=None, grid_w=0.0, taken_s=at_s
    )


def ticks_at_work(inputs: DecideInputs, sun_w: float, most: int = 1000) -> int:
    """Return for how many ticks a card works under a constant sky."""
    for tick in range(most):
        at_s = 1000.0 + TICK_S * tick
        decision, memory = decide(replace(inputs, state=of_sun(sun_w, at_s)))
        if all(limit.parked for limit in decision.limits):
            return tick
        inputs = replace(inputs, memory=memory)
    return most


@pytest.mark.parametrize(("short_w", "seconds"), [(20.0, 360.0), (40.0, 180.0), (80.0, 90.0)])
def test_3_gap_lasts_until_its_energy_is_used_up(short_w: float, seconds: float) -> None:
    """2 Wh are 20 W for 360 s, 40 W for 180 s, 80 W for 90 s."""
    sun_w = 400.0 + LEAST_W - short_w

    assert abs(TICK_S * ticks_at_work(working(sun_w), sun_w) - seconds) <= 2.0 * TICK_S


def test_3_gap_that_is_hardly_one_ends_after_ten_minutes() -> None:
    sun_w = 400.0 + LEAST_W - 1.0

    assert abs(TICK_S * ticks_at_work(working(sun_w), sun_w) - 600.0) <= 2.0 * TICK_S


def test_3_without_an_allowance_a_card_parks_at_once() -> None:
    inputs = replace(working(580.0), rules=(replace(RULE, ride_through_wh=0.0),))

    assert ticks_at_work(inputs, 580.0) == 0


def test_sun_that_comes_back_pays_back_what_a_cloud_took() -> None:
    inputs = working(580.0)
    for tick in range(30):
        _, memory = decide(replace(inputs, state=of_sun(580.0, 1000.0 + TICK_S * tick)))
        inputs = replace(inputs, memory=memory)
    used_wh = inputs.memory.note("plan/ride").used_wh
    _, memory = decide(replace(inputs, state=of_sun(1540.0, 1060.0)))

    assert used_wh == pytest.approx(30 * 40.0 * TICK_S / 3600.0)
    assert memory.note("plan/ride").used_wh < used_wh


def test_rig_that_rests_has_the_whole_allowance_again() -> None:
    inputs = working(580.0)
    rests = ControlMemory(
        cards=tuple(replace(one, parked=True) for one in inputs.memory.cards), decided_s=998.0
    )

    _, memory = decide(replace(inputs, memory=rests))

    assert memory.note("plan/ride").used_wh == 0.0

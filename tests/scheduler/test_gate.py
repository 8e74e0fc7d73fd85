"""Nonsense is refused, and a better plan in force stays."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scheduler.case import PlanCase
from scheduler.course import Course, Wish, idle_wish, live
from scheduler.gate import PlanUnsound, better, check_plan, check_worth
from scheduler.planner import make_plan
from solard.core.plan import Plan
from solard.core.planning import PlanRequest
from tests.scheduler.plans import (
    FREE_EXPORT,
    MIDNIGHT,
    battery_of,
    case_of,
    plan_of,
    plan_slot,
    request_of,
)

DARK = (0.0, 200.0)
SUN = (1000.0, 200.0)
WORKING = {"pv_w": 1000.0, "rig_w": 300.0, "grid_w": -500.0, "cards_on": 1}
"""What a quarter hour of SUN is with one card at its most."""


def test_sound_plan_passes() -> None:
    check_plan(plan_of(plan_slot()), case_of([DARK]))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"soc": float("nan")}, "the plan for 00:00 UTC holds no numbers"),
        ({"grid_w": float("inf")}, "the plan for 00:00 UTC holds no numbers"),
        ({"soc": 1.2}, "the plan charges to 120% at 00:15 UTC"),
        ({"soc": -2.47}, "the plan charges to -247% at 00:15 UTC"),
        ({"rig_w": 900.0, "grid_w": 1100.0}, "the plan wants 900 W of a rig that takes 300 W"),
        ({"rig_w": -50.0, "grid_w": 150.0}, "the plan wants −50 W of a rig that takes 300 W"),
        ({"grid_w": 200.0}, "the plan for 00:00 UTC is off by −100 W"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlanUnsound, match=sentence):
        check_plan(plan_of(plan_slot(**wrong)), case_of([DARK]))


def test_course_that_loses_money_against_idling_is_refused() -> None:
    case = case_of([DARK] * 8)
    wishes = [Wish(rig_w=300.0, cards_on=1)] * 8
    buying = live(case, wishes)

    with pytest.raises(PlanUnsound, match=r"would lose 0\.09 against a rig that only idles"):
        check_worth(buying, case, wishes)


def test_course_that_earns_passes() -> None:
    case = case_of([SUN] * 8)

    wishes = [Wish(rig_w=200.0, cards_on=1)] * 8

    check_worth(live(case, wishes), case, wishes)


def adopted(previous: Plan | None, **changes: Any) -> Plan:
    """Offer a plan that only idles through two hours of sun that nobody buys."""
    case = case_of([SUN] * 8, tariff=FREE_EXPORT, previous=previous, **changes)
    return better(IDLE, idle_course(case), case)


def idle_course(case: PlanCase) -> Course:
    return live(case, [idle_wish(case)] * len(case.steps))


IDLE = plan_of(plan_slot())


def in_force(made_ago_s: float = 900.0, count: int = 8) -> Plan:
    slots = tuple(plan_slot(index, **WORKING) for index in range(count))
    return plan_of(*slots, made_at=MIDNIGHT - timedelta(seconds=made_ago_s))


def test_first_plan_is_adopted() -> None:
    assert adopted(None) is IDLE


def test_young_plan_in_force_that_does_better_stays() -> None:
    previous = in_force()

    assert adopted(previous) is previous


def test_plan_in_force_that_does_no_better_goes() -> None:
    assert adopted(plan_of(*(plan_slot(index) for index in range(8)))) is IDLE


def test_plan_in_force_goes_after_an_hour() -> None:
    assert adopted(in_force(made_ago_s=3600.0)) is IDLE


def test_plan_from_the_future_goes() -> None:
    assert adopted(in_force(made_ago_s=-1.0)) is IDLE


def test_plan_in_force_counts_as_idle_where_it_ends() -> None:
    assert adopted(in_force(count=4)) is IDLE


def test_plan_in_force_is_held_to_what_the_rig_can_do_today() -> None:
    greedy = replace(
        in_force(), slots=tuple(plan_slot(i, rig_w=99e3, cards_on=1) for i in range(8))
    )
    case = case_of([SUN] * 8, tariff=FREE_EXPORT, previous=greedy)

    assert better(IDLE, idle_course(case), case) is greedy


def test_planner_keeps_the_plan_in_force_where_its_own_does_worse() -> None:
    """Sun and a card, but no start is worth its cost any more: what runs already goes on."""
    request = request_of([SUN] * 8, tariff=FREE_EXPORT, start_cost=1.0, previous=in_force())

    assert make_plan(replace(request, cards_on=0)).made_at == MIDNIGHT


def test_planner_offers_no_plan_that_loses() -> None:
    """A battery that the solver would keep for the dear hours serves the cheap ones instead."""
    request: PlanRequest = request_of([DARK] * 8, battery=battery_of(), soc=0.9)

    assert make_plan(request).slots[0].battery_w > 0.0

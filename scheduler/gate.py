"""Refuse a plan that is nonsense, and keep the one in force while it does better."""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

from scheduler.case import PlanCase
from scheduler.course import Course, Wish, idle_wish, live
from solard.core.errors import SolardError
from solard.core.plan import Plan, PlanSlot
from solard.core.wording import say_power

SLACK_SOC = 0.001
SLACK_W = 1.0
KEEP_GAIN = 0.02
"""Money by which the plan in force must do better to stay: the solver's own gap."""
KEEP_FOR_S = 3600.0
"""An older plan goes in any case: its prices are of another sky."""
WORSE_THAN_IDLE = 0.05
"""Money by which a plan may do worse than an idle rig: quarter hours do not tell all."""


class PlanUnsound(SolardError):
    """A plan that must not be followed."""


def check_plan(plan: Plan, case: PlanCase) -> None:
    """Raise PlanUnsound where a figure is no number, or outside what is physically possible."""
    highest_w = 1000.0 * case.fleet.most_kw
    for slot in plan.slots:
        if not all(isfinite(figure) for figure in _figures(slot)):
            raise PlanUnsound(f"the plan for {slot.starts_at:%H:%M} UTC holds no numbers")
        if not -SLACK_SOC <= slot.soc <= 1.0 + SLACK_SOC:
            raise PlanUnsound(f"the plan charges to {slot.soc:.0%} at {slot.ends_at:%H:%M} UTC")
        if not -SLACK_W <= slot.rig_w <= highest_w + SLACK_W:
            raise PlanUnsound(
                f"the plan wants {say_power(slot.rig_w)} of a rig "
                f"that takes {say_power(highest_w)} at most"
            )
        if abs(_imbalance_w(slot)) > SLACK_W:
            raise PlanUnsound(
                f"the plan for {slot.starts_at:%H:%M} UTC is off by {say_power(_imbalance_w(slot))}"
            )


def check_worth(course: Course, case: PlanCase, wishes: Sequence[Wish]) -> None:
    """Raise PlanUnsound where the rig had better idle beside its jobs than follow the wishes."""
    rests = idle_wish(case)
    beside = [
        # What the owner wants in any case is no choice of the plan.
        one
        if case.wants_power(index)
        else replace(rests, jobs_w=one.jobs_w, job_cards=one.job_cards)
        for index, one in enumerate(wishes)
    ]
    idle = live(case, beside)
    if course.value < idle.value - WORSE_THAN_IDLE:
        raise PlanUnsound(
            f"the plan would lose {idle.value - course.value:.2f} against a rig that only idles"
        )


def better(plan: Plan, course: Course, case: PlanCase) -> Plan:
    """Return the plan in force if it is young and, lived through now, does better; else `plan`."""
    previous = case.request.previous
    if previous is None or not _is_young(previous, plan) or _jobs(previous) != _jobs(plan):
        return plan
    lived = live(case, _wishes(previous, case))
    gain = (lived.value - _lacks(lived, case)) - (course.value - _lacks(course, case))
    return previous if gain > KEEP_GAIN else plan


def _lacks(course: Course, case: PlanCase) -> float:
    """Return what a course lacks where the battery should be full, in money."""
    battery = case.request.battery
    if battery is None:
        return 0.0
    gaps = sum(1.0 - course.steps[index].soc for index in case.full_steps)
    return gaps * battery.capacity_wh / 1000.0 * case.full_kwh_worth


def _jobs(plan: Plan) -> frozenset[str]:
    """Return the jobs that a plan runs: plans with different jobs cannot be compared by money."""
    return frozenset(window.job_id for window in plan.jobs)


def _is_young(previous: Plan, plan: Plan) -> bool:
    return 0.0 <= (plan.made_at - previous.made_at).total_seconds() < KEEP_FOR_S


def _wishes(plan: Plan, case: PlanCase) -> list[Wish]:
    """Return what a plan wants in each step of the case, within what the rig can do today."""
    idle = idle_wish(case)
    highest_w = 1000.0 * case.fleet.most_kw
    wishes = []
    for step in case.steps:
        slot = plan.slot_at(step.starts_at + (step.ends_at - step.starts_at) / 2)
        if slot is None:
            wishes.append(idle)
        else:
            rig_w = max(idle.rig_w, min(slot.rig_w, highest_w))
            wishes.append(Wish(rig_w=rig_w, cards_on=slot.cards_on, jobs_w=slot.jobs_w))
    return wishes


def _figures(slot: PlanSlot) -> tuple[float, ...]:
    flows = (slot.pv_w, slot.house_w, slot.rig_w, slot.battery_w, slot.grid_w)
    rest = (slot.throttled_w, slot.unserved_w, slot.soc, slot.water_value_per_kwh)
    return flows + rest


def _imbalance_w(slot: PlanSlot) -> float:
    """Return what feeds the site less what it takes; 0 in every plan that can be lived."""
    fed_w = slot.pv_w - slot.throttled_w + slot.battery_w + slot.grid_w + slot.unserved_w
    return fed_w - slot.house_w - slot.rig_w - slot.jobs_w

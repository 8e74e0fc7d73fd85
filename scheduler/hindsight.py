"""A day that is over, lived again: what it was worth, and what the best plan would have made of it.

Hindsight is the planner itself with the day's own sun and house for a forecast. The battery serves
itself there too, so what hindsight reaches could have been reached.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from statistics import fmean

from scheduler.case import PlanCase, make_case
from scheduler.planner import make_plan
from scheduler.steps import Step
from solard.core.day_replay import DayCourse, DayStep
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.plan import Plan
from solard.core.planning import PlanRequest
from solard.core.site_slot import SLOT_S, SiteSlot
from solard.core.units import SECONDS_PER_HOUR

QUARTER = timedelta(seconds=SLOT_S)
LEAST_GOOD_S = SLOT_S / 2.0
"""A quarter hour of which less is known says nothing."""


def is_known(slot: SiteSlot) -> bool:
    """Say whether enough of a quarter hour is known to tell of it."""
    figures = (slot.pv_wh, slot.house_wh, slot.rig_wh)
    return slot.good_s >= LEAST_GOOD_S and None not in figures


def day_forecast(slots: Sequence[SiteSlot], begins_at: datetime, ends_at: datetime) -> Forecast:
    """Return the day as a forecast that was right; a gap has no sun and the usual house."""
    known = {slot.starts_at: slot for slot in slots if is_known(slot)}
    usual_w = fmean(_watts(one, one.house_wh) or 0.0 for one in known.values()) if known else 0.0
    found = []
    moment = begins_at
    while moment < ends_at:
        slot = known.get(moment)
        pv_w = 0.0 if slot is None else _watts(slot, slot.pv_wh) or 0.0
        house_w = usual_w if slot is None else _watts(slot, slot.house_wh) or 0.0
        found.append(
            ForecastSlot(
                starts_at=moment,
                ends_at=moment + QUARTER,
                pv_w=pv_w,
                pv_low_w=pv_w,
                pv_high_w=pv_w,
                house_w=house_w,
            )
        )
        moment += QUARTER
    return Forecast(issued_at=begins_at, source="as it was", slots=tuple(found))


def replay_day(
    request: PlanRequest,
    slots: Sequence[SiteSlot],
    socs: Callable[[datetime], float | None],
    planned: Plan | None,
) -> tuple[DayCourse, ...]:
    """Return the day as it was, as planned, and with hindsight.

    Args:
        request: What hindsight plans with; its forecast is the day as it was.
        slots: What the site did.
        socs: The charge at a moment, as far as it is known.
        planned: The plan that was in force when the day began.
    """
    case = make_case(request)
    lived = tuple(_lived(step, slots, socs) for step in case.steps)
    courses = [_course("as it was", lived, case)]
    if planned is not None:
        courses.append(_course("as planned", _of_plan(planned, case.steps), case))
    bound = make_plan(request)
    return (*courses, _course("with hindsight", _of_plan(bound, case.steps), case))


def _lived(
    step: Step, slots: Sequence[SiteSlot], socs: Callable[[datetime], float | None]
) -> DayStep:
    inside = [one for one in slots if step.starts_at <= one.starts_at < step.ends_at]
    known = [one for one in inside if is_known(one)]

    def mean(wh: Callable[[SiteSlot], float | None]) -> float | None:
        found = [power for one in known if (power := _watts(one, wh(one))) is not None]
        return fmean(found) if found else None

    return DayStep(
        starts_at=step.starts_at,
        ends_at=step.ends_at,
        pv_w=mean(lambda one: one.pv_wh),
        house_w=mean(lambda one: one.house_wh),
        rig_w=mean(lambda one: one.rig_wh),
        grid_w=mean(lambda one: _net(one.grid_in_wh, one.grid_out_wh)),
        battery_w=mean(lambda one: _net(one.battery_out_wh, one.battery_in_wh)),
        soc=socs(step.ends_at),
    )


def _of_plan(plan: Plan, steps: Sequence[Step]) -> tuple[DayStep, ...]:
    found = []
    for step in steps:
        slot = plan.slot_at(step.starts_at + (step.ends_at - step.starts_at) / 2)
        found.append(
            DayStep(
                starts_at=step.starts_at,
                ends_at=step.ends_at,
                pv_w=None if slot is None else slot.pv_w - slot.throttled_w,
                house_w=None if slot is None else slot.house_w,
                rig_w=None if slot is None else slot.rig_w + slot.jobs_w,
                grid_w=None if slot is None else slot.grid_w,
                battery_w=None if slot is None else slot.battery_w,
                soc=None if slot is None else slot.soc,
            )
        )
    return tuple(found)


def _course(name: str, steps: tuple[DayStep, ...], case: PlanCase) -> DayCourse:
    def kwh(power: Callable[[DayStep], float | None]) -> float:
        return sum((power(one) or 0.0) * _hours(one) for one in steps) / 1000.0

    return DayCourse(
        name=name,
        steps=steps,
        sun_kwh=kwh(lambda one: one.pv_w),
        house_kwh=kwh(lambda one: one.house_w),
        rig_kwh=kwh(lambda one: one.rig_w),
        import_kwh=kwh(lambda one: max(0.0, one.grid_w or 0.0)),
        export_kwh=kwh(lambda one: max(0.0, -(one.grid_w or 0.0))),
        end_soc=None if case.request.battery is None else _end_soc(steps),
        value=_value(steps, case),
    )


def _value(steps: tuple[DayStep, ...], case: PlanCase) -> float:
    """Return work and export less import and wear, and what the battery gained or lost."""
    battery, value = case.request.battery, 0.0
    for index, one in enumerate(steps):
        per_h = 0.0 if one.rig_w is None else _work_per_h(case, one.rig_w)
        grid_kw = (one.grid_w or 0.0) / 1000.0
        per_h -= max(0.0, grid_kw) * case.import_per_kwh[index]
        per_h += max(0.0, -grid_kw) * case.export_per_kwh[index]
        if battery is not None:
            per_h -= abs(one.battery_w or 0.0) / 1000.0 * battery.wear_per_kwh / 2.0
        value += per_h * _hours(one)
    end = _end_soc(steps)
    if battery is not None and end is not None:
        value += (end - case.soc) * battery.capacity_wh / 1000.0 * case.end_per_kwh
    return value


def _end_soc(steps: tuple[DayStep, ...]) -> float | None:
    return next((one.soc for one in reversed(steps) if one.soc is not None), None)


def _work_per_h(case: PlanCase, rig_w: float) -> float:
    """Return what a rig can make of a power at best."""
    fitting = [level for level in case.fleet.levels if level.least_w <= rig_w + 1.0]
    return max((level.value_per_h(rig_w) for level in fitting), default=0.0)


def _hours(step: DayStep) -> float:
    return (step.ends_at - step.starts_at).total_seconds() / SECONDS_PER_HOUR


def _watts(slot: SiteSlot, energy_wh: float | None) -> float | None:
    """Return the mean power over the seconds that are known."""
    if energy_wh is None or slot.good_s <= 0.0:
        return None
    return energy_wh / slot.good_s * SECONDS_PER_HOUR


def _net(first_wh: float | None, second_wh: float | None) -> float | None:
    if first_wh is None and second_wh is None:
        return None
    return (first_wh or 0.0) - (second_wh or 0.0)

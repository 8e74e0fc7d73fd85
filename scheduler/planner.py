"""The plan: which cards when, where jobs go, and what stored energy is worth, for two days."""

import time
from datetime import timedelta

from scheduler.backward import Search, make_search
from scheduler.case import make_case
from scheduler.course import Lived, Wish, live
from scheduler.dynamics import Array
from scheduler.gate import better, check_plan, check_worth
from scheduler.naps import find_naps, with_naps
from scheduler.placing import Placed, place_jobs
from scheduler.steps import Step
from solard.core.errors import SolardError
from solard.core.future import Future, FutureSlot
from solard.core.plan import PLAN_EXPIRES_S, Plan, PlanSlot
from solard.core.planning import PlanRequest
from solard.core.units import clamp

FUTURE_REACHES = timedelta(seconds=PLAN_EXPIRES_S + 900.0)
MONEY_DIGITS = 7


class NothingToPlan(SolardError):
    """The forecast holds no slot."""


def make_plan(request: PlanRequest) -> Plan:
    """Return the plan to follow; raise SolardError where none is sound.

    The search decides cards, jobs and what stored energy is worth; what the slots expect comes of
    living through them with the tick's own lines and a battery that serves itself. The plan in
    force stays while it is young and does better.
    """
    case = make_case(request)
    if not case.steps:
        raise NothingToPlan("the forecast holds no slot: nothing to plan with")
    started_s = time.perf_counter()
    search = make_search(case)
    placed = place_jobs(search)
    if naps := find_naps(search, placed):
        case = with_naps(case, naps)
        search = make_search(case)
        placed = place_jobs(search)
    wishes = _wishes(placed)
    course = live(case, wishes)
    plan = Plan(
        made_at=request.forecast.issued_at,
        solve_s=time.perf_counter() - started_s,
        gap=abs(placed.path.total + case.end_worth(placed.path.stored_kwh[-1]) - course.value),
        slots=tuple(
            _slot(index, step, lived, search, placed)
            for index, (step, lived) in enumerate(zip(case.steps, course.steps, strict=True))
        ),
        jobs=placed.windows,
        future=_future(search, placed.worths),
    )
    check_plan(plan, case)
    check_worth(course, case, wishes)
    return better(plan, course, case)


def _wishes(placed: Placed) -> list[Wish]:
    path, loads = placed.path, placed.loads
    return [
        Wish(
            rig_w=1000.0 * power,
            cards_on=cards,
            jobs_w=1000.0 * float(job_kw),
            job_cards=float(job_cards),
        )
        for power, cards, job_kw, job_cards in zip(
            path.powers_kw, path.cards, loads.powers_kw, loads.cards, strict=True
        )
    ]


def _slot(index: int, step: Step, lived: Lived, search: Search, placed: Placed) -> PlanSlot:
    asleep_w = search.case.asleep_w(index)
    return PlanSlot(
        starts_at=step.starts_at,
        ends_at=step.ends_at,
        pv_w=step.pv_w,
        house_w=step.house_w + asleep_w,
        rig_w=lived.rig_w - asleep_w,
        battery_w=lived.battery_w,
        grid_w=lived.grid_w,
        throttled_w=lived.throttled_w,
        soc=lived.soc,
        water_value_per_kwh=_water_value(search, placed.worths[index + 1], lived),
        cards_on=lived.cards_on,
        jobs_w=lived.jobs_w,
        import_per_kwh=search.case.import_per_kwh[index] if search.case.has_prices else None,
        asleep=asleep_w > 0.0 and lived.jobs_w <= 0.0,
        unserved_w=lived.unserved_w,
    )


def _water_value(search: Search, worths: Array, lived: Lived) -> float:
    """Return the slope of the worths at the charge that the slot ends with.

    At most what a stored kWh can save: below a line of the battery a little more charge can be
    worth a step, which is no price.
    """
    charges, case = search.charges_kwh, search.case
    if charges.size < 2:
        return 0.0
    gap = charges[1] - charges[0]
    place = (lived.soc * search.site.full_kwh - charges[0]) / gap - 0.5
    low = int(clamp(round(place), 0, charges.size - 2))
    row = worths[min(lived.cards_on, worths.shape[0] - 1)]
    battery = case.request.battery
    feeds_work = battery is not None and battery.work_above_soc is not None
    dearest = max(case.dearest_per_kwh, case.fleet.best_per_kwh if feeds_work else 0.0)
    if case.full_steps:
        dearest = max(dearest, case.full_kwh_worth)
    return clamp(float(row[low + 1] - row[low]) / gap, 0.0, dearest)


def _future(search: Search, worths: Array) -> Future:
    """Return the worths of the next hours as a value for the tick."""
    case, full = search.case, search.site.full_kwh
    starts = [one.starts_at for one in case.steps] + [case.steps[-1].ends_at]
    until = starts[0] + FUTURE_REACHES
    return Future(
        capacity_wh=1000.0 * full,
        start_cost=case.fleet.start_cost,
        grid_soc=tuple(float(one) / full for one in search.charges_kwh) if full > 0.0 else (0.0,),
        slots=tuple(
            FutureSlot(
                at=at,
                worths=tuple(
                    tuple(round(float(one), MONEY_DIGITS) for one in row) for row in worths[index]
                ),
            )
            for index, at in enumerate(starts)
            if at <= until
        ),
    )

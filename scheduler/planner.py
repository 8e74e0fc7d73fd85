"""The plan: which cards when, and what stored energy is worth, for the next two days."""

import time
from dataclasses import dataclass

from scheduler.case import PlanCase, make_case
from scheduler.course import Course, Lived, Wish, live
from scheduler.gate import better, check_plan, check_worth
from scheduler.model import solve
from scheduler.program import Solution
from scheduler.steps import Step
from scheduler.writer import PlanWriter, StepColumns
from solard.core.errors import SolardError
from solard.core.plan import Plan, PlanSlot
from solard.core.planning import PlanRequest
from solard.core.units import clamp


class NothingToPlan(SolardError):
    """The forecast holds no slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What the solver found, and what comes of it."""

    columns: tuple[StepColumns, ...]
    solution: Solution
    wishes: tuple[Wish, ...]
    course: Course

    @property
    def held_back(self) -> frozenset[int]:
        """Return the steps in which the battery's lines leave the rig less than it wishes."""
        pairs = zip(self.wishes, self.course.steps, strict=True)
        return frozenset(
            index for index, (wish, lived) in enumerate(pairs) if lived.rig_w < wish.rig_w - 1.0
        )


def make_plan(request: PlanRequest) -> Plan:
    """Return the plan to follow; raise SolardError where none is sound.

    The solver decides prices and wishes; what the slots expect comes of living through them with
    the tick's own lines and a battery that serves itself. The plan in force stays while it is young
    and does better.
    """
    case = make_case(request)
    if not case.steps:
        raise NothingToPlan("the forecast holds no slot: nothing to plan with")
    started_s = time.perf_counter()
    draft = _best_draft(case)
    plan = Plan(
        made_at=request.forecast.issued_at,
        solve_s=time.perf_counter() - started_s,
        gap=draft.solution.gap,
        slots=_slots(case, draft),
    )
    check_plan(plan, case)
    check_worth(draft.course, case)
    return better(plan, draft.course, case)


def _best_draft(case: PlanCase) -> _Draft:
    """Return the first draft, or a second one that knows where the first was held back."""
    first = _draft(case)
    if not first.held_back:
        return first
    second = _draft(case, first.held_back)
    return max(first, second, key=lambda draft: draft.course.value)


def _draft(case: PlanCase, barred: frozenset[int] = frozenset()) -> _Draft:
    writer = PlanWriter(case, barred)
    columns = writer.write()
    solution = solve(writer.program)
    wishes = tuple(_wish(case, one, solution) for one in columns)
    return _Draft(columns=columns, solution=solution, wishes=wishes, course=live(case, wishes))


def _wish(case: PlanCase, columns: StepColumns, solution: Solution) -> Wish:
    work_kw = sum(solution.values[term.column] * term.factor for term in columns.power)
    cards = sum(solution.values[one.cards] for one in columns.classes)
    return Wish(rig_w=1000.0 * (case.fleet.idle_kw + max(0.0, work_kw)), cards_on=round(cards))


def _slots(case: PlanCase, draft: _Draft) -> tuple[PlanSlot, ...]:
    return tuple(
        _slot(step, lived, _water_value(case, one, draft.solution))
        for step, lived, one in zip(case.steps, draft.course.steps, draft.columns, strict=True)
    )


def _slot(step: Step, lived: Lived, water_value: float) -> PlanSlot:
    return PlanSlot(
        starts_at=step.starts_at,
        ends_at=step.ends_at,
        pv_w=step.pv_w,
        house_w=step.house_w,
        rig_w=lived.rig_w,
        battery_w=lived.battery_w,
        grid_w=lived.grid_w,
        throttled_w=lived.throttled_w,
        soc=lived.soc,
        water_value_per_kwh=water_value,
        cards_on=lived.cards_on,
        unserved_w=lived.unserved_w,
    )


def _water_value(case: PlanCase, columns: StepColumns, solution: Solution) -> float:
    """Return the price of stored energy, at most what a stored kWh can save.

    In the last step it is what is left that counts, which may be more than it can save.
    """
    if columns.stored is None:
        return 0.0
    return clamp(solution.duals[columns.stored.row], 0.0, case.dearest_per_kwh)

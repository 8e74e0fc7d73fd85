"""The plan: which cards when, and what stored energy is worth, for the next two days."""

import time
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from scheduler.gate import check_plan
from scheduler.model import solve
from scheduler.program import Program, Solution
from scheduler.steps import Step, make_steps
from solard.core.curves import CurvePoint, prior_curve, upper_hull
from solard.core.plan import Plan, PlanSlot
from solard.core.planning import PlanRequest
from solard.core.rig import GpuCard
from solard.core.worth import NOMINAL_PER_KWH, worth_per_work

WHOLE_FOR_H = 6.0
"""Cards are counted in whole numbers this far ahead, in fractions later."""
UNSERVED_PER_KWH = 10.0
"""Price of energy that nothing can give: high, so that it is the last resort, never infeasible."""
RESERVE_PER_KWH = 1.0
"""Price of an hour with a kWh missing from the reserve."""
UNKNOWN_IMPORT_PER_KWH = 0.30
"""Where the house's import has no stated price: high enough that no work is planned on it."""
END_SHARE = 0.7
"""Of the value of work: what a kWh left at the end counts, so that the plan does not burn it."""
TINY = 1e-4
"""Per kWh: breaks ties towards using sun now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardClass:
    """Equal cards: one set of variables instead of one for each, and no symmetry to search."""

    count: int
    base_w: float
    """At the wall, one card at its lowest limit above parked."""
    base_work: float
    stretches: tuple[tuple[float, float], ...]
    """Width in wall W and work per hour and W, for one card, falling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """The variables of one step."""

    cards: tuple[int, ...]
    stretches: tuple[tuple[int, ...], ...]
    charge: int
    discharge: int
    stored: int
    bought: int
    sold: int
    throttled: int
    unserved: int
    stored_row: int


def make_plan(request: PlanRequest) -> Plan:
    """Return a plan, checked by a forward simulation; raise SolardError where none is sound."""
    steps = make_steps(request.forecast)
    classes = _classes(request)
    started = time.perf_counter()
    program = Program()
    columns = _write(program, request, steps, classes)
    solution = solve(program)
    solve_s = time.perf_counter() - started
    slots = tuple(
        _slot(request, step, one, classes, solution)
        for step, one in zip(steps, columns, strict=True)
    )
    plan = Plan(made_at=request.forecast.issued_at, solve_s=solve_s, gap=solution.gap, slots=slots)
    check_plan(plan, request)
    return plan


def work_worth(request: PlanRequest, classes: tuple[CardClass, ...]) -> float:
    """Return money per unit of work.

    Where no workload states it: the export that the work displaces, or off-grid, where nothing
    has a price, a nominal worth.
    """
    stated = worth_per_work(request.rig, request.workloads)
    if stated is not None:
        return stated
    best = _best_work_per_kwh(classes)
    if best <= 0.0:
        return 0.0
    export = request.tariff.export_per_kwh
    per_kwh = NOMINAL_PER_KWH if request.off_grid or export is None else export + 2 * TINY
    return per_kwh / best


def _best_work_per_kwh(classes: tuple[CardClass, ...]) -> float:
    return max((1000.0 * one.base_work / one.base_w for one in classes if one.base_w), default=0.0)


def _classes(request: PlanRequest) -> tuple[CardClass, ...]:
    groups: dict[tuple[object, ...], list[GpuCard]] = {}
    for card in request.rig.cards:
        curve = request.rig.curve(card.gpu_id)
        groups.setdefault((card.min_w, card.max_w, card.parked_w, curve), []).append(card)
    return tuple(_class(request, cards) for cards in groups.values())


def _class(request: PlanRequest, cards: list[GpuCard]) -> CardClass:
    """Return a class whose base is its most efficient point: below it, fewer cards do more."""
    rig, card = request.rig, cards[0]
    curve = rig.curve(card.gpu_id) or prior_curve(
        min_w=card.min_w, max_w=card.max_w, default_w=card.default_w
    )
    parked = CurvePoint(card.parked_w, 0.0)
    hull = upper_hull((parked, *curve.cut(card.min_w, card.max_w).points))
    base = hull[1] if len(hull) > 1 else hull[0]
    return CardClass(
        count=len(cards),
        base_w=(base.power_w - card.parked_w) / rig.psu_efficiency,
        base_work=base.work_rate,
        stretches=tuple(
            (
                (high.power_w - low.power_w) / rig.psu_efficiency,
                (high.work_rate - low.work_rate)
                / (high.power_w - low.power_w)
                * rig.psu_efficiency,
            )
            for low, high in pairwise(hull[1:])
        ),
    )


def _idle_w(request: PlanRequest) -> float:
    return request.rig.wall_w(sum(card.parked_w for card in request.rig.cards))


def _write(
    program: Program, request: PlanRequest, steps: tuple[Step, ...], classes: tuple[CardClass, ...]
) -> tuple[_Columns, ...]:
    """Write columns and rows of every step; all energies in kWh, powers in kW."""
    per_work = work_worth(request, classes)
    zone = ZoneInfo(request.timezone)
    columns: list[_Columns] = []
    ahead_h = 0.0
    for index, step in enumerate(steps):
        before = columns[-1] if columns else None
        whole = ahead_h < WHOLE_FOR_H
        is_last = index == len(steps) - 1
        minute = _minute(step.starts_at, zone)
        one = _write_step(program, request, step, classes, per_work, minute, whole, is_last, before)
        columns.append(one)
        ahead_h += step.hours
    return tuple(columns)


def _write_step(
    program: Program,
    request: PlanRequest,
    step: Step,
    classes: tuple[CardClass, ...],
    per_work: float,
    minute: int,
    whole: bool,
    is_last: bool,
    before: _Columns | None,
) -> _Columns:
    hours, battery = step.hours, request.battery
    cards, stretches = _write_cards(program, classes, hours, per_work, whole)
    _write_starts(program, request, cards, before)
    charge_kw = 0.0 if battery is None else battery.max_charge_w / 1000.0
    discharge_kw = 0.0 if battery is None else battery.max_discharge_w / 1000.0
    wear = 0.0 if battery is None else battery.wear_per_kwh / 2.0
    charge = program.column(-wear * hours, high=charge_kw)
    discharge = program.column(-wear * hours, high=discharge_kw)
    import_price = request.tariff.import_at(minute)
    bought_high = 0.0 if request.off_grid else float("inf")
    bought = program.column(
        -hours * (UNKNOWN_IMPORT_PER_KWH if import_price is None else import_price),
        high=bought_high,
    )
    export_kw = _export_kw(request)
    sold = program.column(hours * (request.tariff.export_per_kwh or 0.0), high=export_kw)
    throttled = program.column(-hours * TINY, high=max(0.0, step.pv_w / 1000.0))
    unserved = program.column(-hours * UNSERVED_PER_KWH)
    stored, stored_row = _write_battery(
        program, request, hours, per_work, classes, charge, discharge, is_last, before
    )
    taken = [(card, one.base_w / 1000.0) for card, one in zip(cards, classes, strict=True)]
    taken += [(column, 1.0) for group in stretches for column in group]
    net_kw = (step.house_w + _idle_w(request) - step.pv_w) / 1000.0
    program.row(
        [
            (bought, 1.0),
            (sold, -1.0),
            (discharge, 1.0),
            (charge, -1.0),
            (throttled, -1.0),
            (unserved, 1.0),
            *[(column, -factor) for column, factor in taken],
        ],
        low=net_kw,
        high=net_kw,
    )
    if not request.off_grid:
        _forbid_buying_for_work(program, request, taken, bought, step)
    return _Columns(
        cards=cards,
        stretches=stretches,
        charge=charge,
        discharge=discharge,
        stored=stored,
        bought=bought,
        sold=sold,
        throttled=throttled,
        unserved=unserved,
        stored_row=stored_row,
    )


def _write_cards(
    program: Program, classes: tuple[CardClass, ...], hours: float, per_work: float, whole: bool
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Write how many cards of each class work, and how far up their curves."""
    cards, stretches = [], []
    for one in classes:
        card = program.column(hours * per_work * one.base_work, high=float(one.count), whole=whole)
        columns = []
        for width_w, gain in one.stretches:
            column = program.column(hours * per_work * gain * 1000.0)
            program.row([(column, 1.0), (card, -width_w / 1000.0)], high=0.0)
            columns.append(column)
        cards.append(card)
        stretches.append(tuple(columns))
    return tuple(cards), tuple(stretches)


def _write_starts(
    program: Program, request: PlanRequest, cards: tuple[int, ...], before: _Columns | None
) -> None:
    """Charge for each card that wakes; the first step may have any number awake."""
    if before is None:
        return
    for now, then in zip(cards, before.cards, strict=True):
        woken = program.column(-request.start_cost)
        program.row([(woken, 1.0), (now, -1.0), (then, 1.0)], low=0.0)


def _write_battery(
    program: Program,
    request: PlanRequest,
    hours: float,
    per_work: float,
    classes: tuple[CardClass, ...],
    charge: int,
    discharge: int,
    is_last: bool,
    before: _Columns | None,
) -> tuple[int, int]:
    """Write the stored energy at the step's end, its reserve, and what is left at the end."""
    battery = request.battery
    if battery is None:
        stored = program.column(high=0.0)
        return stored, program.row([(stored, 1.0)], low=0.0, high=0.0)
    full_kwh = battery.capacity_wh / 1000.0
    end = END_SHARE * per_work * _best_work_per_kwh(classes) if is_last else 0.0
    stored = program.column(end, high=full_kwh)
    terms = [(stored, 1.0), (charge, -hours * battery.efficiency)]
    terms.append((discharge, hours / battery.efficiency))
    first_kwh = 0.0
    if before is None:
        soc = battery.reserve_soc if request.soc is None else request.soc
        first_kwh = soc * full_kwh
    else:
        terms.append((before.stored, -1.0))
    row = program.row(terms, low=first_kwh, high=first_kwh)
    missing = program.column(-hours * RESERVE_PER_KWH)
    program.row([(stored, 1.0), (missing, 1.0)], low=battery.reserve_soc * full_kwh)
    return stored, row


def _export_kw(request: PlanRequest) -> float:
    if request.off_grid:
        return 0.0
    capped = request.export_at_most_w
    return float("inf") if capped is None else capped / 1000.0


def _forbid_buying_for_work(
    program: Program,
    request: PlanRequest,
    taken: list[tuple[int, float]],
    bought: int,
    step: Step,
) -> None:
    """Keep import to what the house and the idle rig need, plus what work may import."""
    allowed_kw = 0.0 if request.import_at_most_w is None else request.import_at_most_w / 1000.0
    needed_kw = max(0.0, step.house_w + _idle_w(request) - step.pv_w) / 1000.0
    if taken:
        program.row([(bought, 1.0)], high=needed_kw + allowed_kw)


def _slot(
    request: PlanRequest,
    step: Step,
    one: _Columns,
    classes: tuple[CardClass, ...],
    solution: Solution,
) -> PlanSlot:
    value = solution.values
    rig_w = _idle_w(request)
    for card, stretches, kind in zip(one.cards, one.stretches, classes, strict=True):
        rig_w += value[card] * kind.base_w + 1000.0 * sum(value[column] for column in stretches)
    battery = request.battery
    full_kwh = 1.0 if battery is None else battery.capacity_wh / 1000.0
    return PlanSlot(
        starts_at=step.starts_at,
        ends_at=step.ends_at,
        pv_w=step.pv_w,
        house_w=step.house_w,
        rig_w=rig_w,
        battery_w=1000.0 * (value[one.discharge] - value[one.charge]),
        grid_w=1000.0 * (value[one.bought] - value[one.sold]),
        throttled_w=1000.0 * value[one.throttled],
        soc=value[one.stored] / full_kwh,
        water_value_per_kwh=0.0 if battery is None else max(0.0, solution.duals[one.stored_row]),
        cards_on=round(sum(value[card] for card in one.cards)),
    )


def _minute(moment: datetime, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    return local.hour * 60 + local.minute

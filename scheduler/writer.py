"""Write a plan as a linear program: powers in kW, energies in kWh, gains in money."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from scheduler.battery import serve
from scheduler.case import UNSERVED_PER_KWH, PlanCase
from scheduler.program import Program, Term
from scheduler.steps import Step
from solard.core.planning import BatterySpec

WHOLE_FOR_H = 6.0
"""Cards are counted in whole numbers this far ahead, in fractions later."""
TINY = 1e-4
"""Per kWh: breaks ties towards using sun now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardColumns:
    """How many cards of one class work, and how far up their curve."""

    cards: int
    stretches: tuple[int, ...]
    base_kw: float

    @property
    def power(self) -> tuple[Term, ...]:
        """Return their power above idle, in kW."""
        return (Term(self.cards, self.base_kw), *(Term(each, 1.0) for each in self.stretches))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The battery at the end of a step; `row` prices it."""

    kwh: int
    least_kwh: float
    """What it holds at least, whatever happens."""
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepColumns:
    """The variables of one step that others refer to."""

    classes: tuple[CardColumns, ...]
    stored: Stored | None
    """None without a battery."""

    @property
    def power(self) -> tuple[Term, ...]:
        """Return the power of all work, in kW."""
        return tuple(chain.from_iterable(one.power for one in self.classes))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One step among all, and the columns before it."""

    index: int
    step: Step
    ahead_h: float
    before: StepColumns | None

    @property
    def is_near(self) -> bool:
        """Say whether decisions are whole numbers."""
        return self.ahead_h < WHOLE_FOR_H


class PlanWriter:
    """Writes columns and rows of all steps, each with reference to the one before.

    The work line is written in fractions: whole numbers would make the solver ten times slower.
    Where a simulation shows that the battery feeds no work, name the steps in `barred`.
    """

    def __init__(self, case: PlanCase, barred: frozenset[int] = frozenset()) -> None:
        self.program = Program()
        self._case = case
        self._barred = barred
        self._alone = _battery_alone(case)

    def write(self) -> tuple[StepColumns, ...]:
        """Return the columns of every step."""
        written: list[StepColumns] = []
        ahead_h = 0.0
        for index, step in enumerate(self._case.steps):
            before = written[-1] if written else None
            place = _Place(index=index, step=step, ahead_h=ahead_h, before=before)
            written.append(self._step(place))
            ahead_h += step.hours
        return tuple(written)

    def _step(self, place: _Place) -> StepColumns:
        classes = self._cards(place)
        power = tuple(chain.from_iterable(one.power for one in classes))
        self._starts(place, classes)
        battery = self._case.request.battery
        flows = list(self._outside(place))
        stored = None
        if battery is not None:
            charge, discharge = self._battery_flows(place, battery, power)
            flows += [Term(discharge, 1.0), Term(charge, -1.0)]
            stored = self._stored(place, battery, charge, discharge)
            self._lines(place, battery, power, stored)
        self._balance(place, flows, power)
        return StepColumns(classes=classes, stored=stored)

    def _cards(self, place: _Place) -> tuple[CardColumns, ...]:
        """Write working cards; each lends its stretches, which earn ever less."""
        hours, written = place.step.hours, []
        for one in self._case.fleet.classes:
            cards = self.program.column(
                hours * one.base_value_per_h, high=float(one.count), whole=place.is_near
            )
            stretches = []
            for each in one.stretches:
                taken = self.program.column(hours * each.value_per_kwh)
                self.program.row([Term(taken, 1.0), Term(cards, -each.width_kw)], high=0.0)
                stretches.append(taken)
            written.append(
                CardColumns(cards=cards, stretches=tuple(stretches), base_kw=one.base_kw)
            )
        return tuple(written)

    def _starts(self, place: _Place, classes: tuple[CardColumns, ...]) -> None:
        """Charge for each card that wakes; those that work already are awake."""
        cost, awake = self._case.fleet.start_cost, self._case.request.cards_on
        if place.before is not None:
            for now, then in zip(classes, place.before.classes, strict=True):
                woken = self.program.column(-cost)
                terms = [Term(woken, 1.0), Term(now.cards, -1.0), Term(then.cards, 1.0)]
                self.program.row(terms, low=0.0)
        elif awake is not None:
            woken = self.program.column(-cost)
            terms = [Term(woken, 1.0), *(Term(now.cards, -1.0) for now in classes)]
            self.program.row(terms, low=-float(awake))

    def _outside(self, place: _Place) -> Iterable[Term]:
        """Write grid, throttled sun and unserved load; return them as they feed the site."""
        case, hours = self._case, place.step.hours
        surplus_kw = case.surplus_kw(place.step)
        price = case.import_per_kwh[place.index]
        bought = self.program.column(-hours * price, high=_most_bought_kw(case, surplus_kw))
        # Only sun is exported: no battery that serves itself feeds the grid.
        most_sold_kw = min(case.export_kw, max(0.0, surplus_kw))
        sold = self.program.column(hours * case.export_per_kwh, high=most_sold_kw)
        throttled = self.program.column(-hours * TINY, high=place.step.pv_w / 1000.0)
        dark_kw = max(0.0, -surplus_kw) if case.request.off_grid else 0.0
        unserved = self.program.column(-hours * UNSERVED_PER_KWH, high=dark_kw)
        return (Term(bought, 1.0), Term(sold, -1.0), Term(throttled, -1.0), Term(unserved, 1.0))

    def _battery_flows(
        self, place: _Place, battery: BatterySpec, power: tuple[Term, ...]
    ) -> tuple[int, int]:
        """Write charging, which takes only sun, and discharging, which serves only load."""
        wear = -place.step.hours * battery.wear_per_kwh / 2.0
        surplus_kw = self._case.surplus_kw(place.step)
        most_charge_kw = min(battery.max_charge_w / 1000.0, max(0.0, surplus_kw))
        charge = self.program.column(wear, high=most_charge_kw)
        discharge = self.program.column(wear, high=battery.max_discharge_w / 1000.0)
        fed = [] if battery.work_above_soc is None else [_less(term) for term in power]
        self.program.row([Term(discharge, 1.0), *fed], high=max(0.0, -surplus_kw))
        return charge, discharge

    def _stored(self, place: _Place, battery: BatterySpec, charge: int, discharge: int) -> Stored:
        """Write the energy at the step's end; its row's dual is the water value."""
        case, hours = self._case, place.step.hours
        full_kwh = battery.capacity_wh / 1000.0
        is_last = place.index == len(case.steps) - 1
        least_kwh = min(case.soc, battery.min_soc) * full_kwh
        end = case.end_per_kwh if is_last else 0.0
        kwh = self.program.column(end, low=least_kwh, high=full_kwh)
        terms = [Term(kwh, 1.0), Term(charge, -hours * battery.efficiency)]
        terms.append(Term(discharge, hours / battery.efficiency))
        before = None if place.before is None else place.before.stored
        first_kwh = case.soc * full_kwh if before is None else 0.0
        if before is not None:
            terms.append(Term(before.kwh, -1.0))
        row = self.program.row(terms, low=first_kwh, high=first_kwh)
        return Stored(kwh=kwh, least_kwh=least_kwh, row=row)

    def _lines(
        self, place: _Place, battery: BatterySpec, power: tuple[Term, ...], stored: Stored
    ) -> None:
        """Leave work only what the battery does not take, unless it stands above the work line."""
        alone = self._alone[place.index]
        if battery.work_above_soc is None:
            self.program.row(power, high=alone.left_kw)
            return
        reaches_line = alone.may_feed_work and place.index not in self._barred
        above = self.program.column(high=1.0 if reaches_line else 0.0)
        terms = [*power, Term(above, -self._case.fleet.most_kw)]
        self.program.row(terms, high=alone.left_kw)
        self._stays_above(battery, above, stored)
        if place.before is not None and place.before.stored is not None:
            self._stays_above(battery, above, place.before.stored)

    def _stays_above(self, battery: BatterySpec, above: int, stored: Stored) -> None:
        """Tie `above` to the stored energy; in fractions it grows from empty to the line."""
        line_kwh = (battery.work_above_soc or 0.0) * battery.capacity_wh / 1000.0
        lift_kwh = max(0.0, line_kwh - stored.least_kwh)
        self.program.row([Term(stored.kwh, 1.0), Term(above, -lift_kwh)], low=stored.least_kwh)

    def _balance(self, place: _Place, flows: list[Term], power: tuple[Term, ...]) -> None:
        needed_kw = -self._case.surplus_kw(place.step)
        terms = [*flows, *(_less(term) for term in power)]
        self.program.row(terms, low=needed_kw, high=needed_kw)


def _less(term: Term) -> Term:
    return Term(term.column, -term.factor)


def _most_bought_kw(case: PlanCase, surplus_kw: float) -> float:
    """Return what house and idle rig need, or what the owner lets the site buy while it works.

    A battery serves any load before the grid does, so beside one nothing is bought for work.
    """
    request = case.request
    if request.off_grid:
        return 0.0
    needed_kw = max(0.0, -surplus_kw)
    if request.battery is not None or request.import_at_most_w is None:
        return needed_kw
    return max(needed_kw, request.import_at_most_w / 1000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alone:
    """The battery in one step if the rig only idled: work can only lower its charge."""

    left_kw: float
    """The sun that it leaves while it comes first."""
    may_feed_work: bool


def _battery_alone(case: PlanCase) -> tuple[_Alone, ...]:
    """Return every step beside an idle rig.

    A battery that never feeds work goes its own way, whatever the rig does: it leaves all once it
    is full. Below a work line a battery is not full and takes as much as it can.
    """
    battery, soc, alone = case.request.battery, case.soc, []
    if battery is None:
        return ()
    line = battery.work_above_soc
    for index, step in enumerate(case.steps):
        surplus_kw = case.surplus_kw(step)
        served = serve(battery, soc, 1000.0 * surplus_kw, step.hours)
        taken_w = served.charge_w if line is None else battery.max_charge_w
        stands_above = case.works_now if index == 0 else line is not None and served.soc >= line
        left_kw = max(0.0, surplus_kw - taken_w / 1000.0)
        alone.append(_Alone(left_kw=left_kw, may_feed_work=stands_above))
        soc = served.soc
    return tuple(alone)

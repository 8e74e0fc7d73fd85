"""Live through a plan as the tick and a battery that serves itself would: what really happens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

from scheduler.battery import Served, serve
from scheduler.case import UNSERVED_PER_KWH, PlanCase
from scheduler.steps import Step
from solard.core.units import clamp

PIECE_H = 0.25
"""Long steps are lived through in quarter hours: a line may be crossed inside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the rig would do in one step if nothing held it back."""

    rig_w: float
    cards_on: int
    jobs_w: float = 0.0
    """Beside the rig's own work; nothing holds it back."""
    job_cards: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What comes of one step: means in W with the signs of `PlanSlot`."""

    rig_w: float
    cards_on: int
    jobs_w: float
    battery_w: float
    grid_w: float
    throttled_w: float
    unserved_w: float
    soc: float
    """At its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A whole plan, lived through."""

    steps: tuple[Lived, ...]
    value: float
    """In money, what is left in the battery included."""


def live(case: PlanCase, wishes: Sequence[Wish]) -> Course:
    """Return what comes of the wishes, one for each step."""
    life = _Life(case)
    steps = tuple(
        life.step(index, step, wish)
        for index, (step, wish) in enumerate(zip(case.steps, wishes, strict=True))
    )
    return Course(steps=steps, value=life.value + life.stored_value)


def idle_wish(case: PlanCase) -> Wish:
    """Return the wish of a rig that only answers."""
    return Wish(rig_w=1000.0 * case.fleet.standby_kw, cards_on=case.fleet.standby_cards)


class _Life:
    """The battery, the lines and the money, quarter hour by quarter hour."""

    def __init__(self, case: PlanCase) -> None:
        self._case = case
        self._battery = case.request.battery
        self._soc = case.soc
        self._stands_by = False
        self._works = case.works_now
        self._cards_on = case.request.cards_on
        self.value = 0.0

    @property
    def stored_value(self) -> float:
        """Return what is left in the battery, in money."""
        if self._battery is None:
            return 0.0
        return self._case.end_worth(self._soc * self._battery.capacity_wh / 1000.0)

    def step(self, index: int, step: Step, wish: Wish) -> Lived:
        """Live through one step in pieces; return their means."""
        count = max(1, round(step.hours / PIECE_H))
        pieces = [self._piece(index, step, wish, step.hours / count) for _ in range(count)]
        return Lived(
            rig_w=sum(piece.rig_w for piece in pieces) / count,
            cards_on=ceil(sum(piece.cards_on for piece in pieces) / count),
            jobs_w=wish.jobs_w,
            battery_w=sum(piece.battery_w for piece in pieces) / count,
            grid_w=sum(piece.grid_w for piece in pieces) / count,
            throttled_w=sum(piece.throttled_w for piece in pieces) / count,
            unserved_w=sum(piece.unserved_w for piece in pieces) / count,
            soc=pieces[-1].soc,
        )

    def _piece(self, index: int, step: Step, wish: Wish, hours: float) -> Lived:
        self._pass_lines()
        wish = self._bounded(index, step, self._held_back(step, wish, hours), hours)
        surplus_w = step.pv_w - step.house_w - wish.rig_w - wish.jobs_w
        served = serve(self._battery, self._soc, surplus_w, hours)
        self._soc = served.soc
        lived = self._lived(wish, surplus_w, served)
        self.value += self._earned(index, wish, lived, served, hours)
        self._cards_on = lived.cards_on
        return lived

    def _pass_lines(self) -> None:
        """Switch at the lines as the tick does: back only a margin above them."""
        battery = self._battery
        if battery is None:
            return
        margin = battery.return_margin_soc
        back = battery.standby_soc + (margin if self._stands_by else 0.0)
        self._stands_by = self._soc < back - 1e-9
        if battery.work_above_soc is not None:
            line = battery.work_above_soc + (0.0 if self._works else margin)
            self._works = self._soc >= min(1.0, line) - 1e-9

    def _held_back(self, step: Step, wish: Wish, hours: float) -> Wish:
        """Return the wish as far as the battery's lines allow it."""
        battery = self._battery
        if battery is None:
            return wish
        sun_w = step.pv_w - step.house_w - wish.jobs_w
        if self._stands_by:
            return _fitted(self._case, wish, 0.0)
        if not self._works:
            taken = serve(battery, self._soc, sun_w - 1000.0 * self._case.fleet.idle_kw, hours)
            return _fitted(self._case, wish, sun_w - taken.charge_w)
        if self._soc < battery.reserve_soc - 1e-9:
            return _fitted(self._case, wish, sun_w)
        return wish

    def _bounded(self, index: int, step: Step, wish: Wish, hours: float) -> Wish:
        """Return the wish as far as the owner's rules allow it."""
        if self._case.limits is None:
            return wish
        leeway = self._case.limits.at(index, self._soc)
        sun_w = step.pv_w - step.house_w - wish.jobs_w
        gives_w = serve(self._battery, self._soc, -1e9, hours).discharge_w
        left_w = min(leeway.at_most_w - wish.jobs_w, sun_w + gives_w + leeway.import_at_most_w)
        if gives_w > leeway.battery_at_most_w:
            left_w = min(left_w, sun_w + leeway.battery_at_most_w)
        return _fitted(self._case, wish, left_w)

    def _lived(self, wish: Wish, surplus_w: float, served: Served) -> Lived:
        """Return where the power goes that the battery neither takes nor gives."""
        rest_w = surplus_w - served.charge_w + served.discharge_w
        sold_w = clamp(rest_w, 0.0, 1000.0 * self._case.export_kw)
        missing_w = max(0.0, -rest_w)
        bought_w = 0.0 if self._case.request.off_grid else missing_w
        return Lived(
            rig_w=wish.rig_w,
            cards_on=wish.cards_on,
            jobs_w=wish.jobs_w,
            battery_w=served.discharge_w - served.charge_w,
            grid_w=bought_w - sold_w,
            throttled_w=max(0.0, rest_w - sold_w),
            unserved_w=missing_w - bought_w,
            soc=served.soc,
        )

    def _earned(self, index: int, wish: Wish, lived: Lived, served: Served, hours: float) -> float:
        """Return work and export less import, wear, starts, outage and darkness."""
        case = self._case
        per_h = case.fleet.value_per_h(lived.cards_on, lived.rig_w)
        if lived.cards_on == 0 and wish.job_cards <= 0.0:
            per_h -= case.fleet.outage_per_h
        per_h -= max(0.0, lived.grid_w) / 1000.0 * case.import_per_kwh[index]
        per_h += max(0.0, -lived.grid_w) / 1000.0 * case.export_per_kwh[index]
        per_h -= lived.unserved_w / 1000.0 * UNSERVED_PER_KWH
        if self._battery is not None:
            through_kw = (served.charge_w + served.discharge_w) / 1000.0
            per_h -= through_kw * self._battery.wear_per_kwh / 2.0
        known_on = lived.cards_on if self._cards_on is None else self._cards_on
        woken = max(0, lived.cards_on - known_on)
        return per_h * hours - woken * case.fleet.start_cost


def _fitted(case: PlanCase, wish: Wish, left_w: float) -> Wish:
    """Return the wish cut down to the power that is left, and never below only answering."""
    if wish.rig_w <= left_w:
        return wish
    fleet = case.fleet
    cards = min(wish.cards_on, max(fleet.cards_within(left_w), fleet.standby_cards))
    level = fleet.levels[cards]
    return replace(wish, rig_w=clamp(left_w, level.least_w, level.most_w), cards_on=cards)

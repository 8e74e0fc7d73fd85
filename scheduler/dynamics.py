"""What one step brings, for many charges and powers at once: the arithmetic of the search.

Arrays in kW, kWh and money. A battery serves itself: it takes any surplus and gives to any load.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.case import UNSERVED_PER_KWH, PlanCase
from scheduler.fleet import Fleet
from solard.core.levels import Level

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
"""Indices and whole numbers."""
GRID_POINTS = 41
NEVER = -1e12
"""Worth of what a line forbids; larger than any money, small enough to be added up."""
SLACK = 1e-9
BREACH_PER_KWH = 0.25
"""Of what the battery gives to jobs below the reserve: soft, so that there is always a plan, and
low: at 0.5 jobs were lost for an hour below the line, which cost France in May six points. From
0.1 to 0.25 captures did not fall, and less was taken below it on three of four sites."""
UNMET_PER_KWH = 10.0
"""Of what the owner wants the rig to take at least and a plan leaves out: soft, like all of it."""
TINY = 1e-7
"""Per kWh that is bought or sold: breaks ties towards selling rather than throttling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Every way to run the rig: a row for each count of cards, a column for each bend.

    Where cards are capped differently at different times, with an axis for the times before them.
    """

    powers_kw: Array
    values_per_h: Array
    slopes: Array
    """Earned by each further kWh between a bend and the next; 0 at the last."""
    most_cards: Rows
    """How many cards can work at all, for each time."""

    @property
    def levels(self) -> int:
        """Return how many counts of cards there are, none included."""
        return int(self.powers_kw.shape[-2])

    def at(self, times: Rows | int) -> "Options":
        """Return the options of some of the times."""
        return Options(
            powers_kw=self.powers_kw[times],
            values_per_h=self.values_per_h[times],
            slopes=self.slopes[times],
            most_cards=self.most_cards[times],
        )

    def filled(self, spare_kw: Array) -> tuple[Array, Array]:
        """Return powers and values with further columns: exactly these powers, where they fit.

        `spare_kw` has any shape S + (n,); the answer has shape S + (levels, bends + n).
        """
        shape = (*spare_kw.shape[:-1], *self.powers_kw.shape[-2:])
        spare = np.clip(spare_kw[..., None, :], self.powers_kw[..., :1], self.powers_kw[..., -1:])
        above = np.clip(
            spare[..., None] - self.powers_kw[..., None, :-1],
            0.0,
            np.diff(self.powers_kw)[..., None, :],
        )
        value = self.values_per_h[..., :1] + (above * self.slopes[..., None, :]).sum(axis=-1)
        powers = np.concatenate((np.broadcast_to(self.powers_kw, shape), spare), axis=-1)
        values = np.concatenate((np.broadcast_to(self.values_per_h, shape), value), axis=-1)
        return powers, values


def make_options(fleets: Sequence[Fleet]) -> Options:
    """Return fleets as arrays; shorter rows repeat their last bend, smaller fleets their last row.

    A single fleet has no axis of its own.
    """
    bends = max(2, *(len(level.powers_w) for fleet in fleets for level in fleet.levels), 2)
    levels = max(len(fleet.levels) for fleet in fleets)
    rows = [_repeated(fleet.levels, levels) for fleet in fleets]
    powers = np.array([[_padded(one.powers_w, bends) for one in row] for row in rows]) / 1000.0
    values = np.array([[_padded(one.values_per_h, bends) for one in row] for row in rows])
    widths = np.diff(powers)
    slopes = np.divide(np.diff(values), widths, out=np.zeros_like(widths), where=widths > 0.0)
    most_cards = np.array([len(fleet.levels) - 1 for fleet in fleets])
    all_times = Options(powers_kw=powers, values_per_h=values, slopes=slopes, most_cards=most_cards)
    return all_times.at(0) if len(fleets) == 1 else all_times


def _repeated(levels: tuple[Level, ...], length: int) -> tuple[Level, ...]:
    return levels + (levels[-1],) * (length - len(levels))


def _padded(row: tuple[float, ...], length: int) -> tuple[float, ...]:
    return row + (row[-1],) * (length - len(row))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Battery, grid and lines, in kW and kWh."""

    full_kwh: float
    least_kwh: float
    efficiency: float
    charge_kw: float
    discharge_kw: float
    wear_per_kwh: float
    standby_kwh: float
    reserve_kwh: float
    work_kwh: float
    """Below it the battery comes first; infinite where it never feeds work."""
    export_kw: float
    buys_kw: float
    """Import of the whole site while the rig works; 0 = nothing is bought for work."""
    off_grid: bool
    standby_kw: float
    fuse_kw: float
    """Of the rig's phase; infinite where no fuse is known."""
    phases: int

    def charges(self) -> Array:
        """Return the charges that are looked at."""
        if self.full_kwh <= 0.0:
            return np.zeros(1)
        return np.linspace(self.least_kwh, self.full_kwh, GRID_POINTS)


def make_site(case: PlanCase) -> Site:
    """Return what a case says of battery, grid and lines."""
    request, battery = case.request, case.request.battery
    capacity = 0.0 if battery is None else battery.capacity_wh / 1000.0
    line = 0.0
    if battery is not None:
        line = np.inf if battery.work_above_soc is None else battery.work_above_soc * capacity
    return Site(
        full_kwh=capacity,
        least_kwh=0.0 if battery is None else min(case.soc, battery.min_soc) * capacity,
        efficiency=1.0 if battery is None else battery.efficiency,
        charge_kw=0.0 if battery is None else battery.max_charge_w / 1000.0,
        discharge_kw=0.0 if battery is None else battery.max_discharge_w / 1000.0,
        wear_per_kwh=0.0 if battery is None else battery.wear_per_kwh,
        standby_kwh=0.0 if battery is None else battery.standby_soc * capacity,
        reserve_kwh=0.0 if battery is None else battery.reserve_soc * capacity,
        work_kwh=line,
        export_kw=case.export_kw,
        buys_kw=case.buys_w / 1000.0,
        off_grid=request.off_grid,
        standby_kw=case.fleet.standby_kw,
        fuse_kw=np.inf if request.fuse_w is None else request.fuse_w / 1000.0,
        phases=request.phases,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the owner's rules leave in a step: numbers, or arrays to be broadcast; kW."""

    most_kw: float | Array
    """Of rig and jobs."""
    least_kw: float | Array
    import_kw: float | Array
    battery_kw: float | Array

    def corners_kw(self, surplus_kw: Array, jobs_kw: float | Array) -> tuple[Array, ...]:
        """Return the powers of the rig at which a bound begins to hold."""
        return tuple(
            np.broadcast_to(one, surplus_kw.shape)
            for one in (
                self.most_kw - jobs_kw,
                self.least_kw - jobs_kw,
                surplus_kw + self.battery_kw,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds in a step whatever the sky does: numbers, or arrays to be broadcast."""

    hours: float | Array
    import_per_kwh: float | Array
    export_per_kwh: float | Array
    jobs_kw: float | Array = 0.0
    """Already taken off the surplus."""
    bounds: Bounds | None = None


def step(
    site: Site,
    terms: Terms,
    surplus_kw: Array,
    powers_kw: Array,
    values_per_h: Array,
    stored_kwh: Array,
) -> tuple[Array, Array]:
    """Return the money that a step earns and the energy stored after it, by broadcasting.

    `surplus_kw` is sun less house and jobs, `powers_kw` that of the whole rig, `stored_kwh` what
    the battery holds at the start. What a line of the battery forbids earns NEVER.
    """
    hours, eta = terms.hours, site.efficiency
    takes, gives = battery_room_kw(site, stored_kwh, hours)
    spare = surplus_kw - powers_kw
    taken = np.minimum(np.maximum(spare, -gives), takes)
    rest = spare - taken
    bought = np.minimum(rest, 0.0)
    sold = np.minimum(rest - bought, site.export_kw)
    price = UNSERVED_PER_KWH if site.off_grid else terms.import_per_kwh
    per_h = values_per_h + (price + TINY) * bought + (terms.export_per_kwh + TINY) * sold
    if site.wear_per_kwh > 0.0:
        per_h = per_h - site.wear_per_kwh / 2.0 * np.abs(taken)
    if np.any(terms.jobs_kw):
        breach = np.minimum(-taken, powers_kw + terms.jobs_kw - site.standby_kw)
        below = stored_kwh < site.reserve_kwh - SLACK
        per_h = per_h - BREACH_PER_KWH * np.where(below, np.maximum(breach, 0.0), 0.0)
    allowed = _allowed_kw(site, surplus_kw, stored_kwh, takes, gives)
    if terms.bounds is not None or site.fuse_kw < np.inf:
        allowed = np.minimum(allowed, _bounded_kw(site, terms, surplus_kw, gives))
    if terms.bounds is not None:
        least = np.minimum(terms.bounds.least_kw - terms.jobs_kw, allowed)
        per_h = per_h - UNMET_PER_KWH * np.maximum(least - powers_kw, 0.0)
    money = np.where(powers_kw > allowed + SLACK, NEVER, hours * per_h)
    given = np.minimum(taken, 0.0)
    after = stored_kwh + hours * (eta * (taken - given) + given / eta)
    return money, after


def battery_room_kw(site: Site, stored_kwh: Array, hours: float | Array) -> tuple[Array, Array]:
    """Return what the battery takes and gives at most over some hours."""
    eta = site.efficiency
    room = np.maximum(0.0, site.full_kwh - stored_kwh)
    above = np.maximum(0.0, stored_kwh - site.least_kwh)
    takes: Array = np.minimum(site.charge_kw, room / (eta * hours))
    gives: Array = np.minimum(site.discharge_kw, above * eta / hours)
    return takes, gives


def _allowed_kw(
    site: Site, surplus_kw: Array, stored_kwh: Array, takes: Array, gives: Array
) -> Array:
    """Return the most that the battery's lines and the owner's import leave to the rig."""
    most = surplus_kw + gives + site.buys_kw
    lines = ((site.reserve_kwh, surplus_kw), (site.work_kwh, surplus_kw - takes))
    for line_kwh, left_kw in (*lines, (site.standby_kwh, site.standby_kw)):
        if line_kwh > site.least_kwh:
            most = np.where(stored_kwh < line_kwh - SLACK, left_kw, most)
    return np.maximum(most, site.standby_kw)


def fused_kw(site: Site, surplus_kw: Array, gives: Array, jobs_kw: float | Array) -> Array:
    """Return what the fuse of the rig's phase leaves to it beside its jobs.

    Sun, house and battery spread over the phases; rig and jobs hang on one.
    """
    left: Array = site.fuse_kw + (surplus_kw + jobs_kw + gives) / site.phases - jobs_kw
    return left


def _bounded_kw(site: Site, terms: Terms, surplus_kw: Array, gives: Array) -> Array:
    """Return the most that fuse and owner's rules leave to the rig beside its jobs."""
    jobs = terms.jobs_kw
    most = fused_kw(site, surplus_kw, gives, jobs)
    if terms.bounds is not None:
        most = np.minimum(most, terms.bounds.most_kw - jobs)
        most = np.minimum(most, surplus_kw + gives + terms.bounds.import_kw)
        spared = surplus_kw + terms.bounds.battery_kw
        most = np.where(gives > terms.bounds.battery_kw, np.minimum(most, spared), most)
    return np.maximum(most, site.standby_kw)

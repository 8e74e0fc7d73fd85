"""A plan's question, digested: steps, prices, cards and what the sun leaves over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from zoneinfo import ZoneInfo

from scheduler.fleet import Fleet, make_fleet
from scheduler.limits import Limits, find_limits
from scheduler.steps import Step, make_steps
from solard.core.planning import PlanRequest
from solard.core.tariff import find_prices
from solard.core.units import clamp

UNKNOWN_IMPORT_PER_KWH = 0.30
"""Where import has no stated price: dear enough that the battery is kept for the house."""
UNSERVED_PER_KWH = 10.0
"""Of load that nothing can serve: the last resort, so that there is always a plan."""
FULL_LEAST_PER_KWH = 0.2
"""Where nothing earns more: as much as a kWh of import is worth."""
END_SHARE = 0.7
"""Of what a stored kWh can earn or save: what one that is left at the end counts."""
NEEDED_H = 48.0
"""For so long after the end a house is fed from what is left; more can only be worked with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCase:
    """All that the solver and the simulation know."""

    request: PlanRequest
    steps: tuple[Step, ...]
    fleet: Fleet
    import_per_kwh: tuple[float, ...]
    """By step; where it is unknown a high one."""
    export_per_kwh: tuple[float, ...]
    """By step; 0 where it is unknown."""
    naps: frozenset[int] = frozenset()
    """Steps that the machine sleeps through; their house is less by `nap_saves_w`."""
    nap_saves_w: float = 0.0
    limits: Limits | None = None
    """What policies, card limit and inverter leave; None = they leave everything."""

    @property
    def soc(self) -> float:
        """Return the state of charge to start from; an unknown one counts as the standby line."""
        battery = self.request.battery
        if battery is None:
            return 0.0
        soc = battery.standby_soc if self.request.soc is None else self.request.soc
        return clamp(soc, 0.0, 1.0)

    @property
    def export_kw(self) -> float:
        """Return the most that may be exported."""
        if self.request.off_grid:
            return 0.0
        capped_w = self.request.export_at_most_w
        return float("inf") if capped_w is None else capped_w / 1000.0

    @property
    def buys_w(self) -> float:
        """Return what may be bought for work; nothing where no price of import is known."""
        most_w = self.request.import_at_most_w
        return 0.0 if most_w is None or not self.has_prices else most_w

    @property
    def has_prices(self) -> bool:
        """Say whether import has a price here."""
        request, tariff = self.request, self.request.tariff
        stated = tariff.import_per_kwh is not None or bool(tariff.import_windows)
        known = stated or any(one.import_per_kwh is not None for one in request.prices)
        return known and not request.off_grid

    @property
    def dearest_per_kwh(self) -> float:
        """Return what a stored kWh can save at most: the dearest import, or a dark house."""
        if self.request.off_grid:
            return UNSERVED_PER_KWH
        return max(self.import_per_kwh, default=UNKNOWN_IMPORT_PER_KWH)

    @property
    def end_per_kwh(self) -> float:
        """Return what a kWh left at the end counts, so that the plan does not burn it."""
        saves = 0.0
        if not self.request.off_grid and self.import_per_kwh:
            saves = fmean(self.import_per_kwh)
        return END_SHARE * max(self.fleet.best_per_kwh, saves)

    def end_worth(self, stored_kwh: float) -> float:
        """Return what a charge at the end counts."""
        return self.end_worths((stored_kwh,))[0]

    def end_worths(self, charges_kwh: Iterable[float]) -> tuple[float, ...]:
        """Return what charges at the end count: of a huge battery not all can save import."""
        battery = self.request.battery
        least_kwh = 0.0 if battery is None else battery.min_soc * battery.capacity_wh / 1000.0
        saves_kwh = least_kwh + self._needed_kwh()
        saves, works = self.end_per_kwh, min(self.end_per_kwh, END_SHARE * self.fleet.best_per_kwh)
        return tuple(
            saves * min(one, saves_kwh) + works * max(0.0, one - saves_kwh) for one in charges_kwh
        )

    def _needed_kwh(self) -> float:
        """Return what the house will take from the battery after the end, as in the last day."""
        hours, lacks_kwh = 0.0, 0.0
        for step in reversed(self.steps):
            if hours >= 24.0:
                break
            hours += step.hours
            lacks_kwh += max(0.0, -self.surplus_kw(step)) * step.hours
        return NEEDED_H * lacks_kwh / hours if hours > 0.0 else 0.0

    @property
    def works_now(self) -> bool:
        """Say whether the battery may feed work at the start, as the tick would have it."""
        battery = self.request.battery
        if battery is None or battery.work_above_soc is None:
            return False
        margin = 0.0 if self.request.cards_on else battery.return_margin_soc
        return self.soc >= min(1.0, battery.work_above_soc + margin)

    @property
    def full_kwh_worth(self) -> float:
        """Return what a kWh less than full costs when it should be full: more than work earns."""
        return 2.0 * max(self.fleet.best_per_kwh, FULL_LEAST_PER_KWH)

    @property
    def full_steps(self) -> tuple[int, ...]:
        """Return the steps at whose ends the battery should be full."""
        if not self.request.full_by:
            return ()
        return tuple(
            index
            for index, step in enumerate(self.steps)
            if any(step.starts_at < moment <= step.ends_at for moment in self.request.full_by)
        )

    def asleep_w(self, index: int) -> float:
        """Return what sleep takes off the load of a step."""
        return self.nap_saves_w if index in self.naps else 0.0

    def wants_power(self, index: int) -> bool:
        """Say whether the owner's rules ask for power in a step, whatever it earns."""
        if self.limits is None:
            return False
        return any(one.at_least_w > 0.0 for one in self.limits.bands[index])

    def surplus_kw(self, step: Step) -> float:
        """Return the sun that house and idle rig leave over; negative when they need more."""
        return (step.pv_w - step.house_w) / 1000.0 - self.fleet.idle_kw


def make_case(request: PlanRequest) -> PlanCase:
    """Return the case of a request."""
    steps = make_steps(request.forecast)
    zone = ZoneInfo(request.timezone)
    return PlanCase(
        request=request,
        steps=steps,
        fleet=make_fleet(request),
        import_per_kwh=tuple(_import(request, step, zone) for step in steps),
        export_per_kwh=tuple(_export(request, step) for step in steps),
        limits=find_limits(request, steps),
    )


def _import(request: PlanRequest, step: Step, zone: ZoneInfo) -> float:
    """Return the mean over quarter hours: a window may start inside a long step."""
    prices = []
    for moment in step.quarters:
        known = find_prices(request.prices, moment)
        price = None if known is None else known.import_per_kwh
        if price is None:
            price = request.tariff.import_at(_local_minute(moment, zone))
        prices.append(UNKNOWN_IMPORT_PER_KWH if price is None else price)
    return fmean(prices)


def _export(request: PlanRequest, step: Step) -> float:
    prices = []
    for moment in step.quarters:
        known = find_prices(request.prices, moment)
        price = None if known is None else known.export_per_kwh
        prices.append(price if price is not None else request.tariff.export_per_kwh or 0.0)
    return fmean(prices)


def _local_minute(moment: datetime, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    return local.hour * 60 + local.minute

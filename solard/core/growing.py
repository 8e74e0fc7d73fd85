"""A minute and a quarter hour while they grow: sums over the time in which values were known."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from solard.core.history import EnergyRow, HistoryRows, Sample, SlotRow
from solard.core.ledger import SourceEnergy, split_by_source
from solard.core.rig import Rig
from solard.core.site_slot import SiteSlot
from solard.core.state import SiteState, Supply
from solard.core.tariff import Tariff
from solard.core.units import SECONDS_PER_HOUR, energy_wh
from solard.core.work_energy import idle_w

_MEANS = ("pv_w", "house_w", "rig_w", "grid_w", "battery_w", "generator_w", "soc")
_FLOWS = (
    "pv_wh",
    "house_wh",
    "rig_wh",
    "grid_in_wh",
    "grid_out_wh",
    "battery_in_wh",
    "battery_out_wh",
    "generator_wh",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What turns energy into idle energy and money."""

    rig: Rig = field(default_factory=lambda: Rig(host_w=0.0))
    tariff: Tariff = field(default_factory=Tariff)
    probing: bool = False
    """Whether the sun in use was found by the hidden-sun rule."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A quantity integrated over the time in which it was known."""

    total: float = 0.0
    """In the quantity's unit times seconds."""
    known_s: float = 0.0

    def plus(self, value: float | None, duration_s: float) -> "Sum":
        """Return the sum with `value` held for `duration_s`; unknown values add nothing."""
        if value is None:
            return self
        return Sum(self.total + value * duration_s, self.known_s + duration_s)

    @property
    def mean(self) -> float | None:
        """Return the mean over the known time, or None where there was none."""
        return self.total / self.known_s if self.known_s > 0 else None

    @property
    def energy_wh(self) -> float | None:
        """Return watts summed up as Wh, or None where they were never known."""
        return self.total / SECONDS_PER_HOUR if self.known_s > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMinute:
    """A minute that is still growing."""

    seq: int
    starts_at: datetime
    sums: tuple[Sum, ...] = (Sum(),) * len(_MEANS)
    good_s: float = 0.0

    def plus(self, state: SiteState, duration_s: float) -> "OpenMinute":
        """Return the minute with a state held for `duration_s`."""
        battery = state.battery
        values = (
            state.pv_w,
            state.house_w,
            state.rig_w,
            state.grid_w,
            battery.power_w if battery else None,
            state.generator_w,
            battery.soc if battery else None,
        )
        return replace(
            self,
            sums=_add(self.sums, values, duration_s),
            good_s=self.good_s + (duration_s if _is_good(state) else 0.0),
        )

    @property
    def row(self) -> Sample:
        """Return the minute as it stands."""
        means = {name: total.mean for name, total in zip(_MEANS, self.sums, strict=True)}
        return Sample(seq=self.seq, starts_at=self.starts_at, good_s=self.good_s, **means)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSlot:
    """A quarter hour that is still growing, with its ledger."""

    seq: int
    day: str
    starts_at: datetime
    sums: tuple[Sum, ...] = (Sum(),) * len(_FLOWS)
    throttled_s: float = 0.0
    good_s: float = 0.0
    sources: SourceEnergy = field(default_factory=SourceEnergy)
    idle_wh: float = 0.0
    cost: float | None = 0.0
    lost_feed_in: float | None = 0.0
    counted_s: float = 0.0

    def plus(self, state: SiteState, duration_s: float, terms: Terms) -> "OpenSlot":
        """Return the slot with a state held for `duration_s`."""
        flows = _count_flows(self, state, duration_s, terms)
        return _count_ledger(flows, state, duration_s, terms)

    @property
    def rows(self) -> HistoryRows:
        """Return the slot and its ledger as they stand."""
        flows = {name: total.energy_wh for name, total in zip(_FLOWS, self.sums, strict=True)}
        slot = SiteSlot(
            starts_at=self.starts_at, throttled_s=self.throttled_s, good_s=self.good_s, **flows
        )
        energy = EnergyRow(
            seq=self.seq,
            day=self.day,
            starts_at=self.starts_at,
            sources=self.sources,
            idle_wh=self.idle_wh,
            cost=self.cost,
            lost_feed_in=self.lost_feed_in,
            counted_s=self.counted_s,
        )
        return HistoryRows(
            slots=(SlotRow(seq=self.seq, day=self.day, slot=slot),), energy=(energy,)
        )


def _count_flows(slot: OpenSlot, state: SiteState, duration_s: float, terms: Terms) -> OpenSlot:
    battery_w = state.battery.power_w if state.battery else None
    values = (
        state.pv_w,
        state.house_w,
        state.rig_w,
        _positive(state.grid_w),
        _negative(state.grid_w),
        _negative(battery_w),
        _positive(battery_w),
        state.generator_w,
    )
    throttled = state.pv_throttled is True or terms.probing
    return replace(
        slot,
        sums=_add(slot.sums, values, duration_s),
        throttled_s=slot.throttled_s + (duration_s if throttled else 0.0),
        good_s=slot.good_s + (duration_s if _is_good(state) else 0.0),
    )


def _count_ledger(slot: OpenSlot, state: SiteState, duration_s: float, terms: Terms) -> OpenSlot:
    sources = split_by_source(state, duration_s, probing=terms.probing)
    if sources is None:
        return slot
    local = state.local_at
    bought = _money(sources.grid_wh, terms.tariff.import_at(local.hour * 60 + local.minute))
    can_export = state.supply is Supply.GRID
    given_up = _money(sources.sun_wh if can_export else 0.0, terms.tariff.export_per_kwh)
    return replace(
        slot,
        sources=slot.sources.plus(sources),
        idle_wh=slot.idle_wh + energy_wh(idle_w(state, terms.rig), duration_s),
        cost=_sum(slot.cost, bought),
        lost_feed_in=_sum(slot.lost_feed_in, given_up),
        counted_s=slot.counted_s + duration_s,
    )


def _is_good(state: SiteState) -> bool:
    """Say whether sun, house and rig are known from fresh data."""
    known = state.pv_w is not None and state.house_w is not None
    return known and not state.stale and not state.missing


def _add(
    sums: tuple[Sum, ...], values: tuple[float | None, ...], duration_s: float
) -> tuple[Sum, ...]:
    return tuple(one.plus(value, duration_s) for one, value in zip(sums, values, strict=True))


def _money(amount_wh: float, price_per_kwh: float | None) -> float | None:
    """Return a price for an energy; nothing costs nothing, whatever the price."""
    if amount_wh == 0.0:
        return 0.0
    return None if price_per_kwh is None else amount_wh / 1000.0 * price_per_kwh


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _positive(power_w: float | None) -> float | None:
    return None if power_w is None else max(0.0, power_w)


def _negative(power_w: float | None) -> float | None:
    return None if power_w is None else max(0.0, -power_w)

"""What energy costs and earns at a moment: fixed, by time of use, or by the hour of one day."""

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from solard.core.told import ToldPrice

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceWindow:
    """A price that holds from one minute of the local day to another; it may pass midnight."""

    from_minute: int
    to_minute: int
    price_per_kwh: float

    def holds_at(self, local_minute: int) -> bool:
        """Say whether a minute of the local day (0..1439) lies inside."""
        if self.from_minute <= self.to_minute:
            return self.from_minute <= local_minute < self.to_minute
        return local_minute >= self.from_minute or local_minute < self.to_minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Prices per kWh in one currency; None is an unknown price, never a free one."""

    currency: str | None = None
    import_per_kwh: float | None = None
    export_per_kwh: float | None = None
    import_windows: tuple[PriceWindow, ...] = ()
    """The first window that holds replaces `import_per_kwh`."""

    def import_at(self, local_minute: int) -> float | None:
        """Return the import price at a minute of the local day."""
        for window in self.import_windows:
            if window.holds_at(local_minute):
                return window.price_per_kwh
        return self.import_per_kwh


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSlot:
    """Prices that are known for a time; they stand before the tariff's."""

    starts_at: datetime
    ends_at: datetime
    import_per_kwh: float | None = None
    export_per_kwh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotTerms:
    """What a supplier makes of a price at the exchange."""

    add_per_kwh: float = 0.0
    """Grid, levies, margin: before tax."""
    vat_share: float = 0.0
    export_per_kwh: float | None = None
    """What export earns unless it is sold at the exchange."""
    sells_at_spot: bool = False
    none_when_negative: bool = False
    """Export earns nothing in hours whose price is below zero."""

    def slot(self, told: ToldPrice) -> PriceSlot:
        """Return the prices of a slot for this site."""
        spot = told.price_per_kwh
        earns = spot if self.sells_at_spot else self.export_per_kwh
        if self.none_when_negative and spot < 0.0 and earns is not None:
            earns = 0.0
        return PriceSlot(
            starts_at=told.starts_at,
            ends_at=told.ends_at,
            import_per_kwh=round((spot + self.add_per_kwh) * (1.0 + self.vat_share), 6),
            export_per_kwh=earns,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPrices:
    """Prices of the hour as far as they are known."""

    slots: tuple[PriceSlot, ...] = ()
    """In order of time, none over another."""
    asked_at: datetime | None = None
    problem: str | None = None
    """Why there are no newer ones, in one sentence."""


def expected_prices(slots: tuple[PriceSlot, ...], until: datetime) -> tuple[PriceSlot, ...]:
    """Return known prices, and after them what the same hours cost the day before.

    Exchanges publish tomorrow's prices early in the afternoon; a plan looks two days ahead.
    """
    if not slots:
        return ()
    found, ends_at = list(slots), slots[-1].ends_at
    for one in found:
        later = replace(one, starts_at=one.starts_at + ONE_DAY, ends_at=one.ends_at + ONE_DAY)
        if later.starts_at >= until:
            break
        if later.starts_at >= ends_at:
            found.append(later)
    return tuple(found)


def find_prices(slots: tuple[PriceSlot, ...], moment: datetime) -> PriceSlot | None:
    """Return the stated prices of a moment; `slots` are in order of time."""
    place = bisect_right(slots, moment, key=lambda slot: slot.starts_at) - 1
    if place < 0 or moment >= slots[place].ends_at:
        return None
    return slots[place]


def tariff_at(
    tariff: Tariff, slots: tuple[PriceSlot, ...], moment: datetime, local_minute: int
) -> Tariff:
    """Return the prices of one moment: those that are stated for it, else the tariff's."""
    known = find_prices(slots, moment)
    if known is None:
        return tariff
    bought, sold = known.import_per_kwh, known.export_per_kwh
    return Tariff(
        currency=tariff.currency,
        import_per_kwh=tariff.import_at(local_minute) if bought is None else bought,
        export_per_kwh=tariff.export_per_kwh if sold is None else sold,
    )

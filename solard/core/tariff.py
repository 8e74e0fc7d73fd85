"""What energy costs and earns at a moment: fixed, by time of use, or by the hour of one day."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime


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

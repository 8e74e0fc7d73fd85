"""What energy costs and earns at a moment: fixed or time-of-use prices."""

from dataclasses import dataclass


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

"""What the sun and the house are expected to do."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastSlot:
    """Mean powers over one slot."""

    starts_at: datetime
    ends_at: datetime
    pv_w: float
    """Median of what the panels could give, not held back."""
    pv_low_w: float
    """10 % quantile."""
    pv_high_w: float
    """90 % quantile; up to 1.3 of the clear sky that was learned: the site may not know it yet."""
    house_w: float
    """Load without this rig."""
    house_spread_w: float = 0.0
    """By how much a few hours of it may lie above or below on the mean: half of the way from P10 to
    P90; 0 = it is known."""
    told_w: float | None = None
    """What somebody else's forecast said, before it was corrected; None = it said nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A forecast as issued."""

    issued_at: datetime
    source: str
    """How it was made, in words for people: `Open-Meteo of 25 min ago × the site's own sky`."""
    slots: tuple[ForecastSlot, ...]
    problem: str | None = None
    """Why somebody else's word is missing or old, in one sentence; None = nothing is."""

    def slot_at(self, moment: datetime) -> ForecastSlot | None:
        """Return the slot that holds `moment`, or None outside the forecast."""
        return next((s for s in self.slots if s.starts_at <= moment < s.ends_at), None)

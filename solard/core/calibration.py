"""What a site's own history teaches its forecast: how bright clear is, how the sky usually is."""

from dataclasses import dataclass
from datetime import datetime
from math import floor

AZIMUTH_BIN_DEG = 5.0
"""The sun's direction stands for its position: one bin is about 20 minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadSpread:
    """How far the share of clear sky has strayed from what was expected, up to a lead."""

    until_h: float
    low: float
    """10 % quantile of the error, as a share of clear sky; ≤ 0."""
    high: float
    """90 % quantile; ≥ 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Learned from `site_15min`; throttled quarter hours have taught nothing."""

    made_at: datetime
    learned_slots: int
    """How many quarter hours of daylight stand behind it."""
    shape: tuple[float, ...]
    """Measured over modelled clear-sky power for each `AZIMUTH_BIN_DEG` of the sun's direction,
    north first: hills, chimneys and a roof that is turned otherwise than configured."""
    spreads: tuple[LeadSpread, ...]
    """By lead, nearest first."""
    house_w: tuple[float, ...]
    """Base load for each quarter hour of the local week, Monday 00:00 first; empty = unknown."""

    def shape_at(self, azimuth_deg: float) -> float:
        """Return the correction for a direction of the sun, linear between the bins' middles."""
        place = azimuth_deg / AZIMUTH_BIN_DEG - 0.5
        first = floor(place)
        low, high = (self.shape[index % len(self.shape)] for index in (first, first + 1))
        return low + (place - first) * (high - low)

    def spread_at(self, lead_h: float) -> LeadSpread:
        """Return the spread for a lead; the last one holds for all later ones."""
        return next((one for one in self.spreads if lead_h <= one.until_h), self.spreads[-1])

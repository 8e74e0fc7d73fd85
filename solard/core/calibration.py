"""What a site's own history teaches its forecast: one value, learned at night and stored."""

from dataclasses import dataclass
from datetime import datetime

Curve = tuple[float, ...]
"""A value for each quarter hour of the sun's own day, midnight first; 48 begins at its highest."""
Table = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far the sky has strayed from what was expected of it, as shares of a clear sky."""

    low: Table
    """10 % quantile of the error, ≤ 0: a row per band of leads and height of the sun, a column per
    expected share of clear sky."""
    high: Table
    """90 % quantile, ≥ 0, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Learned from `site_15min`; what the panels gave while they were held back taught nothing."""

    made_at: datetime
    panels: str
    """Of which panels, as configured; for others it does not hold."""
    learned_slots: int
    """How many quarter hours of daylight stand behind it."""
    clear: Curve
    """Measured over modelled clear-sky power: hills, chimneys, and a roof that is turned otherwise
    than configured."""
    usual: Curve
    """Share of that clear sky that there usually is: mornings of fog, afternoons of thunder."""
    gain: Curve
    """By what somebody else's forecast is multiplied to be right on the mean."""
    weights: Table
    """What the last hours and days say about the time to come: a row per lead, a column per
    feature."""
    issued_weights: Table
    """Likewise beside somebody else's forecast; empty where there was none."""
    spread: Spread
    issued_spread: Spread | None
    """Of the forecast that somebody else's goes into; None where there was none."""
    house_w: tuple[float, ...]
    """Base load for each quarter hour of the local week, Monday 00:00 first; empty = unknown."""
    house_spread_share: float | None = None
    """By which share of what is expected the load of a few hours strays; None = unknown."""
    guessed_peak_w: float | None = None
    """Where no panels were configured: what the history made of them."""

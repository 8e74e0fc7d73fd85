"""The share of a clear sky to expect: that of the last hours, fading into that of the last days."""

from datetime import datetime, timedelta
from math import exp

from scheduler.sky import PastSky
from solard.core.units import clamp

RECENT = timedelta(hours=2)
FADE_H = 5.0
"""How fast the sky of the last hours stops saying something about the sky to come."""
DAYS = 7
HALF_LIFE_DAYS = 3.0
"""Yesterday counts twice as much as three days before it."""
NO_HISTORY_SHARE = 0.7
"""Of a site that has seen no sky yet."""


def expect_share(past: PastSky, issued_at: datetime, lead_h: float) -> float:
    """Return the expected share of clear sky `lead_h` hours after `issued_at`, 0..1.

    Looks only at slots that start before `issued_at`.
    """
    usual = usual_share(past, issued_at)
    recent = past.share(issued_at - RECENT, issued_at)
    if recent is None:
        return usual
    weight = exp(-max(0.0, lead_h) / FADE_H)
    return clamp(weight * recent + (1.0 - weight) * usual, 0.0, 1.0)


def usual_share(past: PastSky, issued_at: datetime) -> float:
    """Return the mean share of the last days, the nearest ones counting most."""
    total = weights = 0.0
    for day in range(DAYS):
        before = issued_at - timedelta(days=day)
        share = past.share(before - timedelta(days=1), before)
        if share is not None:
            weight = 0.5 ** (day / HALF_LIFE_DAYS)
            total, weights = total + weight * share, weights + weight
    return total / weights if weights > 0.0 else NO_HISTORY_SHARE

"""The share of a clear sky to expect: that of now, fading into the last hours, then the last days.

The constants are the best of a dozen tried on seven measured stretches: France in four seasons, a
winter week, Sydney. The sky of the last 45 minutes lowers the error of the next hour by a tenth.
"""

from datetime import datetime, timedelta
from math import exp

from scheduler.sky import PastSky
from solard.core.units import clamp

NOW = timedelta(minutes=45)
NOW_FADES_H = 1.25
RECENT = timedelta(hours=2)
RECENT_FADES_H = 6.0
"""How fast the sky of the last hours stops saying something about the sky to come."""
DAYS = 14
HALF_LIFE_DAYS = 5.0
"""Yesterday counts twice as much as five days before it."""
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
    ahead_h = max(0.0, lead_h)
    now = past.share(issued_at - NOW, issued_at)
    near = recent if now is None else _mixed(now, recent, exp(-ahead_h / NOW_FADES_H))
    return clamp(_mixed(near, usual, exp(-ahead_h / RECENT_FADES_H)), 0.0, 1.0)


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


def _mixed(one: float, other: float, weight: float) -> float:
    return weight * one + (1.0 - weight) * other

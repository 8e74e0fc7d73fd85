"""The base load by weekday and quarter hour, from what the house has drawn without the rig."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from scheduler.sky import QUARTERS, Floats, Ints
from solard.core.site_slot import SLOT_S

WEEK = 7 * QUARTERS
NEIGHBOURS = 1
"""Quarter hours to each side that count as the same time of day: kettles are not punctual."""
WEEKDAY_TRUST = 5.0
"""So many measurements of one weekday's time count as much as the same time on all days."""
HALF_LIFE_DAYS = 30.0
UNKNOWN_W = 300.0
"""A house of which nothing is known yet."""
NOW = 4
"""Quarter hours that say how the house differs from its usual right now."""
NOW_PART = 0.5
NOW_FADES = 8.0
"""Quarter hours."""


def quarters_of_week(first_s: int, count: int, zone: ZoneInfo) -> Ints:
    """Return the quarter hour of the local week of Unix quarter hours; Monday 00:00 = 0."""
    starts_s = first_s + SLOT_S * np.arange(count)
    hours, inverse = np.unique(starts_s // 3600, return_inverse=True)
    offsets_s = np.array(
        [
            offset.total_seconds()
            for hour in hours
            if (offset := datetime.fromtimestamp(int(hour) * 3600, tz=zone).utcoffset()) is not None
        ]
    )
    local_s = starts_s + offsets_s[inverse]
    # 1970-01-01 was a Thursday.
    return np.asarray((local_s // SLOT_S + 3 * QUARTERS) % WEEK, dtype=np.int64)


def learn_house(house_w: Floats, week: Ints) -> tuple[float, ...]:
    """Return W for each quarter hour of the local week; empty where nothing was measured.

    Args:
        house_w: Of quarter hours in order, the last one the newest; NaN = unknown.
        week: Their quarter hours of the week.
    """
    known = np.isfinite(house_w)
    if not known.any():
        return ()
    age_days = (len(house_w) - np.arange(len(house_w)))[known] / QUARTERS
    recency = 0.5 ** (age_days / HALF_LIFE_DAYS)
    sums = _weekly(week[known], recency * house_w[known])
    counts = _weekly(week[known], recency)
    mean_w = float(sums.sum() / counts.sum())
    daily_sums = _near(sums.reshape(7, QUARTERS).sum(axis=0))
    daily_counts = _near(counts.reshape(7, QUARTERS).sum(axis=0))
    daily_w = np.where(daily_counts > 0.0, daily_sums / np.maximum(daily_counts, 1e-9), mean_w)
    weekly_w = (_near(sums) + WEEKDAY_TRUST * np.tile(daily_w, 7)) / (_near(counts) + WEEKDAY_TRUST)
    return tuple(float(each) for each in weekly_w)


def expect_house(profile: tuple[float, ...], recent_w: Floats, recent: Ints, week: Ints) -> Floats:
    """Return the expected load: the usual one, with the difference of the last hour fading.

    Args:
        profile: As learned.
        recent_w: Load of the last quarter hours, the newest last; NaN = unknown.
        recent: Their quarter hours of the week.
        week: Those of the time to come, the nearest first.
    """
    if not profile:
        known = recent_w[np.isfinite(recent_w)]
        return np.full(len(week), float(known.mean()) if len(known) else UNKNOWN_W)
    usual_w = np.array(profile)
    off_w = (recent_w - usual_w[recent])[-NOW:]
    known_off_w = off_w[np.isfinite(off_w)]
    off = NOW_PART * float(known_off_w.mean()) if len(known_off_w) else 0.0
    fading = np.exp(-np.arange(len(week)) / NOW_FADES)
    return np.maximum(usual_w[week] + off * fading, 0.0)


def _near(values: Floats) -> Floats:
    return np.asarray(
        sum(np.roll(values, step) for step in range(-NEIGHBOURS, NEIGHBOURS + 1)), dtype=np.float64
    )


def _weekly(week: Ints, values: Floats) -> Floats:
    return np.asarray(np.bincount(week, values, WEEK), dtype=np.float64)

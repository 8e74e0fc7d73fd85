"""The base load by weekday and quarter hour, from what the house has drawn without the rig."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from scheduler.sky import QUARTERS, Floats, Ints
from solard.core.site_slot import SLOT_S

WEEK = 7 * QUARTERS
NEIGHBOURS = 1
"""Quarter hours to each side that count as the same time of day: kettles are not punctual."""
HALF_LIFE_DAYS = 7.0
"""Of the usual day: heating comes and goes within weeks."""
WEEKDAY_HALF_LIFE_DAYS = 30.0
"""Of what a weekday has of its own."""
LEAST_TRUST, MOST_TRUST = 2.0, 80.0
"""So many measurements of one weekday's time count as much as the same time on all days: few in a
house whose weekdays differ more than its weeks do, many in one that is different every day."""
UNKNOWN_W = 300.0
"""A house of which nothing is known yet."""
RECENT = 3 * QUARTERS
"""Quarter hours that say by how much the house differs from its usual."""
NOW = 2
"""The last of them: what is switched on stays on for a while."""
NOW_PART = 0.9
NOW_FADES = 6.0
"""Quarter hours."""
DAYS_PART = 0.25
"""Of the difference of all of them: holidays, guests, a cold spell."""
YESTERDAY_PART = 0.25
"""Of the difference at the same time of the last day."""
AROUND = 2
"""Quarter hours to each side that are the same time of yesterday."""

SPAN = 24
"""Quarter hours over whose energy a house is compared with what was expected: less than that a
battery evens out."""
SPREAD_DAYS = 30
UNKNOWN_SPREAD = 0.4
"""Of a house of which nothing is known yet, and for so many days' worth of it:"""
SPREAD_TRUST_DAYS = 2.0
DAYS_TO_COME = 1.25
"""They stray further than those from which the usual was learned."""
WIDEST = 0.8
"""A house always takes something."""


DIGITS = 6
"""Of a profile: what sums of equal loads lose is no difference between weekdays."""


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
    usual_w, _, _ = _days(house_w[known], week[known], 0.5 ** (age_days / HALF_LIFE_DAYS))
    slow = 0.5 ** (age_days / WEEKDAY_HALF_LIFE_DAYS)
    slow_w, sums, counts = _days(house_w[known], week[known], slow)
    strays_w = _near(sums) - _near(counts) * np.tile(slow_w, 7)
    own_w = strays_w / (_near(counts) + _trust(house_w[known], week[known], slow, slow_w))
    profile_w = np.maximum(np.tile(usual_w, 7) + own_w, 0.0)
    return tuple(round(float(each), DIGITS) for each in profile_w)


def learn_house_spread(profile: tuple[float, ...], house_w: Floats, week: Ints) -> float:
    """Return by which share of the usual load six hours stray: half of the way from P10 to P90.

    Args:
        profile: As learned from the same quarter hours.
        house_w: Of quarter hours in order, the last one the newest; NaN = unknown.
        week: Their quarter hours of the week.
    """
    recent = slice(max(0, len(house_w) - SPREAD_DAYS * QUARTERS), None)
    if not profile or len(house_w[recent]) < SPAN:
        return UNKNOWN_SPREAD
    ones = np.full(SPAN, 1.0 / SPAN)
    usual_w = np.convolve(np.array(profile)[week[recent]], ones, "valid")
    # What is unknown makes all sums unknown that hold it, here and nowhere else.
    known = np.convolve(np.isfinite(house_w[recent]), ones, "valid") > 1.0 - 0.5 / SPAN
    mean_w = np.convolve(np.nan_to_num(house_w[recent]), ones, "valid")
    shares = mean_w[known] / np.maximum(usual_w[known], 1.0) - 1.0
    if not len(shares):
        return UNKNOWN_SPREAD
    low, high = np.quantile(shares, (0.1, 0.9))
    days = len(shares) / QUARTERS
    strays = DAYS_TO_COME * float(high - low) / 2.0
    learned = days * strays + SPREAD_TRUST_DAYS * UNKNOWN_SPREAD
    return min(learned / (days + SPREAD_TRUST_DAYS), WIDEST)


def _trust(house_w: Floats, week: Ints, weights: Floats, usual_w: Floats) -> float:
    """Return how many measurements a weekday must have to be believed half.

    What weeks differ by at the same time, over what weekdays differ by beyond that.
    """
    off_w = house_w - usual_w[week % QUARTERS]
    counts = _weekly(week, weights)
    seen = counts > 0.0
    own_w = np.divide(_weekly(week, weights * off_w), counts, out=np.zeros(WEEK), where=seen)
    within = float((weights * (off_w - own_w[week]) ** 2).sum() / weights.sum())
    effective = np.maximum(counts[seen], 1.0)
    between = float((own_w[seen] ** 2 - within / effective).mean())
    if between <= 0.0:
        return MOST_TRUST
    # A mean of one or two measurements hides part of what weeks differ by.
    return float(np.clip((2 * NEIGHBOURS + 1) * within / between, LEAST_TRUST, MOST_TRUST))


def _days(house_w: Floats, week: Ints, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the load of the mean day, and the weighted sums and counts by time of the week."""
    sums, counts = _weekly(week, weights * house_w), _weekly(week, weights)
    mean_w = float(sums.sum() / counts.sum())
    daily_sums = _near(sums.reshape(7, QUARTERS).sum(axis=0))
    daily_counts = _near(counts.reshape(7, QUARTERS).sum(axis=0))
    daily_w = np.where(daily_counts > 0.0, daily_sums / np.maximum(daily_counts, 1e-9), mean_w)
    return daily_w, sums, counts


def expect_house(profile: tuple[float, ...], recent_w: Floats, recent: Ints, week: Ints) -> Floats:
    """Return the expected load: the usual one, and what of its last differences will last.

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
    off_w = recent_w - usual_w[recent]
    now = NOW_PART * np.exp(-np.arange(len(week)) / NOW_FADES)
    same_time_w = _yesterday(off_w[-QUARTERS - 1 :], recent[-QUARTERS - 1 :])[week % QUARTERS]
    # What is known of less than a day says little of the next.
    lasting_w = DAYS_PART * _mean(off_w, QUARTERS) + YESTERDAY_PART * same_time_w
    return np.maximum(usual_w[week] + now * _mean(off_w[-NOW:]) + (1.0 - now) * lasting_w, 0.0)


def _yesterday(off_w: Floats, recent: Ints) -> Floats:
    """Return the last differences by local quarter of the day, smoothed; 0 where unknown."""
    known = np.isfinite(off_w)
    day = np.zeros(QUARTERS)
    day[recent[known] % QUARTERS] = off_w[known]
    around = np.pad(day, AROUND, mode="wrap")
    width = 2 * AROUND + 1
    return np.asarray(np.convolve(around, np.full(width, 1.0 / width), "valid"), dtype=np.float64)


def _mean(values: Floats, least: int = 1) -> float:
    """Return the mean of what is known; what lacks to the least count counts as 0."""
    known = values[np.isfinite(values)]
    return float(known.sum()) / max(len(known), least)


def _near(values: Floats) -> Floats:
    return np.asarray(
        sum(np.roll(values, step) for step in range(-NEIGHBOURS, NEIGHBOURS + 1)), dtype=np.float64
    )


def _weekly(week: Ints, values: Floats) -> Floats:
    return np.asarray(np.bincount(week, values, WEEK), dtype=np.float64)

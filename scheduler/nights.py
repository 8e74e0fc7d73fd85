"""What a site knows of its own sky at each of the sun's midnights, from the days before.

Three curves over the sun's day, 96 quarter hours each: how bright clear is here (hills, chimneys, a
roof that is turned otherwise than configured), how much of that there usually is (mornings of fog,
afternoons of thunder), and by how much somebody else's forecast is usually off.
"""

from dataclasses import dataclass

import numpy as np

from scheduler.sky import QUARTERS, Flags, Floats, Ints

CLEAR_DAYS = 40
"""Days in which the sun has hardly moved; a shadow of spring says nothing about autumn."""
CLEAR_QUANTILE = 0.92
"""Of the measured share of the modelled sky: what a clear moment looks like here."""
CLEAR_TRUST_DAYS = 10.0
"""So many days of one quarter hour count as much as the whole sky."""
MODEL_TRUST_DAYS = 6.0
"""So many days count as much as the model: a week overrules it, a morning does not."""
BRIGHTER_TRUST, BRIGHTER_TRUST_DAYS = 4.0, 1.5
"""Instead of both where the sky was brighter than thought: no cloud can be the reason."""
USUAL_VARIED, DARKEST = 0.3, 0.1
"""By so much of their mean, at least of a tenth of clear sky, days of a cloudy site differ."""
VARIED_TRUST_DAYS = 3.0
MOST_DOUBT = 2.0
"""Times the days above."""
LOWEST_CLEAR, HIGHEST_CLEAR = 0.02, 12.0
"""Behind a mountain; and where the model sees hardly any sun and the true roof much."""
USUAL_HALF_LIFE_DAYS = 5.0
USUAL_TRUST = 3.0
"""So many clear quarter hours count as much as the mean of the whole day."""
FIRST_USUAL = 0.65
FIRST_USUAL_TRUST = 20.0
"""Of a site that has seen no sky yet, in clear quarter hours."""
ISSUED_HALF_LIFE_DAYS = 20.0
ISSUED_TRUST = 2.0
ISSUED_GAIN = (0.2, 5.0)
SMOOTHED = 4
"""Quarter hours to each side that count as the same time of the sun's day, for means."""
MOST_OF_CLEAR = 1.15
"""Bright clouds beside the sun give that much more than a clear sky; more is an outlier."""
OUTAGE_SHARE = 0.01
"""A day below it is snow on the panels or an inverter that is off: not a kind of sky."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nights:
    """The three curves as known at the beginning of each of the sun's days; row = day."""

    clear: Floats
    usual: Floats
    gain: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Quarter hours of whole days that may teach; equal lengths."""

    row: Ints
    """Day of each, from 0."""
    clock: Ints
    pv_w: Floats
    """0 where unknown."""
    clear_w: Floats
    issued_w: Floats
    """0 where unknown."""
    is_seen: Flags
    """In daylight, measured and not held back."""
    is_issued: Flags

    @property
    def is_taught(self) -> Flags:
        """Return the seen ones of days on which the panels worked."""
        count = int(self.row.max(initial=-1)) + 1
        given = np.bincount(self.row, self.pv_w * self.is_seen, count)
        clear = np.bincount(self.row, self.clear_w * self.is_seen, count)
        outage = (given < OUTAGE_SHARE * clear) & (clear > 0.0)
        return np.asarray(self.is_seen & ~outage[self.row])


def learn_nights(days: Days) -> Nights:
    """Return what was known at each midnight; the last row is of the night after all days."""
    count = int(days.row.max(initial=-1)) + 1
    taught = days.is_taught
    clear = _clear(
        _table(days, days.pv_w, taught, count), _table(days, days.clear_w, taught, count)
    )
    here_w = days.clear_w * clear[days.row, days.clock]
    brightest_w = float(here_w.max(initial=0.0)) or 1.0
    given_w = np.minimum(days.pv_w, MOST_OF_CLEAR * here_w)
    usual = _fading_share(
        _table(days, given_w, taught, count),
        _table(days, here_w, taught, count),
        half_life_days=USUAL_HALF_LIFE_DAYS,
        trust_w=USUAL_TRUST * brightest_w,
        first=FIRST_USUAL,
        first_trust_w=FIRST_USUAL_TRUST * brightest_w,
    )
    both = taught & days.is_issued
    gain = _fading_share(
        _table(days, given_w, both, count),
        _table(days, np.minimum(days.issued_w, 1.5 * here_w), both, count),
        half_life_days=ISSUED_HALF_LIFE_DAYS,
        trust_w=ISSUED_TRUST * brightest_w,
        first=1.0,
        first_trust_w=FIRST_USUAL_TRUST * brightest_w,
    )
    return Nights(clear=clear, usual=np.clip(usual, 0.0, 1.0), gain=np.clip(gain, *ISSUED_GAIN))


def _table(days: Days, values: Floats, where: Flags, count: int) -> Floats:
    place = days.row[where] * QUARTERS + days.clock[where]
    sums = np.bincount(place, values[where], count * QUARTERS)
    return np.asarray(sums.reshape(count, QUARTERS))


def _clear(given: Floats, modelled: Floats) -> Floats:
    """Return the share of the model at which the sky was about clear, by night and quarter hour."""
    # Not smoothed: shadows have edges.
    shares = np.divide(given, modelled, out=np.full(given.shape, np.nan), where=modelled > 0.0)
    daily_w = modelled.sum(axis=1)
    daily = np.divide(
        given.sum(axis=1), daily_w, out=np.full(len(daily_w), np.nan), where=daily_w > 0.0
    )
    return np.stack([_clear_tonight(shares, daily, night) for night in range(len(shares) + 1)])


def _clear_tonight(shares: Floats, daily: Floats, night: int) -> Floats:
    recent = slice(max(0, night - CLEAR_DAYS), night)
    known = daily[recent][np.isfinite(daily[recent])]
    whole = float(np.quantile(known, 0.95, method="lower")) if len(known) else 1.0
    darker = MODEL_TRUST_DAYS * float(_doubt(known[:, None])[0])
    trust = BRIGHTER_TRUST_DAYS if whole > 1.0 else darker
    whole = (len(known) * whole + trust) / (len(known) + trust)
    rows = np.sort(shares[recent], axis=0)  # NaN come last
    counts = np.isfinite(rows).sum(axis=0)
    if not counts.any():
        return np.full(QUARTERS, np.clip(whole, LOWEST_CLEAR, HIGHEST_CLEAR))
    places = np.floor(CLEAR_QUANTILE * np.maximum(counts - 1, 0)).astype(np.int64)
    each = np.where(counts > 0, rows[places, np.arange(QUARTERS)], 0.0)
    trusts = np.where(each > whole, BRIGHTER_TRUST, CLEAR_TRUST_DAYS * _doubt(shares[recent]))
    drawn = (counts * each + trusts * whole) / (counts + trusts)
    return np.asarray(np.clip(drawn, LOWEST_CLEAR, HIGHEST_CLEAR))


def _doubt(shares: Floats) -> Floats:
    """Return how little some days say of what is clear here, for each column; 1 = as usual.

    What is dark by the same part every day is a wall, or a roof that is turned otherwise.
    """
    known = np.isfinite(shares)
    count = known.sum(axis=0)
    mean = np.where(known, shares, 0.0).sum(axis=0) / np.maximum(count, 1)
    squares = np.where(known, (shares - mean) / np.maximum(mean, DARKEST), 0.0) ** 2
    first = VARIED_TRUST_DAYS * USUAL_VARIED**2
    varied = (squares.sum(axis=0) + first) / (count + VARIED_TRUST_DAYS)
    return np.asarray(np.minimum(varied / USUAL_VARIED**2, MOST_DOUBT))


def _fading_share(
    given: Floats,
    whole: Floats,
    *,
    half_life_days: float,
    trust_w: float,
    first: float,
    first_trust_w: float,
) -> Floats:
    """Return given over whole by night and quarter hour, the nearest days counting most."""
    fading = 0.5 ** (1.0 / half_life_days)
    shares, sums = [], np.zeros((2, QUARTERS))
    for night in range(len(given) + 1):
        total_given, total = sums.sum(axis=1)
        mean = (total_given + first * first_trust_w) / (total + first_trust_w)
        near, all_near = _smooth(sums, SMOOTHED)
        shares.append((near + trust_w * mean) / (all_near + trust_w))
        if night < len(given):
            sums = fading * sums + np.stack([given[night], whole[night]])
    return np.stack(shares)


def _smooth(table: Floats, reach: int) -> Floats:
    """Return sums over neighbours around the clock."""
    return np.asarray(sum(np.roll(table, step, axis=1) for step in range(-reach, reach + 1)))

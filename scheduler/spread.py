"""P10 and P90 from the site's own errors, by lead, height of the sun and expected sky.

Errors count as they were made: each forecast of the past is made again from the weights that were
in force then, never from those that learned from its outcome.
"""

import numpy as np

from scheduler.sky import Floats, Ints
from solard.core.calibration import Spread, Table

BANDS_UNTIL = (4, 12, 48, 96)
"""Leads in quarter hours; a fifth band holds all later ones."""
LOW_SUN = 0.3
"""Of the brightest clear sky: below it shares of it stray further."""
ROWS = 2 * (len(BANDS_UNTIL) + 1)
EXPECTED = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Expected shares of clear sky at which the spread is kept; linear between them."""
KINSHIP = 0.12
"""How near to one of those an expected share must be to count fully."""
LOW, HIGH = 0.1, 0.9
BRIGHTEST = 1.3
"""Of the learned clear sky, which on a young site may not have been clear: P90 may lie above it."""
TRUST = 30.0
"""So many errors, those of a day or two, count as much as the spread of two other homes."""
ELSEWHERE_LOW = (
    (-0.08, -0.15, -0.23, -0.26, -0.19),
    (-0.11, -0.19, -0.37, -0.43, -0.50),
    (-0.15, -0.23, -0.34, -0.42, -0.45),
    (-0.17, -0.34, -0.43, -0.47, -0.57),
    (-0.18, -0.29, -0.40, -0.50, -0.60),
    (-0.22, -0.35, -0.44, -0.49, -0.53),
    (-0.22, -0.30, -0.41, -0.51, -0.62),
    (-0.25, -0.34, -0.44, -0.49, -0.55),
    (-0.30, -0.35, -0.44, -0.54, -0.64),
    (-0.37, -0.39, -0.46, -0.52, -0.60),
)
ELSEWHERE_HIGH = (
    (0.12, 0.23, 0.31, 0.24, 0.14),
    (0.34, 0.35, 0.36, 0.30, 0.18),
    (0.36, 0.48, 0.45, 0.32, 0.19),
    (0.32, 0.39, 0.33, 0.27, 0.23),
    (0.70, 0.63, 0.50, 0.33, 0.19),
    (0.50, 0.45, 0.36, 0.26, 0.22),
    (0.70, 0.63, 0.50, 0.33, 0.20),
    (0.57, 0.50, 0.35, 0.26, 0.22),
    (0.56, 0.58, 0.48, 0.35, 0.24),
    (0.35, 0.39, 0.34, 0.29, 0.22),
)
"""A row and a column as in `Spread`: means of a year of a French home (EMHASS, MIT) and of a year
of one in Sydney (Ausgrid customer 12, CC BY 4.0)."""
HALF_LIFE_DAYS = 8.0
"""Autumn must widen what summer has narrowed."""
GROUND = 0.02
"""Of a clear sky: no expectation is surer than that."""


def spread_rows(leads: Ints, light: Floats) -> Ints:
    """Return the row of each pair of lead and clear sky (a share of the brightest)."""
    band = np.searchsorted(BANDS_UNTIL, leads, side="right")
    return np.asarray(2 * band + (light < LOW_SUN), dtype=np.int64)


TRIED_DAYS = 15.0
TRY_EVERY_DAYS = 3.0
"""Spreads of 15, 12, 9 … days ago are tried on the days that followed."""
WIDEN_TRUST = 60.0
NARROWEST, WIDEST = 0.8, 1.35


def learn_spread(rows: Ints, expected: Floats, errors: Floats, age_days: Floats) -> Spread:
    """Return the quantiles of errors, widened by how far those of the last days fell short.

    Args:
        rows: Of each error, see `spread_rows`.
        expected: Share of clear sky that was expected.
        errors: Measured less expected share.
        age_days: Since it was expected.
    """
    spread = _cut(rows, expected, errors, age_days)
    misses: list[tuple[Ints, Floats]] = []
    tried = TRIED_DAYS
    while tried > 0.0:
        before = age_days >= tried + 1.0
        after = (age_days < tried) & (age_days >= tried - TRY_EVERY_DAYS)
        if before.any() and after.any():
            then = _cut(rows[before], expected[before], errors[before], age_days[before] - tried)
            low, high = spread_at(then, rows[after], expected[after])
            share = np.where(errors[after] < 0.0, errors[after] / low, errors[after] / high)
            misses.append((rows[after] // 2, share))
        tried -= TRY_EVERY_DAYS
    if not misses:
        return spread
    bands = np.concatenate([band for band, _ in misses])
    shares = np.concatenate([share for _, share in misses])
    factors = np.array([_widening(shares[bands == band]) for band in range(ROWS // 2)])
    each = np.repeat(factors, 2)[:, None]
    return Spread(
        low=_table(np.array(spread.low) * each), high=_table(np.array(spread.high) * each)
    )


def _widening(shares: Floats) -> float:
    """Return by what the spread must grow for four fifths of the errors to lie inside."""
    if not len(shares):
        return 1.0
    needed = float(np.quantile(shares, HIGH - LOW))
    trusted = (len(shares) * needed + WIDEN_TRUST) / (len(shares) + WIDEN_TRUST)
    return float(np.clip(trusted, NARROWEST, WIDEST))


def _cut(rows: Ints, expected: Floats, errors: Floats, age_days: Floats) -> Spread:
    """Return the quantiles of errors."""
    recency = 0.5 ** (age_days / HALF_LIFE_DAYS)
    low, high = np.empty((ROWS, len(EXPECTED))), np.empty((ROWS, len(EXPECTED)))
    for row in range(ROWS):
        mine = rows == row
        order = np.argsort(errors[mine], kind="stable")
        sorted_errors, kin = errors[mine][order], expected[mine][order]
        for column, centre in enumerate(EXPECTED):
            weight = recency[mine][order] * np.exp(-0.5 * ((kin - centre) / KINSHIP) ** 2)
            total = float(weight.sum())
            first = (ELSEWHERE_LOW[row][column], ELSEWHERE_HIGH[row][column])
            cuts = _quantiles(sorted_errors, weight) if total > 0.5 else first
            part = total / (total + TRUST)
            low[row, column] = min(part * cuts[0] + (1.0 - part) * first[0], -GROUND)
            high[row, column] = max(part * cuts[1] + (1.0 - part) * first[1], GROUND)
    return Spread(low=_table(low), high=_table(high))


def spread_at(spread: Spread, rows: Ints, expected: Floats) -> tuple[Floats, Floats]:
    """Return the low and high strays for rows and expected shares."""
    place = np.clip(np.searchsorted(EXPECTED, expected) - 1, 0, len(EXPECTED) - 2)
    knots = np.array(EXPECTED)
    part = np.clip((expected - knots[place]) / (knots[place + 1] - knots[place]), 0.0, 1.0)
    low, high = (
        (1.0 - part) * table[rows, place] + part * table[rows, place + 1]
        for table in (np.array(spread.low), np.array(spread.high))
    )
    return low, high


def _quantiles(ordered: Floats, weight: Floats) -> tuple[float, float]:
    """Return the cuts of weighted errors, outward by as much as a finite sample needs."""
    reach = np.cumsum(weight)
    effective = float(reach[-1]) ** 2 / float((weight**2).sum())
    outward = 1.0 + 1.0 / effective
    low = max(0.0, 0.5 - (0.5 - LOW) * outward)
    high = min(1.0, 0.5 + (HIGH - 0.5) * outward)
    places = np.searchsorted(reach, np.array([low, high]) * reach[-1])
    first, last = ordered[np.clip(places, 0, len(ordered) - 1)]
    return float(first), float(last)


def _table(values: Floats) -> Table:
    return tuple(tuple(float(each) for each in row) for row in values)

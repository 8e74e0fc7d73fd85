"""Learn a calibration from what a site has measured: everything that a night teaches."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

import numpy as np

from scheduler.frame import Frame, look, make_frame
from scheduler.house import learn_house, learn_house_spread
from scheduler.nights import Days, learn_nights
from scheduler.past import HOUR, Past, row_quarters
from scheduler.sky import QUARTERS, Flags, Floats, Ints, Sky
from scheduler.spread import BRIGHTEST, learn_spread, spread_rows
from scheduler.weights import learn_weights, weigh
from solard.core.calibration import Calibration, Curve, Spread, Table
from solard.core.site_slot import SLOT_S

KEPT_DAYS = 150
"""Of history that is looked at."""
OWN_DAYS = 45
"""Of forecasts that are tried again to learn what the own past says."""
OWN_EVERY, ISSUED_EVERY = 4, 7
"""Quarter hours between two such forecasts; 7 meets every hour of the day in turn."""
ISSUED_HALF_LIFE_DAYS = 120.0
FIT_EVERY_DAYS = 5
FIRST_DAYS = 15
"""A young site learns its weights every night."""
SPREAD_DAYS = 60
SPREAD_EVERY = 5
SPREAD_LEADS = (0, 1, 2, 3, 5, 8, 11, 16, 24, 33, 43, 55, 70, 88, 110, 140, 175)
LEAST_ISSUED_DAYS = 3.0
"""Before somebody else's forecast is weighed by its own errors."""

Memory = dict[tuple[int, bool], Floats]


@dataclass(slots=True)
class Learner:
    """Learns night after night; weights of earlier nights are kept, for they do not change."""

    sky: Sky
    past: Past
    fitted: Memory = field(default_factory=dict)

    def learn(self, night: int, made_at: datetime, week: Ints) -> Calibration:
        """Return what the quarter hours before one of the sun's midnights teach.

        Args:
            night: The sun's day that then begins, as in `sky.day`.
            made_at: For the record.
            week: Quarter hour of the local week of each of the grid, 0..671.
        """
        first, before = (
            int(place) for place in np.searchsorted(self.sky.day, [night - KEPT_DAYS, night])
        )
        stretch = slice(first, before)
        frame, taught = _frame(self.sky, self.past, stretch)
        hour_0 = (self.sky.first_s // SLOT_S + first) % HOUR
        kept = _Kept(
            frame=frame,
            taught=taught,
            row_0=int(self.sky.day[first]) if before else 0,
            hour_0=hour_0,
            row_quarters=row_quarters(self.past.pv_w[stretch], hour_0),
        )
        house = learn_house(self.past.house_w[stretch], week[stretch])
        weights, spread = self._fit(kept, night, with_issued=False)
        calibration = Calibration(
            made_at=made_at,
            panels=self.sky.panels,
            learned_slots=int(taught.sum()),
            clear=_curve(frame.nights.clear[-1]),
            usual=_curve(frame.nights.usual[-1]),
            gain=_curve(frame.nights.gain[-1]),
            weights=_table(weights),
            issued_weights=(),
            spread=spread,
            issued_spread=None,
            house_w=house,
            house_spread_share=learn_house_spread(house, self.past.house_w[stretch], week[stretch]),
        )
        if int(np.unique(frame.row[frame.is_issued & taught]).size) < LEAST_ISSUED_DAYS:
            return calibration
        weights, told = self._fit(kept, night, with_issued=True)
        return replace(calibration, issued_weights=_table(weights), issued_spread=told)

    def _fit(self, kept: "_Kept", night: int, *, with_issued: bool) -> tuple[Floats, Spread]:
        """Return tonight's weights, and the spread of what earlier ones foretold."""
        weights = self._weights(kept, night, with_issued=with_issued)
        parts = []
        for fit, until in kept.fits(night):
            if until <= night - SPREAD_DAYS:
                continue
            earlier = self._weights(kept, fit, with_issued=with_issued)
            parts.append(_errors(kept, earlier, fit, min(until, night), night, with_issued))
        rows, expected, errors, ages = (
            np.concatenate([part[index] for part in parts]) if parts else np.zeros(0)
            for index in range(4)
        )
        return weights, learn_spread(rows.astype(np.int64), expected, errors, ages)

    def _weights(self, kept: "_Kept", night: int, *, with_issued: bool) -> Floats:
        fit = max([each for each, _ in kept.fits(night + 1)], default=night)
        key = (fit, with_issued)
        if key not in self.fitted:
            self.fitted[key] = _learn_weights(kept, fit, with_issued=with_issued)
        return self.fitted[key]


@dataclass(frozen=True, slots=True)
class _Kept:
    frame: Frame
    taught: Flags
    row_0: int
    """The sun's day of row 0."""
    hour_0: int
    """Quarter of the hour with which the frame begins."""
    row_quarters: int
    """How many quarter hours one measurement speaks of."""

    def moments(self, first: int, before: int, every: int) -> Ints:
        """Return at which quarter hours forecasts are tried: where a measurement begins.

        In the middle of an hourly one the rest of it would be known from its beginning.
        """
        at = np.arange(first, before, every)
        at = at - (at + self.hour_0) % self.row_quarters
        return at[at >= first]

    def begin(self, night: int) -> int:
        """Return the first quarter hour of one of the sun's days."""
        return int(np.searchsorted(self.frame.row, night - self.row_0))

    def fits(self, night: int) -> list[tuple[int, int]]:
        """Return the nights before `night` on which weights were learned, and the next such one."""
        nights = [
            each
            for each in range(self.row_0, night + FIT_EVERY_DAYS)
            if each % FIT_EVERY_DAYS == 0 or each - self.row_0 < FIRST_DAYS
        ]
        return [(one, two) for one, two in pairwise(nights) if one < night]


def _frame(sky: Sky, past: Past, stretch: slice) -> tuple[Frame, Flags]:
    """Return the past with what each of its nights knew, and where it teaches."""
    modelled_w, clock = sky.clear_w[stretch], sky.clock[stretch]
    row = sky.day[stretch] - (sky.day[stretch][0] if len(clock) else 0)
    pv_w, issued_w = past.pv_w[stretch], past.issued_w[stretch]
    seen = sky.is_light[stretch] & np.isfinite(pv_w)
    issued = sky.is_light[stretch] & np.isfinite(issued_w)
    days = Days(
        row=row,
        clock=clock,
        pv_w=np.nan_to_num(pv_w),
        clear_w=modelled_w,
        issued_w=np.nan_to_num(issued_w),
        is_seen=seen,
        is_issued=issued,
    )
    nights = learn_nights(days)
    frame = make_frame(
        row=row,
        clock=clock,
        height=sky.height[stretch],
        modelled_w=modelled_w,
        pv_w=days.pv_w,
        is_seen=seen,
        issued_w=days.issued_w,
        is_issued=issued,
        nights=nights,
    )
    return frame, days.is_taught


def _learn_weights(kept: _Kept, night: int, *, with_issued: bool) -> Floats:
    before = kept.begin(night)
    every = ISSUED_EVERY if with_issued else OWN_EVERY
    first = 0 if with_issued else max(0, before - OWN_DAYS * QUARTERS)
    at = kept.moments(first, before, every)
    age_days = (before - at) / QUARTERS
    half_life = ISSUED_HALF_LIFE_DAYS if with_issued else np.inf
    return learn_weights(
        kept.frame, at, before, 0.5 ** (age_days / half_life), with_issued=with_issued
    )


def _errors(
    kept: _Kept, weights: Floats, night: int, until: int, now: int, with_issued: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return rows, expectations, errors and ages in days of the forecasts of some days."""
    frame, end = kept.frame, kept.begin(now)
    at = kept.moments(kept.begin(night), kept.begin(until), SPREAD_EVERY)
    pairs = [(at + lead, at) for lead in SPREAD_LEADS]
    ahead = np.concatenate([one for one, _ in pairs])
    looked = np.concatenate([two for _, two in pairs])
    known = ahead < end
    known[known] &= frame.is_seen[ahead[known]]
    if with_issued:
        known[known] &= frame.is_issued[ahead[known]]
    ahead, looked = ahead[known], looked[known]
    seen = look(frame, looked, ahead, with_issued=with_issued)
    leads = ahead - looked
    expected = np.clip(seen.usual + weigh(seen.features, weights, leads), 0.0, 1.0)
    own_w = frame.modelled_w[ahead] * frame.nights.clear[frame.row[ahead], frame.clock[ahead]]
    clear_w = np.maximum(seen.clear_w, 1e-9)
    share = np.clip(frame.share[ahead] * own_w / clear_w, 0.0, BRIGHTEST)
    light = seen.clear_w / max(frame.brightest_w, 1e-9)
    ages = (end - looked) / QUARTERS
    return spread_rows(leads, light).astype(np.float64), expected, share - expected, ages


def _curve(values: Floats) -> Curve:
    return tuple(float(value) for value in values)


def _table(values: Floats) -> Table:
    return tuple(_curve(row) for row in values)

"""One site's own forecast: clear sky × what its nights have taught × the sky of the last two days.

Pure arithmetic on numpy: the daemon's worker and the simulator call the same code. Nothing that
began after the moment of a forecast is looked at, beside the sun and what others had forecast.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from scheduler.calibrate import Learner
from scheduler.frame import ISSUED, OWN, WINDOWS, Frame, look, make_frame
from scheduler.house import RECENT, UNKNOWN_SPREAD, expect_house, quarters_of_week
from scheduler.nights import Nights
from scheduler.past import Past
from scheduler.sky import Flags, Floats, Ints, Sky
from scheduler.spread import BRIGHTEST, spread_at, spread_rows
from scheduler.weights import first_weights, weigh
from solard.core.calibration import Calibration, Spread
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.site_slot import SLOT_S

HORIZON_H = 48
LOOKED_BACK = max(WINDOWS)
SLOT = timedelta(seconds=SLOT_S)
MOST_EXPECTED = 1.03
"""Of the learned clear sky, which is not quite the brightest that was ever seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is expected of quarter hours, the first of which holds the moment of the forecast."""

    issued_at: datetime
    starts_at: datetime
    pv_w: Floats
    """Median of what the panels could give, not held back."""
    pv_low_w: Floats
    """10 % quantile."""
    pv_high_w: Floats
    """90 % quantile."""
    house_w: Floats
    """Load without the rig."""
    house_spread: float
    """Share of it by which a few hours stray."""
    told_w: Floats
    """What somebody else had forecast; NaN = nothing."""

    def forecast(self, source: str, problem: str | None = None) -> Forecast:
        """Return it as a value for plan and store."""
        slots = tuple(
            ForecastSlot(
                starts_at=self.starts_at + SLOT * index,
                ends_at=self.starts_at + SLOT * (index + 1),
                pv_w=float(self.pv_w[index]),
                pv_low_w=float(self.pv_low_w[index]),
                pv_high_w=float(self.pv_high_w[index]),
                house_w=float(self.house_w[index]),
                house_spread_w=self.house_spread * float(self.house_w[index]),
                told_w=None if np.isnan(self.told_w[index]) else float(self.told_w[index]),
            )
            for index in range(len(self.pv_w))
        )
        return Forecast(issued_at=self.issued_at, source=source, slots=slots, problem=problem)


class Forecaster:
    """Takes what a site measures, learns at the sun's midnight, and says what comes."""

    def __init__(self, sky: Sky, timezone: str, calibration: Calibration | None = None) -> None:
        """Make a forecaster of what is on one sky's grid.

        Args:
            sky: From the first measured row to the end of the last forecast.
            timezone: IANA name, for the week of the house.
            calibration: Learned before from a longer history; None = learn from what is taken.
        """
        self._sky = sky
        self._past = Past(sky)
        self._week = quarters_of_week(sky.first_s, sky.count, ZoneInfo(timezone))
        self._learner = Learner(sky, self._past)
        self._given = calibration if calibration is not None and _fits(calibration, sky) else None
        self._learned: dict[int, Calibration] = {}
        self.take = self._past.take
        self.take_issued = self._past.take_issued

    @property
    def measured_w(self) -> Floats:
        """Return what the panels gave, quarter hour by quarter hour of the sky; NaN = unknown."""
        return self._past.pv_w

    def calibration(self, now_at: datetime) -> Calibration:
        """Return what is known at a moment: learned at the sun's last midnight."""
        if self._given is not None:
            return self._given
        index = min(max(self._sky.index(now_at), 0), self._sky.count - 1)
        night = int(self._sky.day[index])
        if night not in self._learned:
            self._learned = {night: self._learner.learn(night, now_at, self._week)}
        return self._learned[night]

    def expect(self, now_at: datetime, horizon_h: int = HORIZON_H) -> Expected:
        """Return what is expected from the quarter hour of `now_at` on."""
        calibration = self.calibration(now_at)
        index, pv_w, house_w = self._past.until(now_at)
        first = max(0, index - LOOKED_BACK)
        last = min(self._sky.count, index + 4 * horizon_h + 1)
        frame = self._recent(calibration, first, last, index, pv_w)
        ahead = np.arange(index - first, last - first)
        at = np.full(len(ahead), index - first + (0 if np.isnan(pv_w) else 1))
        shares = _shares(calibration, frame, at, ahead)
        clear_w = frame.modelled_w[ahead] * np.array(calibration.clear)[frame.clock[ahead]]
        low_w, middle_w, high_w = (np.minimum(share * clear_w, self._most_w) for share in shares)
        recent = slice(max(0, index - RECENT), index + 1)
        recent_w = np.append(self._past.house_w[recent][: index - recent.start], house_w)
        return Expected(
            issued_at=now_at,
            starts_at=self._sky.starts_at(index),
            pv_w=middle_w,
            pv_low_w=low_w,
            pv_high_w=high_w,
            house_w=expect_house(
                calibration.house_w, recent_w, self._week[recent], self._week[index:last]
            ),
            house_spread=UNKNOWN_SPREAD
            if calibration.house_spread_share is None
            else calibration.house_spread_share,
            told_w=self._past.issued_w[index:last].copy(),
        )

    @property
    def _most_w(self) -> float:
        return np.inf if self._sky.most_w is None else self._sky.most_w

    def _recent(
        self, calibration: Calibration, first: int, last: int, index: int, pv_w: float
    ) -> Frame:
        """Return the last two days and the time to come, all seen with today's calibration."""
        stretch = slice(first, last)
        measured_w = self._past.pv_w[stretch].copy()
        measured_w[index - first :] = np.nan
        if index >= 0:
            measured_w[index - first : index - first + 1] = pv_w
        issued_w = self._past.issued_w[stretch]
        light = self._light[stretch]
        return make_frame(
            row=np.zeros(last - first, dtype=np.int64),
            clock=self._sky.clock[stretch],
            height=self._sky.height[stretch],
            modelled_w=self._sky.clear_w[stretch],
            pv_w=np.nan_to_num(measured_w),
            is_seen=light & np.isfinite(measured_w),
            issued_w=np.nan_to_num(issued_w),
            is_issued=light & np.isfinite(issued_w),
            nights=Nights(
                clear=np.array([calibration.clear]),
                usual=np.array([calibration.usual]),
                gain=np.array([calibration.gain]),
            ),
        )

    @property
    def _light(self) -> Flags:
        return self._sky.is_light


def _fits(calibration: Calibration, sky: Sky) -> bool:
    """Return whether it was learned of these panels, from what a forecast looks at today.

    Learned of other panels it would bend their sky; a solard of before looked at other things.
    """
    own = {len(row) for row in calibration.weights}
    issued = {len(row) for row in calibration.issued_weights}
    return calibration.panels == sky.panels and own == {OWN} and issued <= {ISSUED}


def _shares(
    calibration: Calibration, frame: Frame, at: Ints, ahead: Ints
) -> tuple[Floats, Floats, Floats]:
    """Return low, median and high shares of the site's clear sky."""
    own = _foretell(frame, at, ahead, np.array(calibration.weights), calibration.spread, False)
    told = frame.is_issued[ahead]
    if not told.any():
        return own
    weights = calibration.issued_weights or first_weights(with_issued=True)
    spread = calibration.issued_spread or calibration.spread
    theirs = _foretell(frame, at, ahead, np.array(weights), spread, True)
    low, middle, high = (np.where(told, one, other) for one, other in zip(theirs, own, strict=True))
    return low, middle, high


def _foretell(
    frame: Frame, at: Ints, ahead: Ints, weights: Floats, spread: Spread, with_issued: bool
) -> tuple[Floats, Floats, Floats]:
    seen = look(frame, at, ahead, with_issued=with_issued)
    leads = np.maximum(ahead - at, 0)
    expected = np.clip(seen.usual + weigh(seen.features, weights, leads), 0.0, MOST_EXPECTED)
    rows = spread_rows(leads, seen.clear_w / max(frame.brightest_w, 1e-9))
    low, high = spread_at(spread, rows, expected)
    return (
        np.maximum(expected + low, 0.0),
        expected,
        np.clip(expected + high, expected, BRIGHTEST),
    )

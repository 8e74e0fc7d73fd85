"""Forecasts that a recorded site would have seen, hour by hour, and how good they were."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import numpy as np

from scheduler.forecaster import HORIZON_H, Expected, Forecaster
from scheduler.past import Column
from scheduler.pv_model import model_sky
from scheduler.skill import SkillCount
from scheduler.sky import Floats, Sky
from solard.core.planning import SolarSite
from solard.core.site_slot import SLOT_S
from solard.core.skill import Skill

DARK_W = 1.0
"""A clear sky below it is night: inverters that are silent then mean 0."""
TOLD_AHEAD = timedelta(hours=24)
"""A recording's provider is heard so far ahead: of later times it may have spoken later."""
INDEX_QUARTERS = 4
LEAST_LIGHT = 0.02
"""Of the brightest clear sky in the last hour; with less the last day's share counts."""


def replay_skill(
    site: SolarSite,
    starts_at: datetime,
    step_s: float,
    *,
    pv_w: Column,
    house_w: Column,
    told_w: Column,
    first_at: datetime,
    every: timedelta = timedelta(hours=1),
) -> Skill:
    """Return how good the forecasts of a recording would have been, learning as it goes.

    Args:
        site: Where and which panels.
        starts_at: Of the first row.
        step_s: From row to row.
        pv_w: Mean of each row; NaN = unknown, which by night is 0.
        house_w: Load without the rig.
        told_w: A provider's word for each row; NaN = none.
        first_at: Of the first forecast; what lies before only teaches.
        every: From forecast to forecast.
    """
    last_at = starts_at + timedelta(seconds=step_s * len(pv_w))
    sky = model_sky(site, starts_at, last_at + timedelta(hours=HORIZON_H + 1))
    plain = model_sky(site, starts_at, last_at + timedelta(hours=HORIZON_H + 1), upward=0.0)
    forecaster = Forecaster(sky, site.timezone)
    forecaster.take(starts_at, step_s, pv_w, house_w)
    told = _Told(forecaster, starts_at, step_s, told_w)
    truth_w = _truth(sky, forecaster, last_at)
    count = SkillCount(
        first_s=sky.first_s, truth_w=truth_w, brightest_w=float(sky.clear_w.max(initial=0.0))
    )
    moment = max(first_at, starts_at)
    while moment < last_at:
        told.hear(moment + TOLD_AHEAD)
        expected = forecaster.expect(moment)
        count.add(
            moment,
            expected.starts_at,
            middle_w=expected.pv_w,
            low_w=expected.pv_low_w,
            high_w=expected.pv_high_w,
            told_w=expected.told_w,
            index_w=_one_index(plain, truth_w, expected),
        )
        moment += every
    return count.skill()


@dataclass(slots=True)
class _Told:
    """Hands over what a provider said of a time when it can have been said."""

    forecaster: Forecaster
    starts_at: datetime
    step_s: float
    told_w: Column
    _heard: int = 0

    def hear(self, until: datetime) -> None:
        """Hear of the rows that begin before a moment."""
        count = ceil((until - self.starts_at).total_seconds() / self.step_s)
        last = min(max(count, self._heard), len(self.told_w))
        begin = self.starts_at + timedelta(seconds=self.step_s * self._heard)
        self.forecaster.take_issued(begin, self.step_s, self.told_w[self._heard : last])
        self._heard = last


def _truth(sky: Sky, forecaster: Forecaster, last_at: datetime) -> Floats:
    measured_w = forecaster.measured_w[: sky.index(last_at)]
    return np.where(sky.clear_w[: len(measured_w)] < DARK_W, 0.0, measured_w)


def _one_index(sky: Sky, truth_w: Floats, expected: Expected) -> Floats:
    """Return clear sky × the share of it in the last hour of light, else in the last day."""
    now = sky.index(expected.starts_at)
    ahead = sky.clear_w[now : now + len(expected.pv_w)]
    for back in (INDEX_QUARTERS, 86400 // SLOT_S):
        past = slice(max(0, now - back), now)
        known = np.isfinite(truth_w[past])
        clear_w = float(sky.clear_w[past][known].sum())
        if clear_w > LEAST_LIGHT * INDEX_QUARTERS * float(sky.clear_w.max()):
            return np.asarray(ahead * float(truth_w[past][known].sum()) / clear_w)
    return np.full(len(ahead), np.nan)

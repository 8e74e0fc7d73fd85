"""The newest forecast, and the calibration that a night's history teaches it."""

import asyncio
from datetime import datetime, timedelta

from solard.core.calibration import Calibration
from solard.core.errors import SolardError
from solard.core.forecast import Forecast
from solard.core.planning import ForecastBasis
from solard.daemon.events import Events
from solard.daemon.ports import History, Planner
from solard.system.clock import Clock

RECENT_DAYS = 3
"""What a calibrated forecast looks at: the sky of the last two days, and the quarter of now."""
UNCALIBRATED_DAYS = 21
CALIBRATED_ON_DAYS = 150
CALIBRATED_FOR = timedelta(days=14)
"""A calibration whose nights have failed for longer describes another season's shadows."""
NIGHTLY = timedelta(hours=20)
LATEST = timedelta(hours=26)
"""Where the sun does not set."""
LEAST_SLOTS = 96
"""A day of history, before there is anything to learn."""


class Forecasts:
    """Makes forecasts of what the store holds; a failure leaves the last one, which has an age."""

    def __init__(self, planner: Planner, history: History, clock: Clock, events: Events) -> None:
        self._planner = planner
        self._history = history
        self._clock = clock
        self._events = events
        self._failing = False
        self._told_problem: str | None = None
        self._tried_at: datetime | None = None
        self.calibration = history.last_calibration()
        self.newest: Forecast | None = None
        self.issues = 0

    async def renew(self) -> Forecast:
        """Make and keep a forecast, after a calibration where one is due; raise SolardError."""
        now = self._clock.now()
        if self._is_due(now):
            self._tried_at = now
            await self._calibrate(now)
        calibration = self._valid(now)
        days = UNCALIBRATED_DAYS if calibration is None else RECENT_DAYS
        basis = await asyncio.to_thread(self._basis, now, days, calibration)
        self.newest = await self._planner.forecast(now, basis)
        self.issues += 1
        self._history.put_forecast(self.newest)
        self._tell_source(self.newest.problem)
        return self.newest

    def _is_due(self, now: datetime) -> bool:
        """Say whether a night has passed since the last calibration, or since the last try."""
        last_at = max(
            (each for each in (self._made_at, self._tried_at) if each is not None), default=None
        )
        if last_at is None or last_at > now:  # a clock that stepped back
            return True
        return now - last_at > (NIGHTLY if self._is_dark(now) else LATEST)

    @property
    def _made_at(self) -> datetime | None:
        return None if self.calibration is None else self.calibration.made_at

    def _is_dark(self, now: datetime) -> bool:
        slot = None if self.newest is None else self.newest.slot_at(now)
        return slot is not None and slot.pv_high_w == 0.0

    def _valid(self, now: datetime) -> Calibration | None:
        made_at = self._made_at
        return self.calibration if made_at and abs(now - made_at) <= CALIBRATED_FOR else None

    async def _calibrate(self, now: datetime) -> None:
        """Learn from the long history and keep what was learned; without it go on as before."""
        try:
            basis = await asyncio.to_thread(self._basis, now, CALIBRATED_ON_DAYS, None)
            if len(basis.history) < LEAST_SLOTS:
                return
            self.calibration = await self._planner.calibrate(now, basis)
        except SolardError as err:
            if not self._failing:
                self._events.tell("forecast", f"No new calibration: {err}", "warning")
            self._failing = True
            return
        self._failing = False
        self._history.put_calibration(self.calibration)

    def _basis(self, now: datetime, days: int, calibration: Calibration | None) -> ForecastBasis:
        after = now - timedelta(days=days)
        return ForecastBasis(
            history=self._history.site15(after, now),
            told_before=self._history.told(after, now),
            calibration=calibration,
        )

    def _tell_source(self, problem: str | None) -> None:
        """Say once that the source has no newer word, and once that it has one again."""
        if problem is not None and self._told_problem is None:
            self._events.tell("forecast", f"Degraded forecast: {problem}", "warning")
        if problem is None and self._told_problem is not None:
            self._events.tell("forecast", "The forecast's source answers again.")
        self._told_problem = problem

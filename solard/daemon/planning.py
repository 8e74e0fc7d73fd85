"""Forecast, then plan, one after the other; the tick only ever sees finished values."""

import asyncio
from datetime import timedelta

from solard.core.errors import SolardError
from solard.core.forecast import Forecast
from solard.core.job import JobDemand
from solard.core.plan import Plan
from solard.core.rig import Rig
from solard.daemon.events import Events
from solard.daemon.ports import History, Planner
from solard.system.clock import Clock

HISTORY_DAYS = 21


class Planning:
    """Keeps the newest forecast and plan."""

    def __init__(self, planner: Planner, history: History, clock: Clock, events: Events) -> None:
        self._planner = planner
        self._history = history
        self._clock = clock
        self._events = events
        self._failing = False
        self.forecast: Forecast | None = None
        self.plan: Plan | None = None
        self.forecast_issues = 0
        self.plan_solves = 0

    async def renew(self, soc: float | None, rig: Rig, jobs: tuple[JobDemand, ...] = ()) -> None:
        """Make a forecast and a plan of it; on failure keep the last ones and say so once."""
        now = self._clock.now()
        try:
            after = now - timedelta(days=HISTORY_DAYS)
            slots = await asyncio.to_thread(self._history.site15, after, now)
            self.forecast = await self._planner.forecast(now, slots)
            self.forecast_issues += 1
            self._history.put_forecast(self.forecast)
            plan = await self._planner.plan(self.forecast, soc, rig, self.plan, jobs)
        except SolardError as err:
            if not self._failing:
                self._events.tell("plan", f"No new plan: {err}", "warning")
            self._failing = True
            return
        if self._failing:
            self._events.tell("plan", "Planning works again.")
        self._failing = False
        self.plan_solves += 1
        if plan != self.plan:
            self.plan = plan
            self._history.put_plan(plan)

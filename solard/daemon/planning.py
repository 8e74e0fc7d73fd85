"""Forecast, then plan, one after the other; the tick only ever sees finished values."""

import asyncio

from solard.core.errors import SolardError
from solard.core.forecast import Forecast
from solard.core.job import JobDemand
from solard.core.plan import Plan
from solard.core.planning import PlanBasis
from solard.core.rig import Rig
from solard.core.state import Seen
from solard.core.tariff import KnownPrices
from solard.daemon.events import Events
from solard.daemon.forecasts import Forecasts
from solard.daemon.ports import History, Planner
from solard.system.clock import Clock


class Planning:
    """Keeps the newest forecast and plan."""

    def __init__(self, planner: Planner, history: History, clock: Clock, events: Events) -> None:
        self._planner = planner
        self._history = history
        self._clock = clock
        self._events = events
        self._failing = False
        self.forecasts = Forecasts(planner, history, clock, events)
        self.plan: Plan | None = None
        self.plan_solves = 0
        self.prices = KnownPrices()

    @property
    def forecast(self) -> Forecast | None:
        """Return the newest forecast."""
        return self.forecasts.newest

    async def renew(
        self,
        soc: float | None,
        rig: Rig,
        jobs: tuple[JobDemand, ...] = (),
        seen: tuple[Seen, ...] = (),
    ) -> None:
        """Make a forecast and a plan of it; on failure keep the last ones and say so once."""
        await self._renew_prices()
        try:
            forecast = await self.forecasts.renew()
            full_at = await asyncio.to_thread(self._history.full_at)
            basis = PlanBasis(
                rig=rig, soc=soc, previous=self.plan, jobs=jobs, seen=seen, full_at=full_at
            )
            plan = await self._planner.plan(forecast, basis)
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

    async def _renew_prices(self) -> None:
        """Ask for prices of the hour; say once that none came, and once that they come again."""
        before = self.prices.problem
        self.prices = await self._planner.prices(self._clock.now())
        now = self.prices.problem
        if now is not None and before is None:
            self._events.tell("prices", f"No new prices: {now}", "warning")
        elif now is None and before is not None:
            self._events.tell("prices", "Prices come again.")

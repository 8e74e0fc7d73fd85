"""Run work at times of the site: apscheduler's triggers, in memory, on the site's clock."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from solard.system.clock import Clock


class SiteTime(BaseTrigger):  # type: ignore[misc]
    """A trigger that thinks in site time, asked by a scheduler that runs in real time."""

    def __init__(self, trigger: BaseTrigger, clock: Clock) -> None:
        self._trigger = trigger
        self._clock = clock

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """Return when the site's clock will stand at the wrapped trigger's next time."""
        site_now = self._clock.now()
        previous = None
        if previous_fire_time is not None:
            previous = site_now + (previous_fire_time - now) * self._clock.speed
        due: datetime | None = self._trigger.get_next_fire_time(previous, site_now)
        if due is None:
            return None
        ahead_s = max(0.0, (due - site_now).total_seconds()) / self._clock.speed
        return now + timedelta(seconds=ahead_s)


class Timers:
    """Named periodic work; nothing of it is stored: it is set up again at each start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pending: list[tuple[str, BaseTrigger, Callable[[], Awaitable[None]]]] = []
        self._scheduler: Any = None

    def add(self, name: str, every_s: float, callback: Callable[[], Awaitable[None]]) -> None:
        """Run `callback` every so many site seconds, from one period after the start on."""
        trigger = IntervalTrigger(
            seconds=round(every_s), start_date=self._clock.now() + timedelta(seconds=every_s)
        )
        job = (name, SiteTime(trigger, self._clock), callback)
        self._pending.append(job)
        if self._scheduler is not None:
            self._start(*job)

    def start(self) -> None:
        """Start firing, in the running event loop."""
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        for job in self._pending:
            self._start(*job)
        self._scheduler.start()

    def stop(self) -> None:
        """Stop firing; work in hand is not waited for."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    def _start(
        self, name: str, trigger: BaseTrigger, callback: Callable[[], Awaitable[None]]
    ) -> None:
        self._scheduler.add_job(
            callback, trigger, id=name, coalesce=True, misfire_grace_time=None, max_instances=1
        )

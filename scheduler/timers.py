"""Run work at times of the site: apscheduler's triggers, in memory, on the site's clock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from solard.system.clock import MIN_PERIOD_S, Clock

Callback = Callable[[], Awaitable[None]]


class SiteTime(BaseTrigger):  # type: ignore[misc]
    """A trigger that thinks in site time, asked by a scheduler that runs in real time."""

    def __init__(self, trigger: BaseTrigger, clock: Clock) -> None:
        self._trigger = trigger
        self._clock = clock
        self._due: datetime | None = None
        self._previous: datetime | None = None
        self._asked_for: datetime | None = None

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """Return when the site's clock will stand at the wrapped trigger's next time."""
        site_now = self._clock.now()
        previous = self._site_time(previous_fire_time)
        due: datetime | None = self._trigger.get_next_fire_time(previous, site_now)
        while previous is not None and due is not None and due <= site_now:
            due = self._trigger.get_next_fire_time(due, site_now)  # missed: made up for once, now
        self._due = due
        if due is None:
            return None
        ahead_s = (due - site_now).total_seconds() / self._clock.speed
        least_s = 0.0 if previous_fire_time is None else MIN_PERIOD_S
        return now + timedelta(seconds=max(ahead_s, least_s))

    def _site_time(self, previous_fire_time: datetime | None) -> datetime | None:
        """Return the site time that was due then, not one worked back: rounding would add up.

        The scheduler asks twice after each run; both times the same run was the previous one.
        """
        if previous_fire_time is None:
            return None
        if previous_fire_time != self._asked_for:
            self._asked_for, self._previous = previous_fire_time, self._due
        return self._previous


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timer:
    name: str
    trigger: SiteTime
    callback: Callback


class Timers:
    """Named periodic work; nothing of it is stored: it is set up again at each start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timers: dict[str, _Timer] = {}
        self._scheduler: AsyncIOScheduler | None = None

    def add(self, name: str, when: float | BaseTrigger, callback: Callback) -> None:
        """Run `callback` when a trigger says so; one of the same name is replaced.

        Args:
            name: Names the work in messages.
            when: Site seconds between two runs, the first one after that time; or a trigger of
                apscheduler, in site time.
            callback: Not run again before it has ended; a run that is missed is made up for once.
        """
        trigger = when if isinstance(when, BaseTrigger) else self._every(when)
        timer = _Timer(name=name, trigger=SiteTime(trigger, self._clock), callback=callback)
        self._timers[name] = timer
        if self._scheduler is not None:
            _schedule(self._scheduler, timer)

    def start(self) -> None:
        """Start firing, in the running event loop."""
        if self._scheduler is not None:
            return
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        for timer in self._timers.values():
            _schedule(self._scheduler, timer)
        self._scheduler.start()

    def stop(self) -> None:
        """Stop firing; what runs is cancelled."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    def _every(self, every_s: float) -> IntervalTrigger:
        first = self._clock.now() + timedelta(seconds=every_s)
        return IntervalTrigger(seconds=every_s, start_date=first, timezone=UTC)


def _schedule(scheduler: AsyncIOScheduler, timer: _Timer) -> None:
    async def run() -> None:
        await timer.callback()

    scheduler.add_job(
        run,
        timer.trigger,
        id=timer.name,
        name=timer.name,
        replace_existing=True,
        coalesce=True,
        misfire_grace_time=None,
        max_instances=1,
    )

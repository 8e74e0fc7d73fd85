"""Run work at times of the site: periods by steady seconds, triggers by its wall clock.

Periods never look at a wall clock: one that steps by an hour moves none of them. apscheduler's
triggers (07:00 every day) do, and are asked again every half minute: nothing fires twice for a step
back, and what a step forward jumped over fires once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

from apscheduler.triggers.base import BaseTrigger

from solard.system.clock import MIN_PERIOD_S, Clock

Callback = Callable[[], Awaitable[None]]

LOOK_EVERY_S = 30.0
"""Real seconds: the longest that a wall clock's step goes unnoticed."""
REMEMBERED = timedelta(days=1)
"""A clock that stepped back further was wrong before, and what it fired for does not count."""

log = logging.getLogger(__name__)


class SiteTime:
    """When a trigger is due by a wall clock that may step."""

    def __init__(self, trigger: BaseTrigger, begun_at: datetime) -> None:
        """Ask a trigger from `begun_at` on."""
        self._trigger = trigger
        self._seen_at = begun_at
        self._fired_for: datetime | None = None
        self._due: datetime | None = self._next(None, begun_at)

    def take(self, now: datetime) -> bool:
        """Say whether it is due at `now`, once; what was missed meanwhile is made up for by it."""
        if now < self._seen_at:  # a step back: what comes next may now be nearer
            self._due = self._after_step(now)
        self._seen_at = now
        if self._due is None or now < self._due:
            return False
        self._fired_for = self._due
        due = self._next(self._due, now)
        while due is not None and due <= now:
            self._fired_for = due
            due = self._next(due, now)
        self._due = due
        return True

    def ahead_s(self, now: datetime) -> float | None:
        """Return the site seconds until it is due, ≥ 0; None = never again."""
        return None if self._due is None else max(0.0, (self._due - now).total_seconds())

    def _after_step(self, now: datetime) -> datetime | None:
        fired_for = self._fired_for
        if fired_for is None or fired_for - now > REMEMBERED:
            return self._next(None, now)
        return self._next(fired_for, fired_for + timedelta(microseconds=1))

    def _next(self, previous: datetime | None, now: datetime) -> datetime | None:
        due: datetime | None = self._trigger.get_next_fire_time(previous, now)
        return due


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timer:
    name: str
    when: float | BaseTrigger
    callback: Callback


class Timers:
    """Named periodic work; nothing of it is stored: it is set up again at each start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timers: dict[str, _Timer] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._running = False

    def add(self, name: str, when: float | BaseTrigger, callback: Callback) -> None:
        """Run `callback` when it is time; one of the same name is replaced.

        Args:
            name: Names the work in messages.
            when: Site seconds between two runs, the first one after that time; or a trigger of
                apscheduler, in site time.
            callback: Not run again before it has ended; runs that are missed are made up for once.
        """
        self._timers[name] = _Timer(name=name, when=when, callback=callback)
        if self._running:
            self._begin(self._timers[name])

    def start(self) -> None:
        """Start firing, in the running event loop."""
        if self._running:
            return
        self._running = True
        for timer in self._timers.values():
            self._begin(timer)

    def stop(self) -> None:
        """Stop firing; what runs is cancelled."""
        self._running = False
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def _begin(self, timer: _Timer) -> None:
        if timer.name in self._tasks:
            self._tasks[timer.name].cancel()
        run = (
            self._run_on(timer, timer.when)
            if isinstance(timer.when, BaseTrigger)
            else self._run_every(timer, timer.when)
        )
        self._tasks[timer.name] = asyncio.create_task(run, name=f"timer {timer.name}")

    async def _run_every(self, timer: _Timer, every_s: float) -> None:
        """Run the work once a period, on the beat: delays do not add up."""
        due_s = self._clock.monotonic_s() + every_s
        while True:
            ahead_s = (due_s - self._clock.monotonic_s()) / self._clock.speed
            await asyncio.sleep(max(ahead_s, MIN_PERIOD_S))
            late_s = self._clock.monotonic_s() - due_s
            if late_s < 0.0:  # the loop's clock and ours may differ by a hair
                continue
            due_s += every_s * (1 + floor(late_s / every_s))
            await _fire(timer)

    async def _run_on(self, timer: _Timer, trigger: BaseTrigger) -> None:
        site_time = SiteTime(trigger, self._clock.now())
        while (ahead_s := site_time.ahead_s(self._clock.now())) is not None:
            real_s = min(ahead_s / self._clock.speed, LOOK_EVERY_S)
            await asyncio.sleep(max(real_s, MIN_PERIOD_S))
            if site_time.take(self._clock.now()):
                await _fire(timer)


async def _fire(timer: _Timer) -> None:
    """Run the work; whatever goes wrong in it, the timer goes on."""
    try:
        await timer.callback()
    except Exception:
        log.exception("timer failed, it goes on: name=%s", timer.name)

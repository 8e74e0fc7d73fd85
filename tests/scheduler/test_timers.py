"""Timers fire by the site's clock, however fast it runs and whatever its wall clock does."""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from scheduler.timers import SiteTime, Timers
from solard.system.clock import ScaledClock

SITE_START = datetime(2024, 6, 1, 6, tzinfo=UTC)


def at(hours: float, minutes: float = 0.0) -> datetime:
    """06:00 of the first of June and so much later."""
    return SITE_START + timedelta(hours=hours, minutes=minutes)


def at_seven() -> SiteTime:
    return SiteTime(CronTrigger(hour=7, timezone=UTC), SITE_START)


def test_trigger_is_due_once() -> None:
    seven = at_seven()

    assert not seven.take(at(0.9))
    assert seven.take(at(1.0))
    assert not seven.take(at(1.1))
    assert seven.ahead_s(at(1.0)) == 24 * 3600.0


def test_runs_that_were_missed_are_made_up_for_once() -> None:
    quarter = SiteTime(IntervalTrigger(minutes=15, start_date=at(0, 15), timezone=UTC), SITE_START)

    assert quarter.take(at(3, 5))
    assert not quarter.take(at(3, 6))
    assert quarter.ahead_s(at(3, 5)) == 600.0


def test_24_clock_that_steps_back_an_hour_fires_nothing_twice() -> None:
    seven = at_seven()
    assert seven.take(at(1.0))

    assert not seven.take(at(0.5))
    assert not seven.take(at(1.0))
    assert seven.ahead_s(at(1.0)) == 24 * 3600.0


def test_24_clock_that_steps_back_before_the_time_still_fires_at_it() -> None:
    seven = at_seven()
    assert not seven.take(at(0.9))

    assert not seven.take(at(-0.1))
    assert seven.take(at(1.0))


def test_24_clock_that_jumps_over_the_time_fires_once() -> None:
    seven = at_seven()

    assert seven.take(at(2.0))
    assert seven.ahead_s(at(2.0)) == 23 * 3600.0


def test_24_clock_that_was_years_ahead_is_forgiven() -> None:
    seven = SiteTime(CronTrigger(hour=7, timezone=UTC), at(24 * 3000))
    assert seven.take(at(24 * 3000 + 1.0))

    assert not seven.take(SITE_START)
    assert seven.ahead_s(SITE_START) == 3600.0


def test_trigger_that_is_over_stays_over() -> None:
    past = IntervalTrigger(minutes=15, end_date=SITE_START - timedelta(days=1), timezone=UTC)
    site_time = SiteTime(past, SITE_START)

    assert site_time.ahead_s(SITE_START) is None
    assert not site_time.take(at(1.0))


@dataclass
class SteppingClock:
    """Runs 3000 times as fast, and its wall clock steps back by an hour after a while."""

    begun_s: float = field(default_factory=time.monotonic)
    speed: float = 3000.0
    steps_after_s: float = 1000.0

    def monotonic_s(self) -> float:
        return (time.monotonic() - self.begun_s) * self.speed

    def now(self) -> datetime:
        steady_s = self.monotonic_s()
        back_s = 3600.0 if steady_s > self.steps_after_s else 0.0
        return SITE_START + timedelta(seconds=steady_s - back_s)


async def test_24_period_does_not_mind_a_clock_that_steps_back() -> None:
    clock = SteppingClock()
    runs: list[float] = []
    three = asyncio.Event()

    async def work() -> None:
        runs.append(clock.monotonic_s())
        if len(runs) == 3:
            three.set()

    timers = Timers(clock)
    timers.add("plan", 900.0, work)
    timers.start()
    async with asyncio.timeout(10.0):
        await three.wait()
    timers.stop()

    assert runs[0] >= 900.0
    assert runs[2] - runs[0] >= 1700.0


async def test_timer_runs_its_work_again_and_again() -> None:
    clock = ScaledClock(SITE_START, time.monotonic(), 3000.0)
    runs: list[datetime] = []
    three = asyncio.Event()

    async def work() -> None:
        runs.append(clock.now())
        if len(runs) == 3:
            three.set()

    timers = Timers(clock)
    timers.add("plan", 900.0, work)
    timers.start()
    timers.start()
    async with asyncio.timeout(10.0):
        await three.wait()
    timers.stop()

    assert runs[0] >= SITE_START + timedelta(seconds=900)
    assert runs[2] >= SITE_START + timedelta(seconds=2700)


async def test_trigger_runs_its_work_at_its_time() -> None:
    clock = ScaledClock(SITE_START, time.monotonic(), 12000.0)
    fired: list[datetime] = []
    once = asyncio.Event()

    async def work() -> None:
        fired.append(clock.now())
        once.set()

    timers = Timers(clock)
    timers.add("breakfast", CronTrigger(hour=7, timezone=UTC), work)
    timers.start()
    async with asyncio.timeout(10.0):
        await once.wait()
    timers.stop()

    assert fired[0] >= at(1.0)


async def test_timer_added_after_the_start_fires_and_replaces_its_namesake() -> None:
    timers = Timers(ScaledClock(SITE_START, time.monotonic(), 3000.0))
    fired = asyncio.Event()
    wrong: list[int] = []

    async def old() -> None:
        wrong.append(1)

    async def new() -> None:
        fired.set()

    timers.start()
    timers.add("late", 900.0, old)
    timers.add("late", 900.0, new)
    async with asyncio.timeout(10.0):
        await fired.wait()
    timers.stop()

    assert wrong == []


async def test_stopped_timers_are_silent() -> None:
    timers = Timers(ScaledClock(SITE_START, time.monotonic(), 3000.0))
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)

    timers.add("plan", 600.0, work)
    timers.start()
    timers.stop()
    await asyncio.sleep(0.5)

    assert runs == []


async def test_work_that_fails_does_not_end_its_timer(caplog: pytest.LogCaptureFixture) -> None:
    timers = Timers(ScaledClock(SITE_START, time.monotonic(), 3000.0))
    runs: list[int] = []
    twice = asyncio.Event()

    async def work() -> None:
        runs.append(1)
        if len(runs) == 2:
            twice.set()
        raise RuntimeError("a bad day")

    timers.add("plan", 900.0, work)
    timers.start()
    with caplog.at_level(logging.ERROR):
        async with asyncio.timeout(10.0):
            await twice.wait()
    timers.stop()

    assert "timer failed, it goes on: name=plan" in caplog.text

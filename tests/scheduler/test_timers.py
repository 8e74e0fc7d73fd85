"""Timers fire by the site's clock, however fast it runs."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from scheduler.timers import SiteTime, Timers
from solard.system.clock import ScaledClock

SITE_START = datetime(2024, 6, 1, 6, tzinfo=UTC)
REAL_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class HandClock:
    """A site's clock that a test turns by hand."""

    site_now: datetime = SITE_START
    speed: float = 60.0

    def now(self) -> datetime:
        return self.site_now

    def monotonic_s(self) -> float:
        return (self.site_now - SITE_START).total_seconds()


def every_quarter(clock: HandClock) -> SiteTime:
    first = clock.now() + timedelta(minutes=15)
    return SiteTime(IntervalTrigger(minutes=15, start_date=first, timezone=UTC), clock)


def real(seconds: float) -> datetime:
    return REAL_START + timedelta(seconds=seconds)


def test_quarter_of_an_hour_at_speed_60_is_15_real_seconds() -> None:
    trigger = every_quarter(HandClock())

    assert trigger.get_next_fire_time(None, real(0.0)) == real(15.0)


def test_delays_do_not_add_up() -> None:
    clock = HandClock()
    trigger = every_quarter(clock)
    first = trigger.get_next_fire_time(None, real(0.0))
    clock.site_now += timedelta(minutes=16)  # asked a real second late

    assert trigger.get_next_fire_time(first, real(16.0)) == real(30.0)


def test_asking_twice_skips_no_run() -> None:
    clock = HandClock()
    trigger = every_quarter(clock)
    first = trigger.get_next_fire_time(None, real(0.0))
    clock.site_now += timedelta(minutes=15)

    answers = [trigger.get_next_fire_time(first, real(15.0)) for _ in range(2)]

    assert answers == [real(30.0), real(30.0)]


def test_runs_that_were_missed_are_made_up_for_once() -> None:
    clock = HandClock()
    trigger = every_quarter(clock)
    first = trigger.get_next_fire_time(None, real(0.0))
    clock.site_now += timedelta(hours=3, minutes=5)

    assert trigger.get_next_fire_time(first, real(185.0)) == real(195.0)


def test_cron_times_are_the_sites() -> None:
    clock = HandClock()
    trigger = SiteTime(CronTrigger(hour=7, timezone=UTC), clock)

    assert trigger.get_next_fire_time(None, real(0.0)) == real(60.0)


def test_trigger_that_is_over_stays_over() -> None:
    clock = HandClock()
    past = IntervalTrigger(minutes=15, end_date=SITE_START - timedelta(days=1), timezone=UTC)

    assert SiteTime(past, clock).get_next_fire_time(None, real(0.0)) is None


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
    async with asyncio.timeout(10.0):
        await three.wait()
    timers.stop()

    assert runs[0] >= SITE_START + timedelta(seconds=900)
    assert runs[2] >= SITE_START + timedelta(seconds=2700)


async def test_timer_added_after_the_start_fires_too() -> None:
    timers = Timers(ScaledClock(SITE_START, time.monotonic(), 3000.0))
    fired = asyncio.Event()

    async def work() -> None:
        fired.set()

    timers.start()
    timers.add("late", 900.0, work)
    async with asyncio.timeout(10.0):
        await fired.wait()
    timers.stop()


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


async def test_work_that_fails_does_not_end_its_timer() -> None:
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
    async with asyncio.timeout(10.0):
        await twice.wait()
    timers.stop()

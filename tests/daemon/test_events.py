"""Events: shown, kept, and the loud ones told to the owner."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from solard.core.errors import SolardError
from solard.core.inputs import Override, OverrideKind
from solard.core.view import Event
from solard.daemon.daemon import is_tidy_due, say_request
from solard.daemon.events import KEPT_IN_MEMORY, Events
from solard.store.store import Store
from tests.daemon.stage import NOON, HandClock, until


@asynccontextmanager
async def running(events: Events) -> AsyncIterator[None]:
    task = asyncio.create_task(events.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_newest_stands_first_and_has_its_moment(events: Events, clock: HandClock) -> None:
    events.tell("rig", "budget 480 W")
    clock.pass_s(60.0)
    events.tell("inverter", "no answer", "alert")

    newest, older = events.newest()

    assert (newest.source, newest.level, newest.text) == ("inverter", "alert", "no answer")
    assert (older.happened_at, older.level) == (NOON, "info")


def test_events_outlive_the_daemon(events: Events, store: Store) -> None:
    events.tell("rig", "budget 480 W")
    assert store.flush()

    assert [event.text for event in store.events(10)] == ["budget 480 W"]


def test_memory_holds_the_newest_only(events: Events) -> None:
    for number in range(KEPT_IN_MEMORY + 5):
        events.tell("rig", str(number))

    assert len(events.newest()) == KEPT_IN_MEMORY
    assert events.newest()[0].text == "204"


async def test_only_alerts_go_to_the_owner_s_command(clock: HandClock, store: Store) -> None:
    heard: list[Event] = []

    async def hook(event: Event) -> None:
        heard.append(event)

    events = Events(clock, store, hook)
    async with running(events):
        events.tell("rig", "budget 480 W")
        events.tell("rig", "a card is warm", "warning")
        events.tell("inverter", "no answer", "alert")
        await until(lambda: heard)

    assert [event.text for event in heard] == ["no answer"]


async def test_failing_command_stops_nothing(clock: HandClock, store: Store) -> None:
    heard: list[str] = []

    async def hook(event: Event) -> None:
        heard.append(event.text)
        raise SolardError("hooks.alert ended with 1: no route to host")

    events = Events(clock, store, hook)
    async with running(events):
        events.tell("inverter", "first", "alert")
        events.tell("inverter", "second", "alert")
        await until(lambda: len(heard) == 2)

    assert heard == ["first", "second"]


async def test_flood_of_alerts_is_cut_and_never_waits(clock: HandClock, store: Store) -> None:
    heard: list[str] = []

    async def hook(event: Event) -> None:
        heard.append(event.text)

    events = Events(clock, store, hook)
    for number in range(500):
        events.tell("inverter", str(number), "alert")
    async with running(events):
        await until(lambda: len(heard) == 50)
        await asyncio.sleep(0.05)

    assert heard == [str(number) for number in range(50)]


async def test_no_command_is_fine(events: Events) -> None:
    async with running(events):
        events.tell("inverter", "no answer", "alert")
        await asyncio.sleep(0.01)

    assert len(events.newest()) == 1


def test_what_an_operator_asks_for_is_told_as_a_sentence() -> None:
    until_at = NOON + timedelta(hours=2)
    pause = Override(kind=OverrideKind.PAUSE, until_at=until_at)
    run = Override(kind=OverrideKind.RUN, until_at=until_at, power_w=600.0)

    assert say_request(pause, "16:00") == "Paused until 16:00."
    assert say_request(run, "16:00") == "Asked for 600 W until 16:00."


def test_a_backup_is_due_by_its_own_age_and_not_by_how_long_the_daemon_runs() -> None:
    an_hour, a_day = 3600.0, 86400.0

    assert is_tidy_due(backup_age_s=None, since_s=an_hour)
    assert is_tidy_due(backup_age_s=a_day, since_s=an_hour)
    assert not is_tidy_due(backup_age_s=an_hour, since_s=an_hour)
    assert is_tidy_due(backup_age_s=an_hour, since_s=a_day)

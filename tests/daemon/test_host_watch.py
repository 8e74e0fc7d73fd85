"""The machine is looked at, and what runs short is told once."""

import asyncio
import errno
from dataclasses import replace

from solard.core.host import HostState
from solard.daemon.events import Events
from solard.daemon.host_watch import HostWatch

WELL = HostState(
    cpu_share=0.1,
    memory_used_bytes=50,
    memory_total_bytes=100,
    disk_used_bytes=50,
    disk_total_bytes=100,
    temperature_c=50.0,
    received_bytes_per_s=0.0,
    sent_bytes_per_s=0.0,
)


def told(watch: HostWatch, events: Events, *states: HostState) -> list[str]:
    for state in states:
        watch._warn(state)
    return [event.text for event in reversed(events.newest())]


def test_full_disk_is_told_once_and_again_after_it_was_clear(events: Events) -> None:
    watch = HostWatch(lambda: WELL, events)
    full, fuller = replace(WELL, disk_used_bytes=95), replace(WELL, disk_used_bytes=99)
    nearly = replace(WELL, disk_used_bytes=92)

    assert told(watch, events, WELL, full, nearly, fuller) == ["Running short: disk is 95 % full."]
    assert len(told(watch, events, WELL, full)) == 2


def test_full_memory_and_heat_are_told(events: Events) -> None:
    watch = HostWatch(lambda: WELL, events)

    said = told(watch, events, replace(WELL, memory_used_bytes=97, temperature_c=96.0))

    assert said == [
        "Running short: memory is 97 % full.",
        "Running short: the machine is at 96 °C.",
    ]


async def test_machine_that_cannot_be_looked_at_is_unknown_and_told_once(events: Events) -> None:
    def read() -> HostState:
        raise OSError(errno.EMFILE, "Too many open files")

    watch = HostWatch(read, events)
    await watch._look()
    await watch._look()

    assert watch.state is None
    assert [event.text for event in events.newest()] == [
        "Running short: the machine cannot be looked at: Too many open files."
    ]


def test_what_nobody_says_is_no_shortage(events: Events) -> None:
    watch = HostWatch(lambda: WELL, events)

    assert told(watch, events, replace(WELL, disk_used_bytes=None, temperature_c=None)) == []


async def test_newest_look_is_kept(events: Events) -> None:
    watch = HostWatch(lambda: WELL, events)
    assert watch.state is None

    running = asyncio.create_task(watch.run())
    async with asyncio.timeout(5.0):
        while watch.state is None:
            await asyncio.sleep(0.01)
    running.cancel()

    assert watch.state == WELL

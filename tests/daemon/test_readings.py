"""Between poller and snapshot each change of a device is told once."""

from dataclasses import replace

import pytest

from solard.core.readings import PointReading, Quality
from solard.daemon.events import Events
from solard.daemon.latest import Latest
from solard.daemon.readings import Readings
from tests.daemon.stage import HandClock, failed, reading, setup_of

ASLEEP = PointReading(name="pv_power", value=None, unit="W", quality=Quality.ASLEEP)


@pytest.fixture
def readings(clock: HandClock, events: Events) -> Readings:
    return Readings(Latest(setup_of(), clock.monotonic_s()), events)


def texts(events: Events) -> list[str]:
    return [event.text for event in reversed(events.newest())]


def test_falling_asleep_and_waking_are_told_once_each(
    readings: Readings, events: Events, clock: HandClock
) -> None:
    day = reading(clock, pv_power=800.0)
    night = replace(day, points=(ASLEEP,))

    for one in (day, day, night, night, night, day, day):
        readings.take(one)

    assert texts(events) == ["inverter sleeps: its panels have no sun.", "inverter is awake."]


def test_silence_and_answer_are_told_once_each(
    readings: Readings, events: Events, clock: HandClock
) -> None:

    for one in (failed(clock), failed(clock), reading(clock, pv_power=1.0)):
        readings.take(one)

    assert len(texts(events)) == 2
    assert texts(events)[0].startswith("inverter: ")
    assert texts(events)[1] == "inverter answers again."


def test_silence_of_a_sleeper_does_not_wake_it(
    readings: Readings, events: Events, clock: HandClock
) -> None:
    night = replace(reading(clock), points=(ASLEEP,))

    for one in (night, failed(clock), night):
        readings.take(one)

    assert "inverter is awake." not in texts(events)

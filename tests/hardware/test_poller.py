"""The poller: one reading for each poll, good or failed, each device at its own pace."""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta

import pytest

from hardware.poller import Backoff, Poller
from solard.core.errors import SolardError
from solard.core.readings import DeviceReading, PointReading, Quality
from solard.system.clock import ScaledClock

QUICK = Backoff(first_s=0.01, longest_s=0.04)
MOMENT = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)


class ScriptedDevice:
    """Answers by the next line of its script; the last line holds for ever."""

    def __init__(self, device_id: str, *script: float | Exception, period_s: float = 0.0) -> None:
        self.device_id = device_id
        self.period_s = period_s
        self.min_interval_s = 0.0
        self.polls = 0
        self.is_closed = False
        self._script = script

    async def poll(self) -> tuple[PointReading, ...]:
        line = self._script[min(self.polls, len(self._script) - 1)]
        self.polls += 1
        if isinstance(line, Exception):
            raise line
        return (PointReading(name="pv_power", value=line, unit="W", quality=Quality.GOOD),)

    async def close(self) -> None:
        self.is_closed = True


def clock(speed: float = 60.0) -> ScaledClock:
    return ScaledClock(MOMENT, time.monotonic(), speed)


async def poll_until(count: int, poller_of, *devices: ScriptedDevice) -> list[DeviceReading]:
    """Run a poller until `count` readings came; return them."""
    readings: list[DeviceReading] = []
    enough = asyncio.Event()

    def keep(reading: DeviceReading) -> None:
        readings.append(reading)
        if len(readings) >= count:
            enough.set()

    poller = poller_of(devices, keep)
    async with asyncio.timeout(10):
        task = asyncio.create_task(poller.run())
        await enough.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    return readings


def quick(devices, keep) -> Poller:
    return Poller(devices, clock(), keep, QUICK)


async def test_good_poll_is_a_reading_with_site_time():
    (reading,) = (await poll_until(1, quick, ScriptedDevice("roof", 812.0)))[:1]

    assert reading.device_id == "roof"
    assert reading.number("pv_power") == 812.0
    assert reading.error is None
    assert MOMENT <= reading.measured_at < MOMENT + timedelta(minutes=20)
    assert reading.measured_s >= 0


async def test_failed_poll_is_a_reading_with_a_sentence_and_no_values():
    device = ScriptedDevice("roof", SolardError("10.0.0.7:502 refuses the connection"))
    (reading,) = (await poll_until(1, quick, device))[:1]

    assert reading.error == "10.0.0.7:502 refuses the connection"
    assert reading.points == ()


async def test_device_that_comes_back_is_well_again():
    device = ScriptedDevice("roof", SolardError("gone"), SolardError("gone"), 5.0)
    readings = await poll_until(3, quick, device)

    assert [one.error for one in readings[:3]] == ["gone", "gone", None]


async def test_broken_device_does_not_hold_up_the_others():
    ill = ScriptedDevice("ill", SolardError("gone"))
    well = ScriptedDevice("well", 5.0)
    readings = await poll_until(12, quick, ill, well)

    assert {one.device_id for one in readings if one.error is None} == {"well"}
    assert well.polls >= 1
    assert ill.polls >= 2


async def test_bug_in_a_driver_is_a_failed_poll_and_not_the_end(caplog):
    readings = await poll_until(2, quick, ScriptedDevice("roof", KeyError("St"), 5.0))

    assert readings[0].error == "solard itself failed: KeyError: 'St'"
    assert readings[1].number("pv_power") == 5.0


async def test_log_says_a_state_once_and_not_at_every_poll(caplog):
    caplog.set_level(logging.INFO, "hardware.poller")
    gone = SolardError("gone")
    await poll_until(5, quick, ScriptedDevice("roof", gone, gone, gone, 5.0, 5.0))

    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "device does not answer: device=roof error=gone",
        "device is back: device=roof failed_polls=3",
    ]


async def test_health_counts_polls_and_tells_the_error():
    pollers: list[Poller] = []

    def remember(devices, keep) -> Poller:
        pollers.append(Poller(devices, clock(), keep, Backoff(first_s=5.0)))
        return pollers[0]

    ill = ScriptedDevice("ill", SolardError("gone"))
    await poll_until(2, remember, ill, ScriptedDevice("well", 5.0))
    sick, sound = pollers[0].health()

    assert (sick.device_id, sick.polls_ok, sick.polls_failed, sick.error) == ("ill", 0, 1, "gone")
    assert sick.retry_in_s is not None
    assert 3 < sick.retry_in_s <= 5
    assert (sound.polls_ok, sound.polls_failed, sound.error) == (1, 0, None)
    assert sound.retry_in_s is None
    assert sound.last_duration_s is not None


async def test_devices_are_closed_when_the_poller_ends():
    device = ScriptedDevice("roof", 5.0)
    await poll_until(1, quick, device)

    assert device.is_closed


@pytest.mark.parametrize(
    ("period_s", "minimum_s", "speed", "effective_s"),
    [
        (2.0, 0.0, 1.0, 2.0),
        (2.0, 0.0, 60.0, 12.0),
        (2.0, 1.0, 60.0, 60.0),
        (30.0, 0.0, 60.0, 30.0),
        (2.0, 5.0, 1.0, 5.0),
    ],
)
def test_period_is_the_longest_of_wish_device_and_clock(period_s, minimum_s, speed, effective_s):
    device = ScriptedDevice("roof", 5.0, period_s=period_s)
    device.min_interval_s = minimum_s
    poller = Poller([device], clock(speed), lambda reading: None)

    assert poller.health()[0].period_s == pytest.approx(effective_s)


async def test_failed_poll_is_not_repeated_faster_than_the_device_stands():
    pollers: list[Poller] = []

    def remember(devices, keep) -> Poller:
        pollers.append(Poller(devices, clock(), keep, QUICK))
        return pollers[0]

    slow = ScriptedDevice("slow", SolardError("busy"))
    slow.min_interval_s = 9.0
    await poll_until(1, remember, slow)

    assert (pollers[0].health()[0].retry_in_s or 0) > 5


def test_backoff_stays_short_while_a_device_may_restart_and_is_never_in_step():
    usual = Backoff()

    longest = {1: 0.5, 2: 1.0, 5: 4.0, 150: 4.0, 151: 8.0, 10_000: 60.0}
    for failures, longest_s in longest.items():
        waits = [usual.delay_s(failures) for _ in range(20)]
        assert all(0.75 * longest_s <= wait_s <= longest_s for wait_s in waits)
        assert len(set(waits)) > 1

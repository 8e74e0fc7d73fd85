"""What shows only over several polls, row by row: the number in a test's name is the failure's.

The chaos device drives each row. A witness fails the test where any value was ever good that was
not true, and `polls_until_well` counts the polls until every true value was good again.
"""

import asyncio
import logging

import pytest
from chaos import BUSY, NO_ANSWER, ChaosDevice, cut, honest, refusing, reset, saying, short
from reading import HYBRID, NOON, Listener, hybrid, reader_of
from registers_at import at

from hardware.poller import Backoff, Poller
from solard.core.readings import Quality
from solard.system.clock import SystemClock

GOOD, SUSPECT, STALE = Quality.GOOD, Quality.SUSPECT, Quality.STALE

METERED = """
points:
  pv_power: {addr: 0, unit: W, max: 20000}
  battery_power: {addr: 1, type: i16, unit: W}
  load_power: {addr: 2, unit: W}
  grid_power: {addr: 50, type: i16, unit: W}
"""
SUNNY = {"pv_power": 3000, "battery_power": 0, "load_power": 1000, "grid_power": -2000}
DARK = {"pv_power": 0, "battery_power": 0, "load_power": 1000, "grid_power": 1000}
OLD_FRAME = saying(0xF830)
"""What the meter said while the sun shone: -2000 W."""


async def test_row_08_old_frame_of_the_meter_contradicts_the_rest(caplog):
    chaos = ChaosDevice({1: at(0, 3000, 0, 1000) | at(50, -2000)})
    async with reader_of(chaos, METERED, SUNNY) as reader:
        await reader.polls(4)
        chaos.units[1].update(at(0, 0, 0, 1000) | at(50, 1000))
        reader.now_true(**DARK)
        chaos.next(honest, OLD_FRAME)
        replayed = await reader.poll()
        assert await reader.polls_until_well() == 1

    assert replayed.quality("grid_power") is SUSPECT
    assert replayed.quality("load_power") is SUSPECT
    assert sum("values contradict: " in one.message for one in caplog.records) == 1


async def test_row_08_gateway_that_does_it_in_every_third_poll_is_told_once(caplog):
    chaos = ChaosDevice({1: at(0, 3000, 0, 1000) | at(50, -2000)})
    async with reader_of(chaos, METERED, SUNNY) as reader:
        await reader.polls(4)
        chaos.units[1].update(at(0, 0, 0, 1000) | at(50, 1000))
        reader.now_true(**DARK)
        for _ in range(70):
            chaos.next(honest, honest, honest, honest, honest, OLD_FRAME)
            await reader.polls(3)
        assert await reader.polls_until_well() == 1

    (line,) = [one.message for one in caplog.records if "contradict often" in one.message]
    assert "does a gateway answer with old frames" in line


async def test_row_08_register_that_never_agreed_condemns_nobody(caplog):
    """A load register that counts the backup output alone is no sign of old frames."""
    chaos = ChaosDevice({1: at(0, 3000, 0, 100) | at(50, -500)})
    truth = {"pv_power": 3000, "battery_power": 0, "load_power": 100, "grid_power": -500}
    async with reader_of(chaos, METERED, truth) as reader:
        for _ in range(5):
            assert await reader.polls_until_well() == 1

    assert sum("values contradict: " in one.message for one in caplog.records) == 1


COUNTER = "points: {import_total: {addr: 0, type: u32, unit: kWh, scale: 0.1, monotonic: true}}"


async def test_row_29_counter_that_falls_for_a_poll_is_suspect():
    chaos = ChaosDevice({1: at(0, 1, 20000)})
    async with reader_of(chaos, COUNTER, {"import_total": 8553.6}) as reader:
        await reader.poll()
        chaos.units[1] = at(0, 0, 0)
        glitch = await reader.polls(2)
        chaos.units[1] = at(0, 1, 20001)
        reader.now_true(import_total=8553.7)
        assert await reader.polls_until_well() == 1

    assert [one.quality("import_total") for one in glitch] == [SUSPECT, SUSPECT]


async def test_row_29_counter_that_starts_anew_is_believed_the_third_time():
    chaos = ChaosDevice({1: at(0, 1, 20000)})
    async with reader_of(chaos, COUNTER, {"import_total": 8553.6}) as reader:
        await reader.poll()
        chaos.units[1] = at(0, 0, 1)
        reader.now_true(import_total=0.1)
        assert await reader.polls_until_well() == 3
        chaos.units[1] = at(0, 0, 2)
        reader.now_true(import_total=0.2)
        assert await reader.polls_until_well() == 1

    qualities = [one.quality("import_total") for one in reader.seen[1:]]
    assert qualities == [SUSPECT, SUSPECT, GOOD, GOOD]


async def test_row_29_counter_that_leaps_must_be_confirmed():
    chaos = ChaosDevice({1: at(0, 1, 20000)})
    async with reader_of(chaos, COUNTER, {"import_total": 8553.6}) as reader:
        await reader.poll()
        chaos.units[1] = at(0, 40, 20000)
        leap = await reader.poll()
        chaos.units[1] = at(0, 1, 20000)
        assert await reader.polls_until_well() == 1

    assert leap.quality("import_total") is SUSPECT


async def test_row_37_device_that_stands_still_by_day_is_stale_until_it_moves():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos, f"frozen_after: 3\n{HYBRID}") as reader:
        seen = await reader.polls(5)
        chaos.units[1][5] = 525
        reader.now_true(battery_voltage=52.5)
        assert await reader.polls_until_well() == 1

    qualities = [one.quality("pv_power") for one in seen]
    assert qualities == [GOOD, GOOD, GOOD, STALE, STALE]


async def test_row_37_every_device_is_watched_and_night_is_no_standstill():
    chaos = ChaosDevice({1: hybrid() | {0: 0}})
    async with reader_of(chaos, truth={**NOON, "pv_power": 0}) as reader:
        dark = (await reader.polls(62))[-1]
        chaos.units[1][0] = 3000
        reader.now_true(pv_power=3000)
        bright = (await reader.polls(62))[-1]
        chaos.units[1][0] = 2999
        reader.now_true(pv_power=2999)
        assert await reader.polls_until_well() == 1

    assert dark.quality("battery_soc") is GOOD
    assert bright.quality("battery_soc") is STALE


async def test_row_38_trouble_is_one_line_in_the_log_and_not_one_for_each_poll(
    caplog: pytest.LogCaptureFixture,
):
    chaos = ChaosDevice({1: hybrid()}, always=reset)
    caplog.set_level(logging.INFO)
    listener = Listener()
    async with reader_of(chaos, options={"min_interval_s": 0.0}) as reader:
        chaos.next(refusing(NO_ANSWER), refusing(BUSY), refusing(BUSY), short, cut)
        poller = Poller([reader.device], SystemClock(), listener, Backoff(first_s=0.0))
        task = asyncio.create_task(poller.run())
        async with asyncio.timeout(20.0):  # a test that fails should end
            while len(listener.readings) < 20:
                await asyncio.sleep(0.001)
            chaos.always = None
            while listener.readings[-1].error is not None:
                await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await reader.polls_until_well() == 1

    assert listener.witness.lies == []
    lines = [one.message for one in caplog.records if "hardware.poller" in one.name]
    assert [line.split(":")[0] for line in lines] == ["device does not answer", "device is back"]

"""What is wrong with single values, row by row: the number in a test's name is the failure's.

The chaos device drives each row. A witness fails the test where any value was ever good that was
not true, and `polls_until_well` counts the polls until every true value was good again.
"""

import asyncio
import logging

from chaos import ChaosDevice, all_ones, honest, silent, turning
from reading import NOON, Listener, hybrid, reader_of
from registers_at import at

from hardware.poller import Backoff, Poller
from solard.core.readings import Quality
from solard.system.clock import SystemClock

GOOD, SUSPECT = Quality.GOOD, Quality.SUSPECT
MISSING, ASLEEP = Quality.MISSING, Quality.ASLEEP


async def test_row_11_sentinels_of_the_night_are_asleep_and_no_news(caplog):
    chaos = ChaosDevice({1: {0: 0x8000, 1: 2300}})
    body = """
points:
  pv_power: {addr: 0, type: i16, unit: W, nan: 0x8000, asleep: true}
  voltage: {addr: 1, unit: V, scale: 0.1}
"""
    caplog.set_level(logging.INFO)
    async with reader_of(chaos, body, {"pv_power": None, "voltage": 230}) as reader:
        night = await reader.polls(3)
        chaos.units[1][0] = 120
        reader.now_true(pv_power=120)
        assert await reader.polls_until_well() == 1

    assert [one.quality("pv_power") for one in night] == [ASLEEP] * 3
    assert [one.value("pv_power") for one in night] == [None] * 3
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == []


METER = """
points:
  energy: {addr: 0, type: u32, unit: kWh, scale: 0.1, monotonic: true}
  pv_power: {addr: 2, unit: W}
  ac_frequency: {addr: 3, unit: Hz, scale: 0.01}
  grid_power: {addr: 50, type: i32, unit: W}
"""


async def test_row_12_all_ones_of_a_restart_are_missing_and_no_counter_jumps():
    chaos = ChaosDevice({1: at(0, 0, 51234, 3000, 5002) | at(50, 0, 700)})
    truth = {"energy": 5123.4, "pv_power": 3000, "ac_frequency": 50.02, "grid_power": 700}
    async with reader_of(chaos, METER, truth) as reader:
        assert await reader.polls_until_well() == 1
        chaos.always = all_ones
        void = await reader.polls(2)
        chaos.always = None
        assert await reader.polls_until_well() == 1

    assert {one.quality for seen in void for one in seen.points} == {MISSING}


async def test_row_12_nothing_stands_in_for_what_a_void_block_held():
    chaos = ChaosDevice({1: at(0, 0, 900, 0, 1) | {50: 300}})
    body = """
points:
  power_total: {addr: 0, type: u32, unit: W}
  energy: {addr: 2, type: u32, unit: kWh}
  power_l1: {addr: 50, unit: W}
derived:
  grid_power: {first: [power_total, power_l1], unit: W}
"""
    truth = {"power_total": 900, "energy": 1, "power_l1": 300, "grid_power": 900}
    async with reader_of(chaos, body, truth) as reader:
        await reader.poll()
        chaos.next(all_ones)
        void = await reader.poll()
        assert await reader.polls_until_well() == 1

    assert (void.quality("power_l1"), void.quality("grid_power")) == (GOOD, MISSING)


async def test_row_12_two_words_that_are_all_ones_beside_a_void_block_are_void_too():
    """By themselves they would be -1 W."""
    chaos = ChaosDevice({1: at(0, 0, 51234, 3000, 5002) | at(50, 0, 700)})
    truth = {"energy": 5123.4, "pv_power": 3000, "ac_frequency": 50.02, "grid_power": 700}
    async with reader_of(chaos, METER, truth) as reader:
        await reader.poll()
        chaos.next(all_ones, all_ones)
        restart = await reader.poll()
        assert await reader.polls_until_well() == 1

    assert restart.quality("grid_power") is MISSING


async def test_row_12_short_answer_of_ones_is_asked_for_again_and_minus_1_is_believed():
    chaos = ChaosDevice({1: at(0, 0, 51234, 3000, 5002) | at(50, 0, 700)})
    truth = {"energy": 5123.4, "pv_power": 3000, "ac_frequency": 50.02, "grid_power": 700}
    async with reader_of(chaos, METER, truth) as reader:
        chaos.next(honest, all_ones)
        assert await reader.polls_until_well() == 1
        chaos.units[1].update(at(50, -1, -1))
        reader.now_true(grid_power=-1)
        assert await reader.polls_until_well() == 1
        chaos.asked.clear()
        assert await reader.polls_until_well() == 1

    assert [asked.address for asked in chaos.asked] == [0, 50]


async def test_row_13_soc_that_drops_to_0_must_say_so_three_times():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.units[1][4] = 0
        glitch = await reader.polls(2)
        chaos.units[1][4] = 64
        assert await reader.polls_until_well() == 1

    assert [one.quality("battery_soc") for one in glitch] == [SUSPECT, SUSPECT]


async def test_row_13_soc_0_at_the_very_first_poll_must_say_so_too():
    chaos = ChaosDevice({1: hybrid() | {4: 0}})
    async with reader_of(chaos) as reader:
        glitch = await reader.polls(2)
        chaos.units[1][4] = 64
        assert await reader.polls_until_well() == 1

    assert [one.quality("battery_soc") for one in glitch] == [SUSPECT, SUSPECT]


async def test_row_13_soc_0_that_stays_is_believed_the_third_time():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.units[1][4] = 0
        reader.now_true(battery_soc=0)
        assert await reader.polls_until_well() == 3

    assert [one.quality("battery_soc") for one in reader.seen[1:]] == [SUSPECT, SUSPECT, GOOD]


async def test_row_13_soc_0_of_a_battery_whose_voltage_fell_is_believed_at_once():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.units[1].update({4: 0, 5: 430})
        reader.now_true(battery_soc=0, battery_voltage=43)
        assert await reader.polls_until_well() == 1


async def test_row_13_charge_that_the_voltage_of_an_empty_battery_contradicts_is_suspect(caplog):
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.units[1][5] = 430
        reader.now_true(battery_soc=3, battery_voltage=43)
        lost_count = await reader.poll()
        chaos.units[1].update({4: 64, 5: 524})
        reader.now_true(battery_soc=64, battery_voltage=52.4)
        assert await reader.polls_until_well() == 1

    assert lost_count.quality("battery_soc") is SUSPECT
    assert "has it lost count of its charge?" in caplog.text


async def test_row_14_poll_that_fails_publishes_nothing_and_no_0():
    chaos = ChaosDevice({1: hybrid()})
    listener = Listener()
    async with reader_of(chaos, options={"min_interval_s": 0.0}) as reader:
        chaos.next(silent)
        poller = Poller([reader.device], SystemClock(), listener, Backoff(first_s=0.0))
        task = asyncio.create_task(poller.run())
        async with asyncio.timeout(20.0):  # a test that fails should end
            while len(listener.readings) < 2:
                await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await reader.polls_until_well() == 1

    lost, back = listener.readings[:2]
    assert (lost.points, lost.number("pv_power")) == ((), None)
    assert lost.error is not None
    assert back.number("pv_power") == 3000
    assert listener.witness.lies == []


async def test_row_14_poll_of_nothing_but_zeros_is_in_doubt_until_the_third_time():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.units[1] = at(0, *[0] * 6)
        blank = await reader.polls(2)
        chaos.units[1] = hybrid()
        assert await reader.polls_until_well() == 1
        chaos.units[1] = at(0, *[0] * 6)
        reader.now_true(**dict.fromkeys(NOON, 0))
        stays = await reader.polls(3)
        assert await reader.polls_until_well() == 2, "a charge of 0 is to be said three times more"

    assert [one.quality("pv_power") for one in stays] == [SUSPECT, SUSPECT, GOOD]
    assert {one.quality for seen in blank for one in seen.points} == {SUSPECT}


async def test_row_15_words_of_one_value_come_in_one_answer():
    """A counter turns from 65535 to 65536 between any two answers."""
    before, after = at(0, 0, 0xFFFF) | at(3, 0, 0xFFFF), at(0, 1, 0) | at(3, 1, 0)
    chaos = ChaosDevice({1: dict(before)}, always=turning(before, after))
    body = "points: {a: {addr: 0, type: u32}, b: {addr: 3, type: u32}}"
    truth = {"a": {65535, 65536}, "b": {65535, 65536}}
    async with reader_of(chaos, body, truth, max_words=4, max_gap=1) as reader:
        for _ in range(4):
            assert await reader.polls_until_well() == 1

    assert {(one.address, one.count) for one in chaos.asked} == {(0, 2), (3, 2)}


async def test_row_15_spike_of_65535_is_suspect_and_passes_by():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.units[1].update({0: 65535, 4: 90})
        spike = await reader.poll()
        chaos.units[1].update({0: 3000, 4: 64})
        assert await reader.polls_until_well() == 1

    assert [spike.quality(name) for name in ("pv_power", "battery_soc")] == [SUSPECT, SUSPECT]


async def test_row_15_last_number_of_a_type_is_suspect_at_first_sight():
    chaos = ChaosDevice({1: at(0, 0xFFFF, 0x8000, 0x7FFF, 0x7FFF, 0xFFFF)})
    body = """
points:
  battery_voltage: {addr: 0, unit: V, scale: 0.01}
  grid_power: {addr: 1, type: i16, unit: W}
  battery_power: {addr: 2, type: i16, unit: W}
  ac_power: {addr: 3, type: i32, unit: W}
"""
    truth = {"battery_voltage": 51.2, "grid_power": -1, "battery_power": 40, "ac_power": 1200}
    async with reader_of(chaos, body, truth) as reader:
        wrong = await reader.poll()
        chaos.units[1] = at(0, 5120, -1, 40, 0, 1200)
        assert await reader.polls_until_well() == 1

    assert [wrong.quality(name) for name in truth if name != "ac_power"] == [SUSPECT] * 3


async def test_row_15_power_that_the_device_itself_tore_is_suspect_and_passes_by():
    """-5600 W is FFFF EA20; with the other half of a moment before it is 59936 W."""
    chaos = ChaosDevice({1: at(0, -1, -5600)})
    body = "points: {grid_power: {addr: 0, type: i32, unit: W, min: -60000, max: 60000}}"
    async with reader_of(chaos, body, {"grid_power": -5600}) as reader:
        assert await reader.polls_until_well() == 1
        chaos.units[1] = at(0, 0, -5600)
        torn = await reader.poll()
        chaos.units[1] = at(0, -1, -5600)
        assert await reader.polls_until_well() == 1

    assert (torn.value("grid_power"), torn.quality("grid_power")) == (59936, SUSPECT)


async def test_row_15_counter_and_current_beyond_every_home_are_suspect_at_first_sight():
    chaos = ChaosDevice({1: at(0, 0x1000, 0, 30000)})
    body = """
points:
  energy: {addr: 0, type: u32, unit: kWh, scale: 0.1}
  battery_current: {addr: 2, unit: A, scale: 0.1}
"""
    async with reader_of(chaos, body, {"energy": 429.4, "battery_current": 20}) as reader:
        wrong = await reader.poll()
        chaos.units[1] = at(0, 0, 4294, 200)
        assert await reader.polls_until_well() == 1

    assert [one.quality for one in wrong.points] == [SUSPECT, SUSPECT]


async def test_row_15_leap_that_is_true_is_good_at_the_second_poll():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.units[1][4] = 90  # the battery's own computer has set its count right
        reader.now_true(battery_soc=90)
        assert await reader.polls_until_well() == 2


async def test_row_17_frequency_ten_times_too_high_is_suspect():
    chaos = ChaosDevice({1: {0: 5001}})
    body = "points: {ac_frequency: {addr: 0, scale: 0.1, unit: Hz, min: 40, max: 70}}"
    async with reader_of(chaos, body, {"ac_frequency": 50.1}) as reader:
        wrong = await reader.poll()
        chaos.units[1][0] = 501  # the dongle has new firmware
        assert await reader.polls_until_well() == 1

    assert (wrong.value("ac_frequency"), wrong.quality("ac_frequency")) == (500.1, SUSPECT)


async def test_row_28_negative_ac_power_is_what_it_is():
    chaos = ChaosDevice({1: at(0, -120)})
    body = "points: {ac_power: {addr: 0, type: i16, unit: W}}"
    async with reader_of(chaos, body, {"ac_power": -120}) as reader:
        assert await reader.polls_until_well() == 1
        chaos.units[1] = at(0, 120)
        reader.now_true(ac_power=120)
        assert await reader.polls_until_well() == 1


async def test_row_36_text_ends_at_its_first_nul_and_filling_is_no_text():
    name = b"SUN2000-10KTL-M1\0\0\0\x0001074311-0"
    words = [int.from_bytes(name[i : i + 2], "big") for i in range(0, len(name) - 1, 2)][:15]
    chaos = ChaosDevice({1: at(0, *words) | at(20, *[0xFFFF] * 3) | at(30, 0x4102, 0x42C2, 0)})
    body = (
        "points: {a: {addr: 0, type: str15}, b: {addr: 20, type: str3}, c: {addr: 30, type: str3}}"
    )
    truth = {"a": "SUN2000-10KTL-M1", "b": None, "c": "ABÂ"}
    async with reader_of(chaos, body, truth) as reader:
        assert await reader.polls_until_well() == 1
        chaos.units[1] |= at(20, 0x4F4B, 0, 0)
        reader.now_true(b="OK")
        assert await reader.polls_until_well() == 1

    first = reader.seen[0]
    assert (first.value("b"), first.quality("b")) == (None, MISSING)


async def test_row_38_value_that_is_missing_in_every_poll_is_no_line_in_the_log(caplog):
    chaos = ChaosDevice({1: at(0, 0x8000, 5)})
    caplog.set_level(logging.INFO)
    body = "points: {a: {addr: 0, nan: 0x8000}, b: {addr: 1}}"
    async with reader_of(chaos, body, {"a": None, "b": 5}) as reader:
        seen = await reader.polls(20)
        chaos.units[1][0] = 7
        reader.now_true(a=7)
        assert await reader.polls_until_well() == 1

    assert {one.quality("a") for one in seen} == {MISSING}
    assert caplog.records == []

"""What is wrong with the values, row by row: the number in a test's name is the failure's.

Each row is driven by the chaos device and asserts what was published, after how many polls all was
well again, and that no wrong number was ever published as good.
"""

import asyncio
import logging
from dataclasses import replace

import pytest
from chaos import ChaosDevice, honest, on_line, saying
from reading import HYBRID, Reader, hybrid, link_to, profile_of, reader_of
from sunspec_map import common, inverter, lay_out, storage

from hardware.modbus.device import ModbusDevice
from hardware.modbus.lint import lint_profile
from hardware.modbus.profile import load_profile
from solard.core.readings import Quality

GOOD, SUSPECT, STALE = Quality.GOOD, Quality.SUSPECT, Quality.STALE
MISSING, ASLEEP = Quality.MISSING, Quality.ASLEEP


def at(first: int, *words: int) -> dict[int, int]:
    return dict(enumerate((word & 0xFFFF for word in words), start=first))


METERED = """
points:
  pv_power: {addr: 0, unit: W, max: 20000}
  battery_power: {addr: 1, type: i16, unit: W}
  load_power: {addr: 2, unit: W}
  grid_power: {addr: 50, type: i16, unit: W}
"""


async def test_row_08_old_frame_of_the_meter_contradicts_the_rest(caplog):
    chaos = ChaosDevice({1: at(0, 3000, 0, 1000) | at(50, -2000)})
    async with reader_of(chaos, METERED) as reader:
        await reader.polls(4)
        chaos.units[1].update(at(0, 0, 0, 1000) | at(50, 1000))
        chaos.next(honest, saying(0xF830))
        replayed = await reader.poll()
        after = await reader.poll()

    assert replayed.quality("grid_power") is SUSPECT
    assert replayed.quality("load_power") is SUSPECT
    assert after.value("grid_power") == 1000
    assert after.quality("grid_power") is GOOD
    assert reader.good("grid_power") == {-2000, 1000}
    assert sum("values contradict: " in one.message for one in caplog.records) == 1


async def test_row_08_gateway_that_does_it_in_every_third_poll_is_told_once(caplog):
    chaos = ChaosDevice({1: at(0, 3000, 0, 1000) | at(50, -2000)})
    async with reader_of(chaos, METERED) as reader:
        await reader.polls(4)
        chaos.units[1].update(at(0, 0, 0, 1000) | at(50, 1000))
        for _ in range(70):
            chaos.next(honest, honest, honest, honest, honest, saying(0xF830))
            await reader.polls(3)

    assert reader.good("grid_power") == {-2000, 1000}
    (line,) = [one.message for one in caplog.records if "contradict often" in one.message]
    assert "does a gateway answer with old frames" in line


async def test_row_08_register_that_never_agreed_condemns_nobody(caplog):
    """A load register that counts the backup output alone is no sign of old frames."""
    chaos = ChaosDevice({1: at(0, 3000, 0, 100) | at(50, -500)})
    async with reader_of(chaos, METERED) as reader:
        seen = await reader.polls(5)

    assert [one.quality("grid_power") for one in seen] == [GOOD] * 5
    assert sum("values contradict: " in one.message for one in caplog.records) == 1


async def test_row_11_sentinels_of_the_night_are_asleep_and_no_news(caplog):
    chaos = ChaosDevice({1: {0: 0x8000, 1: 2300}})
    body = """
points:
  pv_power: {addr: 0, type: i16, unit: W, nan: 0x8000, asleep: true}
  voltage: {addr: 1, unit: V, scale: 0.1}
"""
    caplog.set_level(logging.INFO)
    async with reader_of(chaos, body) as reader:
        night = await reader.polls(3)
        chaos.units[1][0] = 120
        morning = await reader.poll()

    assert [one.quality("pv_power") for one in night] == [ASLEEP] * 3
    assert [one.value("pv_power") for one in night] == [None] * 3
    assert morning.value("pv_power") == 120
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_row_13_soc_that_drops_to_0_must_say_so_three_times():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.units[1][4] = 0
        glitch = await reader.polls(2)
        chaos.units[1][4] = 64
        after = await reader.poll()

    assert [one.quality("battery_soc") for one in glitch] == [SUSPECT, SUSPECT]
    assert after.quality("battery_soc") is GOOD
    assert reader.good("battery_soc") == {64}


async def test_row_13_soc_0_that_stays_is_believed_the_third_time():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.units[1][4] = 0
        seen = await reader.polls(3)

    assert [one.quality("battery_soc") for one in seen] == [SUSPECT, SUSPECT, GOOD]


async def test_row_13_soc_0_of_a_battery_whose_voltage_fell_is_believed_at_once():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.units[1].update({4: 0, 5: 430})
        empty = await reader.poll()

    assert empty.value("battery_soc") == 0
    assert empty.quality("battery_soc") is GOOD


async def test_row_13_charge_that_the_voltage_of_an_empty_battery_contradicts_is_suspect(caplog):
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.units[1][5] = 430
        lost_count = await reader.poll()

    assert lost_count.quality("battery_soc") is SUSPECT
    assert "has it lost count of its charge?" in caplog.text


async def test_row_15_words_of_one_value_come_in_one_answer():
    chaos = ChaosDevice({1: at(0, *range(20))})
    body = "\n".join(["points:", *(f"  p{n}: {{addr: {3 * n}, type: u32}}" for n in range(6))])
    body += "\nlimits: {max_words: 4, max_gap: 1}"
    profile = replace(profile_of("points: {}"), points=())
    whole = profile_of(body.replace("\nlimits: {max_words: 4, max_gap: 1}", ""), max_words=4)
    async with on_line(chaos):
        link = link_to(chaos, profile.limits)
        points = await ModbusDevice("it", whole, link).poll()
        await link.close()

    assert [one.value for one in points] == [65536 * 3 * n + 3 * n + 1 for n in range(6)]
    for n in range(6):
        assert any(
            one.address <= 3 * n and 3 * n + 1 < one.address + one.count for one in chaos.asked
        )


async def test_row_15_spike_of_65535_is_suspect_and_passes_by():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.units[1].update({0: 65535, 4: 90})
        spike = await reader.poll()
        chaos.units[1].update({0: 3000, 4: 64})
        after = await reader.poll()

    assert [spike.quality(name) for name in ("pv_power", "battery_soc")] == [SUSPECT, SUSPECT]
    assert [after.quality(name) for name in ("pv_power", "battery_soc")] == [GOOD, GOOD]
    assert reader.good("pv_power") == {3000}
    assert reader.good("battery_soc") == {64}


BATTERY = """
points:
  battery_voltage: {addr: 0, unit: V, scale: 0.1}
  battery_current: {addr: 1, type: i16, unit: A, scale: 0.1}
  battery_power: {addr: 2, type: i16, unit: W}
derived:
  battery_discharge_current: {sum: battery_current, unit: A}
"""


async def test_row_16_sign_that_an_update_turned_contradicts_volts_and_amps(caplog):
    chaos = ChaosDevice({1: at(0, 500, 200, 1000)})
    async with reader_of(chaos, BATTERY) as reader:
        await reader.polls(2)
        chaos.units[1] = at(0, 500, -200, -1000)
        await reader.polls(2)
        chaos.units[1] = at(0, 500, -200, 1000)
        turned = await reader.polls(2)

    assert [one.quality("battery_power") for one in turned] == [SUSPECT, SUSPECT]
    assert reader.good("battery_power") == {1000, -1000}
    (line,) = [one.message for one in caplog.records if "values contradict: " in one.message]
    assert "battery_power 1000 W, but 50.0 V x -20.0 A are -1000 W; has a firmware update" in line


async def test_row_17_frequency_ten_times_too_high_is_suspect():
    chaos = ChaosDevice({1: {0: 5001}})
    body = "points: {ac_frequency: {addr: 0, scale: 0.1, unit: Hz, min: 40, max: 70}}"
    async with reader_of(chaos, body) as reader:
        seen = await reader.poll()

    assert seen.value("ac_frequency") == 500.1
    assert seen.quality("ac_frequency") is SUSPECT


@pytest.mark.parametrize(
    ("sign", "value"), [("import", 700), ("export", -700), ("charge", -700), ("discharge", 700)]
)
async def test_row_18_each_familys_sign_becomes_ours(sign: str, value: float):
    chaos = ChaosDevice({1: {0: 700}})
    body = f"points: {{power: {{addr: 0, type: i16, unit: W, sign: {sign}}}}}"
    async with reader_of(chaos, body) as reader:
        assert (await reader.poll()).value("power") == value


RATED = """
points:
  kind: {addr: 0, group: once}
  rated_power: {addr: 1, unit: W, group: once}
  pv_power: {addr: 2, unit: W}
"""
VARIANT = "variants: {hv: {when: {point: kind, in: 6}, set: {pv_power: {scale: 10}}}}"


async def test_row_19_scale_follows_what_the_device_says_it_is():
    low, high = ChaosDevice({1: at(0, 5, 5000, 2500)}), ChaosDevice({1: at(0, 6, 25000, 2500)})
    async with reader_of(low, RATED + VARIANT) as one, reader_of(high, RATED + VARIANT) as other:
        assert (await one.poll()).value("pv_power") == 2500
        assert (await other.poll()).value("pv_power") == 25000


async def test_row_19_power_far_beyond_the_rating_is_suspect(caplog):
    chaos = ChaosDevice({1: at(0, 6, 5000, 2500)})
    async with reader_of(chaos, RATED + VARIANT) as reader:
        seen = await reader.poll()

    assert seen.quality("pv_power") is SUSPECT
    assert reader.good("pv_power") == set()
    assert "the device is rated 5000 W; is it the right profile" in caplog.text


async def test_row_20_words_that_are_no_neighbours_are_one_value():
    chaos = ChaosDevice({1: {78: 0x86A0, 79: 777, 80: 0x0001}})
    body = "points: {energy: {addrs: [80, 78], type: u32, unit: kWh, scale: 0.1}}"
    async with reader_of(chaos, body) as reader:
        assert (await reader.poll()).value("energy") == 10000

    assert [(one.address, one.count) for one in chaos.asked] == [(78, 3)]


async def test_row_24_soc_0_of_a_gx_without_a_battery_monitor_is_missing():
    chaos = ChaosDevice({100: at(808, *[0] * 9, 400, *[0] * 8, 240) | at(840, 0, 0, 0, 0, 0)})
    chaos.units[100] |= at(850, 1200)
    async with on_line(chaos):
        link = link_to(chaos, load_profile("victron-gx").limits)
        reader = Reader(ModbusDevice("gx", load_profile("victron-gx"), link), link)
        seen = await reader.poll()
        await link.close()

    assert seen.quality("battery_soc") is MISSING
    assert seen.value("battery_soc") is None
    assert seen.value("pv_power") == 1200


def test_row_25_decisions_never_rest_on_a_register_that_nobody_has_proved():
    profile = profile_of(
        "points: {battery_soc: {addr: 0}}\nprovenance: {confidence: {battery_soc: C}}"
    )

    assert any("confidence C, but battery_soc rests on it" in one for one in lint_profile(profile))


async def test_row_28_negative_ac_power_is_what_it_is():
    chaos = ChaosDevice({1: at(0, -120)})
    async with reader_of(chaos, "points: {ac_power: {addr: 0, type: i16, unit: W}}") as reader:
        seen = await reader.poll()

    assert seen.value("ac_power") == -120
    assert seen.quality("ac_power") is GOOD


COUNTER = "points: {import_total: {addr: 0, type: u32, unit: kWh, scale: 0.1, monotonic: true}}"


async def test_row_29_counter_that_falls_for_a_poll_is_suspect():
    chaos = ChaosDevice({1: at(0, 1, 20000)})
    async with reader_of(chaos, COUNTER) as reader:
        await reader.poll()
        chaos.units[1] = at(0, 0, 0)
        glitch = await reader.polls(2)
        chaos.units[1] = at(0, 1, 20001)
        after = await reader.poll()

    assert [one.quality("import_total") for one in glitch] == [SUSPECT, SUSPECT]
    assert after.value("import_total") == 8553.7
    assert reader.good("import_total") == {8553.6, 8553.7}


async def test_row_29_counter_that_starts_anew_is_believed_the_third_time():
    chaos = ChaosDevice({1: at(0, 1, 20000)})
    async with reader_of(chaos, COUNTER) as reader:
        await reader.poll()
        qualities = []
        for raw in (0, 1, 1, 2):
            chaos.units[1] = at(0, 0, raw)
            qualities.append((await reader.poll()).quality("import_total"))

    assert qualities == [SUSPECT, SUSPECT, GOOD, GOOD]


async def test_row_29_counter_that_leaps_must_be_confirmed():
    chaos = ChaosDevice({1: at(0, 1, 20000)})
    async with reader_of(chaos, COUNTER) as reader:
        await reader.poll()
        chaos.units[1] = at(0, 40, 20000)
        leap = await reader.poll()
        chaos.units[1] = at(0, 1, 20000)
        after = await reader.poll()

    assert leap.quality("import_total") is SUSPECT
    assert after.quality("import_total") is GOOD
    assert reader.good("import_total") == {8553.6}


async def test_row_31_models_that_moved_are_found_at_the_next_connect():
    before = lay_out(common(), inverter(2400), storage(60))
    after = lay_out(common(), storage(61), inverter(2500))
    chaos = ChaosDevice({1: at(40000, *before)})
    profile = load_profile("sunspec")
    async with on_line(chaos):
        link = link_to(chaos, replace(profile.limits, timeout_s=0.5))
        reader = Reader(ModbusDevice("roof", profile, link), link)
        first = await reader.poll()
        chaos.units[1] = at(40000, *after)
        chaos.hang_up()
        await asyncio.sleep(0.01)
        second = await reader.poll()
        await link.close()

    assert [first.value("battery_soc"), second.value("battery_soc")] == [60, 61]
    assert [first.value("ac_power"), second.value("ac_power")] == [2400, 2500]


async def test_row_32_scale_factor_is_read_with_its_value_in_every_poll():
    def device(watts: int, exponent: int) -> dict[int, int]:
        raw = dict(inverter(0)[1]) | {14: watts, 15: exponent}
        return at(40000, *lay_out(common(), (103, raw)))

    chaos = ChaosDevice({1: device(2400, 0)})
    profile = load_profile("sunspec")
    async with on_line(chaos):
        link = link_to(chaos, replace(profile.limits, timeout_s=0.5))
        reader = Reader(ModbusDevice("roof", profile, link), link)
        seen = []
        for watts, exponent in ((2400, 0), (2412, 0), (241, 1), (24130, -1)):
            chaos.units[1] = device(watts, exponent)
            seen.append((await reader.poll()).value("ac_power"))
        await link.close()

    assert seen == [2400, 2412, 2410, 2413]


async def test_row_36_text_ends_at_its_first_nul_and_filling_is_no_text():
    name = b"SUN2000-10KTL-M1\0\0\0\x0001074311-0"
    words = [int.from_bytes(name[i : i + 2], "big") for i in range(0, len(name) - 1, 2)][:15]
    chaos = ChaosDevice({1: at(0, *words) | at(20, *[0xFFFF] * 3) | at(30, 0x4102, 0x42C2, 0)})
    body = (
        "points: {a: {addr: 0, type: str15}, b: {addr: 20, type: str3}, c: {addr: 30, type: str3}}"
    )
    async with reader_of(chaos, body) as reader:
        seen = await reader.poll()

    assert seen.value("a") == "SUN2000-10KTL-M1"
    assert (seen.value("b"), seen.quality("b")) == (None, MISSING)
    assert seen.value("c") == "ABÂ"


async def test_row_37_device_that_stands_still_by_day_is_stale_until_it_moves():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos, f"frozen_after: 3\n{HYBRID}") as reader:
        seen = await reader.polls(5)
        chaos.units[1][5] = 525
        moved = await reader.poll()

    qualities = [one.quality("pv_power") for one in seen]
    assert qualities == [GOOD, GOOD, GOOD, STALE, STALE]
    assert moved.quality("pv_power") is GOOD


async def test_row_37_every_device_is_watched_and_night_is_no_standstill():
    day, night = hybrid(), hybrid() | {0: 0}
    by_day, by_night = ChaosDevice({1: day}), ChaosDevice({1: night})
    async with reader_of(by_day) as one, reader_of(by_night) as other:
        bright, dark = await one.polls(62), await other.polls(62)

    assert bright[-1].quality("battery_soc") is STALE
    assert dark[-1].quality("battery_soc") is GOOD


async def test_row_38_value_that_is_missing_in_every_poll_is_no_line_in_the_log(caplog):
    chaos = ChaosDevice({1: at(0, 0x8000, 5)})
    caplog.set_level(logging.INFO)
    body = "points: {a: {addr: 0, nan: 0x8000}, b: {addr: 1}}"
    async with reader_of(chaos, body) as reader:
        seen = await reader.polls(20)

    assert {one.quality("a") for one in seen} == {MISSING}
    assert caplog.records == []


async def test_row_16_current_of_unknown_direction_condemns_no_power():
    body = BATTERY.split("derived:")[0]
    chaos = ChaosDevice({1: at(0, 500, 200, -1000)})
    async with reader_of(chaos, body) as reader:
        await reader.polls(4)
        chaos.units[1] = at(0, 500, -200, 1000)
        after = await reader.poll()

    assert after.quality("battery_power") is GOOD

"""What values mean, row by row: the number in a test's name is the failure's.

The chaos device drives each row. A witness fails the test where any value was ever good that was
not true, and `polls_until_well` counts the polls until every true value was good again.
"""

from dataclasses import replace

import pytest
from chaos import ChaosDevice, Fault, all_ones, honest, refusing
from reading import profile_of, reader_of
from registers_at import at
from sunspec_map import common, inverter, lay_out, storage

from hardware.modbus.lint import lint_profile
from hardware.modbus.profile import load_profile
from solard.core.readings import Quality

GOOD, SUSPECT, MISSING = Quality.GOOD, Quality.SUSPECT, Quality.MISSING

BATTERY = """
points:
  battery_voltage: {addr: 0, unit: V, scale: 0.1}
  battery_current: {addr: 1, type: i16, unit: A, scale: 0.1}
  battery_power: {addr: 2, type: i16, unit: W}
derived:
  battery_discharge_current: {sum: battery_current, unit: A}
"""


def battery(amps: int, watts: int) -> dict[str, object]:
    return {
        "battery_voltage": 50,
        "battery_current": amps,
        "battery_discharge_current": amps,
        "battery_power": watts,
    }


async def test_row_16_sign_that_an_update_turned_contradicts_volts_and_amps(caplog):
    chaos = ChaosDevice({1: at(0, 500, 200, 1000)})
    async with reader_of(chaos, BATTERY, battery(20, 1000)) as reader:
        await reader.polls(2)
        chaos.units[1] = at(0, 500, -200, -1000)
        reader.now_true(**battery(-20, -1000))
        await reader.polls(2)
        chaos.units[1] = at(0, 500, -200, 1000)
        turned = await reader.polls(2)
        chaos.units[1] = at(0, 500, -200, -1000)
        assert await reader.polls_until_well() == 1

    assert [one.quality("battery_power") for one in turned] == [SUSPECT, SUSPECT]
    (line,) = [one.message for one in caplog.records if "values contradict: " in one.message]
    assert "battery_power 1000 W, but 50.0 V x -20.0 A are -1000 W; has a firmware update" in line


async def test_row_16_current_of_unknown_direction_condemns_no_power():
    body = BATTERY.split("derived:")[0]
    chaos = ChaosDevice({1: at(0, 500, 200, -1000)})
    truth: dict[str, object] = {"battery_voltage": 50, "battery_current": 20}
    async with reader_of(chaos, body, truth | {"battery_power": -1000}) as reader:
        await reader.polls(4)
        chaos.units[1] = at(0, 500, -200, 1000)
        reader.now_true(battery_current=-20, battery_power=1000)
        assert await reader.polls_until_well() == 1


SIGNED = """
points:
  battery_power: {addr: 0, type: i32, unit: W, abs: true,
                  sign_from: {addr: 2, discharge: 1, charge: 0}}
"""


async def test_row_16_magnitude_whose_direction_register_says_neither_is_unknown():
    chaos = ChaosDevice({1: at(0, 0, 700, 1)})
    async with reader_of(chaos, SIGNED, {"battery_power": 700}) as reader:
        assert await reader.polls_until_well() == 1
        chaos.units[1] = at(0, 0, 700, 7)
        neither = await reader.poll()
        chaos.units[1] = at(0, -1, -700, 0)  # an update that tells the sign twice
        reader.now_true(battery_power=-700)
        assert await reader.polls_until_well() == 1

    assert neither.quality("battery_power") is MISSING


@pytest.mark.parametrize(
    ("sign", "value"), [("import", 700), ("export", -700), ("charge", -700), ("discharge", 700)]
)
async def test_row_18_each_familys_sign_becomes_ours(sign: str, value: float):
    chaos = ChaosDevice({1: {0: 700}})
    body = f"points: {{power: {{addr: 0, type: i16, unit: W, sign: {sign}}}}}"
    async with reader_of(chaos, body, {"power": value}) as reader:
        assert await reader.polls_until_well() == 1
        chaos.units[1] = at(0, -700)
        reader.now_true(power=-value)
        assert await reader.polls_until_well() == 1


RATED = """
points:
  kind: {addr: 0, group: once}
  rated_power: {addr: 1, unit: W, group: once}
  pv_power: {addr: 2, unit: W}
"""
VARIANT = "variants: {hv: {when: {point: kind, in: 6}, set: {pv_power: {scale: 10}}}}"


@pytest.mark.parametrize(("kind", "rated_w", "pv_w"), [(5, 5000, 2500), (6, 50000, 25000)])
async def test_row_19_scale_follows_what_the_device_says_it_is(kind: int, rated_w: int, pv_w: int):
    chaos = ChaosDevice({1: at(0, kind, rated_w, 2500)})
    truth = {"kind": kind, "rated_power": rated_w, "pv_power": pv_w}
    async with reader_of(chaos, RATED + VARIANT, truth) as reader:
        assert await reader.polls_until_well() == 1


async def test_row_19_power_far_beyond_the_rating_is_suspect_until_the_device_says_what_it_is(
    caplog,
):
    chaos = ChaosDevice({1: at(0, 6, 5000, 2500)})
    truth = {"kind": {5, 6}, "rated_power": 5000, "pv_power": 2500}
    async with reader_of(chaos, RATED + VARIANT, truth) as reader:
        wrong = await reader.poll()
        chaos.units[1][0] = 5
        chaos.hang_up()
        await chaos.is_left()
        assert await reader.polls_until_well() == 1

    assert wrong.quality("pv_power") is SUSPECT
    assert "the device is rated 5000 W; is it the right profile" in caplog.text


async def test_row_20_words_that_are_no_neighbours_are_one_value():
    chaos = ChaosDevice({1: {78: 0x86A0, 79: 777, 80: 0x0001}})
    body = "points: {energy: {addrs: [80, 78], type: u32, unit: kWh, scale: 0.1}}"
    async with reader_of(chaos, body, {"energy": 10000}) as reader:
        assert await reader.polls_until_well() == 1

    assert [(one.address, one.count) for one in chaos.asked] == [(78, 3)]


async def test_row_24_soc_0_of_a_gx_without_a_battery_monitor_is_missing():
    gx = at(808, *[0] * 9, 400, *[0] * 8, 240) | at(840, 0, 0, 0, 0, 0) | at(850, 1200)
    chaos = ChaosDevice({100: gx})
    truth = {"battery_soc": None, "battery_voltage": None, "pv_power": 1200}
    async with reader_of(chaos, load_profile("victron-gx"), truth, strict=False) as reader:
        assert await reader.polls_until_well() == 1
        without = await reader.poll()
        chaos.units[100] |= at(840, 524, 0, 0, 55, 0)
        reader.now_true(battery_soc=55, battery_voltage=52.4)
        assert await reader.polls_until_well() == 1
        chaos.units[100] |= at(840, 0, 0, 0, 0, 0)
        reader.now_true(battery_soc=None, battery_voltage=None)
        assert await reader.polls_until_well() == 1

    assert without.quality("battery_soc") is MISSING
    assert without.value("battery_soc") is None


DOUBTFUL = "points: {battery_soc: {addr: 0}}\nprovenance: {confidence: {battery_soc: C}}"


async def test_row_25_register_that_nobody_has_proved_is_never_good():
    """It does not become good either: another register, or proof, is the only cure."""
    chaos = ChaosDevice({1: {0: 55}})
    async with reader_of(chaos, DOUBTFUL, {}) as reader:
        seen = await reader.polls(5)

    assert [(one.value("battery_soc"), one.quality("battery_soc")) for one in seen] == [
        (55, SUSPECT)
    ] * 5


def test_row_25_decisions_never_rest_on_a_register_that_nobody_has_proved():
    """A trap of profiles, found before any device is read."""
    faults = lint_profile(profile_of(DOUBTFUL))

    assert any("confidence C, but battery_soc rests on it" in one for one in faults)


def roof(chaos: ChaosDevice, truth: dict[str, object]):
    profile = load_profile("sunspec")
    patient = replace(profile, limits=replace(profile.limits, timeout_s=0.5))
    return reader_of(chaos, patient, truth, strict=False)


@pytest.mark.parametrize("told", [True, False])
async def test_row_31_models_that_moved_are_found_at_the_next_connect(told: bool):
    """Whether the device hangs up while it is idle, or in the middle of a poll."""
    before = lay_out(common(), inverter(2400), storage(60))
    after = lay_out(common(), storage(61), inverter(2500))
    chaos = ChaosDevice({1: at(40000, *before)})
    async with roof(chaos, {"battery_soc": 60, "ac_power": 2400}) as reader:
        assert await reader.polls_until_well() == 1
        chaos.units[1] = at(40000, *after)
        reader.now_true(battery_soc=61, ac_power=2500)
        chaos.hang_up()
        if told:
            await chaos.is_left()
        assert await reader.polls_until_well() <= (1 if told else 2)


@pytest.mark.parametrize("glitch", [refusing(2), all_ones])
async def test_row_31_list_of_models_that_a_glitch_cuts_short_is_read_to_its_end(glitch: Fault):
    """Without its strings and battery, the AC power of a hybrid would stand in for the sun's."""
    chaos = ChaosDevice({1: at(40000, *lay_out(common(), inverter(2400), storage(60)))})
    async with roof(chaos, {"battery_soc": 60, "ac_power": 2400}) as reader:
        chaos.next(honest, honest, honest, glitch)
        assert await reader.polls_until_well() == 1


async def test_row_32_scale_factor_is_read_with_its_value_in_every_poll():
    def device(watts: int, exponent: int) -> dict[int, int]:
        raw = dict(inverter(0)[1]) | {14: watts, 15: exponent}
        return at(40000, *lay_out(common(), (103, raw)))

    chaos = ChaosDevice({1: device(2400, 0)})
    async with roof(chaos, {"ac_power": 2400}) as reader:
        for watts, exponent, true_w in ((2412, 0, 2412), (241, 1, 2410), (24130, -1, 2413)):
            chaos.units[1] = device(watts, exponent)
            reader.now_true(ac_power=true_w)
            assert await reader.polls_until_well() == 1
        chaos.units[1] = device(2400, -0x8000)
        without = await reader.poll()
        chaos.units[1] = device(2400, 0)
        reader.now_true(ac_power=2400)
        assert await reader.polls_until_well() == 1

    assert (without.value("ac_power"), without.quality("ac_power")) == (None, Quality.ASLEEP)

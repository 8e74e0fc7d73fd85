"""Recordings of real devices mean what their owners' own software said they mean."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sunspec_map import model_words

from hardware.modbus.capture import Recording, read_captures
from hardware.modbus.description import RecordedBlock
from hardware.modbus.profile import load_profile
from hardware.modbus.replay import find_units, replay
from solard.core.readings import PointReading, Quality

FIXTURES = Path(__file__).parent / "fixtures"
FAMILIES = {
    "eastron_sdm630": "eastron-sdm",
    "goodwe_gw10k_et": "goodwe-et",
    "goodwe_gw25k_et": "goodwe-et",
    "sunspec_sma_sb36_day_1080w": "sunspec",
    "sunspec_sma_sb36_night": "sunspec",
    "victron_gx_vendor_sim": "victron-gx",
}
TURNED = {
    "goodwe-et": {35140, 36008, 36025},
    "victron-gx": {842},
}
"""Addresses where the device counts export or charging as positive, and we do not."""
BEYOND = {("goodwe_gw25k_et", 35361)}
"""The recording has only the first of its two words."""


def expectations() -> Iterator[tuple[str, str, int, object]]:
    for name, family in FAMILIES.items():
        data = json.loads((FIXTURES / f"{name}.json").read_text())
        for one in data["expected"]:
            if (name, one["address"]) not in BEYOND:
                yield name, family, one["address"], one["value"]


async def points_of(name: str, family: str) -> dict[int | None, list[PointReading]]:
    polls = await replay(load_profile(family), read_captures(FIXTURES / f"{name}.json"))
    found: dict[int | None, list[PointReading]] = {}
    for poll in polls:
        for one in poll.points:
            found.setdefault(one.address, []).append(one)
    return found


def agrees(value: object, expected: object) -> bool:
    if isinstance(expected, str) or expected is None:
        return value == expected
    if isinstance(value, str):
        return value == f"{expected:.0f}"  # a serial number made of digits
    # Captures round to three digits, and say 0 where the device says that there is nothing.
    return value is not None and abs(value - expected) <= 0.0011


@pytest.mark.parametrize("name", FAMILIES)
async def test_every_value_of_the_capture_is_what_it_should_be(name):
    family = FAMILIES[name]
    found = await points_of(name, family)

    wrong = []
    for capture, _, address, value in expectations():
        if capture != name:
            continue
        turned = address in TURNED.get(family, ())
        expected = -value if turned and isinstance(value, int | float) else value
        if not any(agrees(one.value, expected) for one in found.get(address, [])):
            wrong.append((address, expected, found.get(address)))
    assert wrong == []


def test_the_captures_hold_enough_to_mean_something():
    assert sum(1 for _ in expectations()) == 85 + 140 + 211 + 232 + 232 + 23


async def test_registers_that_stand_twice_are_shared_bytes_or_the_same_thing_in_words():
    for name, family in FAMILIES.items():
        for address, points in (await points_of(name, family)).items():
            numbers = [one.name for one in points if one.name.endswith("_mode")]
            words = [one for one in points if not isinstance(one.value, float)]
            assert address is None or len(points) - len(words) <= max(1, len(numbers)), points


async def test_day_night_and_day_of_an_sma_are_good_asleep_and_good():
    captures = [
        *read_captures(FIXTURES / "sunspec_sma_sb36_day_1080w.json"),
        *read_captures(FIXTURES / "sunspec_sma_sb36_night.json"),
        *read_captures(FIXTURES / "sunspec_sma_sb36_day_1080w.json"),
    ]

    polls = await replay(load_profile("sunspec"), captures)

    said = [
        next((one.value, one.quality) for one in poll.points if one.name == "pv_power")
        for poll in polls
    ]
    assert said == [(1150.0, Quality.GOOD), (None, Quality.ASLEEP), (1150.0, Quality.GOOD)]


def recording(*blocks: RecordedBlock, variant: str = "") -> Recording:
    return Recording(name="it", family="", variant=variant, polls=(blocks,))


def block(address: int, *words: int, unit: int | None = None, fc: int | None = None):
    return RecordedBlock(unit=unit, function=fc, address=address, words=words)


async def values(family: str, one: Recording) -> dict[str, object]:
    polls = await replay(load_profile(family), (one,))
    return {point.name: point.value for poll in polls for point in poll.points}


async def test_point_that_the_recording_does_not_cover_is_left_out():
    found = await values("huawei-sun2000", recording(block(32064, 0, 900)))

    assert found["pv_power"] == 900
    assert "battery_power" not in found


async def test_half_a_value_is_no_value():
    assert "pv_power" not in await values("huawei-sun2000", recording(block(32064, 0)))


async def test_recording_may_say_which_variant_the_device_is():
    found = await values("deye-3p", recording(block(590, 250), variant="hv"))

    assert found["battery_power"] == 2500


async def test_register_that_tells_the_variant_is_believed():
    found = await values("deye-3p", recording(block(0, 6), block(672, 310)))

    assert found["pv1_power"] == 3100


async def test_sunspec_recording_may_lack_the_head_of_its_list():
    inverter = model_words(103, {13: -1, 14: 240, 15: 1, 16: 5002, 17: -2, 38: 4})
    mppt = model_words(160, {4: -1, 8: 4, 21: 21000})

    found = await values("sunspec", recording(block(40069, *inverter), block(40253, *mppt)))

    assert found["ac_power"] == 2400
    assert found["ac_frequency"] == 50.02
    assert found["pv_string_1_power"] == 2100


async def test_sunspec_recording_may_end_in_the_middle_of_a_model():
    storage = model_words(124, {2: 5120})

    found = await values("sunspec", recording(block(40000, 0x5375, 0x6E53, *storage[:8])))

    assert found["sunspec_marker"] == "SunS"
    assert "storage_soc" not in found


async def test_meter_of_a_recording_may_have_a_unit_of_its_own():
    inverter = (0x5375, 0x6E53, *model_words(103, {14: 240, 15: 1}), 0xFFFF, 0)
    meter = (0x5375, 0x6E53, *model_words(203, {18: -150, 22: 0}), 0xFFFF, 0)

    found = await values(
        "sunspec", recording(block(40000, *inverter, unit=1), block(40000, *meter, unit=17))
    )

    assert (found["ac_power"], found["grid_power"]) == (2400, -150)


async def test_model_moves_within_a_recording():
    one, other = (
        (block(base, 0x5375, 0x6E53, *model_words(m, {}), 0xFFFF, 0))
        for base, m in ((40000, 103), (0, 802))
    )

    polls = await replay(
        load_profile("sunspec"),
        (Recording(name="it", family="", variant="", polls=((one,), (other,))),),
    )

    assert len(polls) == 2


@pytest.mark.parametrize("offset", [0, 2])
async def test_snippet_of_a_model_says_where_its_words_begin(offset, tmp_path):
    words = model_words(802, {2: 24, 3: 14600, 53: 0})[offset:]
    path = tmp_path / "snippet.json"
    path.write_text(json.dumps({"model": 802, "body_offset": offset, "registers": words}))

    found = await values("sunspec", read_captures(path)[0])

    assert found["model_802_WHRtg"] == 14600


async def test_family_with_equal_functions_is_read_by_either():
    found = await values("sma", recording(block(30775, 0, 2423, fc=4)))

    assert found["inverter_ac_power"] == 2423


async def test_other_family_does_not_mix_input_and_holding_registers():
    assert "battery_soc" not in await values("growatt-sph", recording(block(1014, 50, fc=3)))


async def test_block_of_a_device_that_restarts_means_nothing():
    restart = block(182, *(0xFFFF,) * 10)
    one = Recording(
        name="it", family="", variant="", polls=((block(182, 1225, 5312, 77),), (restart,))
    )

    polls = await replay(load_profile("deye-1p"), (one,))

    said = [{point.name: point.value for point in poll.points} for poll in polls]
    assert said[0]["battery_soc"] == 77
    assert said[1]["battery_soc"] is None
    assert said[1]["battery_power"] is None


async def test_value_that_nobody_proved_is_never_good():
    polls = await replay(load_profile("growatt-min-tlxh"), (recording(block(3169, 5220, fc=4)),))

    assert [(one.name, one.value, one.quality) for one in polls[0].points] == [
        ("battery_voltage", 52.2, Quality.SUSPECT)
    ]


def test_units_of_a_recording_find_their_roles():
    blocks = (
        block(843, 50, unit=100),
        block(262, 250, unit=238),
        block(31, 9, unit=240),
        block(775, 3, unit=12),
    )

    found = find_units(load_profile("victron-gx"), blocks, {})

    assert found["main"] == 100
    assert (found["battery"], found["vebus"], found["solarcharger"]) == (238, 240, 12)


def test_unit_that_is_named_wins():
    found = find_units(load_profile("victron-gx"), (block(843, 50, unit=100),), {"battery": 7})

    assert found["battery"] == 7


async def test_recording_that_tells_no_units_apart_is_read_as_one():
    found = await values("victron-gx", recording(block(843, 50), block(259, 5210), block(262, 215)))

    assert (found["battery_soc"], found["battery_temperature"]) == (50, 21.5)

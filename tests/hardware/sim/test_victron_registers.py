"""What a Victron GX shows of the plant, register by register."""

from dataclasses import replace

import pytest

from hardware.sim.kinds import ISLAND
from hardware.sim.picture import PlantPicture
from hardware.sim.victron import BATTERY_UNIT, CHARGER_UNIT, VEBUS_UNIT, victron_image
from solard.core.plant import PlantFlows, PlantState
from solard.core.state import Supply

FLOWS = PlantFlows(
    supply=Supply.ISLAND,
    pv_w=2400.4,
    pv_available_w=2400.4,
    load_w=1100.0,
    grid_w=0.0,
    battery_w=-1300.4,
    generator_w=0.0,
    unserved_w=0.0,
    max_charge_w=5000.0,
    max_discharge_w=4000.0,
)


def image(flows: PlantFlows = FLOWS, soc: float = 0.625, *, alarm: bool = False):
    return victron_image(
        PlantPicture(spec=ISLAND, state=PlantState(soc=soc), flows=flows, alarm=alarm)
    )


def words(unit: int, address: int, count: int, flows: PlantFlows = FLOWS) -> list[int]:
    return [image(flows)[unit][at] for at in range(address, address + count)]


def test_serial_is_text() -> None:
    raw = b"".join(word.to_bytes(2, "big") for word in words(100, 800, 6))

    assert raw == b"c0619ab5eed5"


def test_load_grid_generator_and_source_stand_side_by_side() -> None:
    assert words(100, 808, 19) == [0] * 9 + [1100] + [0] * 8 + [240]


def test_battery_power_counts_charging_as_positive() -> None:
    # 51.2 V · (0.98 + 0.08 · 0.625) = 52.736 V, and 1300.4 W of charge lift it by 0.247 V.
    assert words(100, 840, 5) == [530, 245, 1300, 62, 1]


def test_discharge_is_negative_in_twos_complement() -> None:
    evening = replace(FLOWS, pv_w=0.0, battery_w=1100.0)

    assert words(100, 842, 1, evening) == [65536 - 1100]
    assert words(100, 844, 1, evening) == [2]


def test_idle_battery_is_idle() -> None:
    assert words(100, 844, 1, replace(FLOWS, battery_w=3.0)) == [0]


def test_sun_is_dc_coupled() -> None:
    assert words(100, 850, 1) == [2400]


def test_generator_has_its_own_registers_and_source() -> None:
    night = replace(FLOWS, supply=Supply.GENERATOR, pv_w=0.0, generator_w=2400.0)

    assert words(100, 823, 4, night) == [2400, 0, 0, 2]
    assert words(100, 820, 3, night) == [0, 0, 0]
    assert words(VEBUS_UNIT, 31, 1, night) == [3]


def test_grid_export_is_negative() -> None:
    feeding = replace(FLOWS, supply=Supply.GRID, grid_w=-250.0)

    assert words(100, 820, 1, feeding) == [65536 - 250]
    assert words(100, 826, 1, feeding) == [1]
    assert words(100, 908, 2, feeding) == [0xFFFF, 65536 - 250]


def test_wide_twins_repeat_the_load() -> None:
    assert words(100, 902, 6) == [0, 1100, 0, 0, 0, 0]


def test_island_is_inverting_and_an_alarm_is_a_fault() -> None:
    assert words(VEBUS_UNIT, 31, 2) == [9, 0]
    assert [image(alarm=True)[VEBUS_UNIT][at] for at in (31, 32, 36)] == [2, 5, 2]


def test_battery_management_tells_its_limits() -> None:
    battery = image()[BATTERY_UNIT]

    volts = battery[259] / 100
    assert (battery[262], battery[266]) == (240, 625)
    assert battery[307] / 10 * volts == pytest.approx(5000.0, abs=5.0)
    assert battery[308] / 10 * volts == pytest.approx(4000.0, abs=5.0)


def test_full_battery_refuses_charge_and_limits_the_panels() -> None:
    full = replace(FLOWS, pv_w=1100.0, battery_w=0.0, max_charge_w=0.0)

    assert words(BATTERY_UNIT, 307, 1, full) == [0]
    assert words(CHARGER_UNIT, 775, 1, full) == [5]
    assert words(CHARGER_UNIT, 791, 1, full) == [1]


def test_charger_knows_when_it_follows_the_sun_and_when_it_is_night() -> None:
    night = replace(FLOWS, pv_w=0.0, pv_available_w=0.0)

    assert words(CHARGER_UNIT, 789, 3) == [24004, 0, 2]
    assert words(CHARGER_UNIT, 791, 1, night) == [0]


def test_only_the_throttled_sun_shows() -> None:
    hidden = replace(FLOWS, pv_w=1100.0, battery_w=0.0, pv_available_w=3987.0)

    shown = {word for unit in image(hidden).values() for word in unit.values()}

    assert not shown & {3987, 39870}


def test_undefined_cells_are_not_there() -> None:
    assert 827 not in image()[100]
    assert 847 not in image()[100]


def test_unit_zero_is_the_system_too() -> None:
    assert image()[0] == image()[100]

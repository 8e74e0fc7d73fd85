"""Victron GX: the vendor's own registers over real TCP; the traps of a bus without sentinels."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from modbus_peers import serve

from hardware.modbus.address import TcpAddress
from hardware.modbus.device import ModbusDevice
from hardware.modbus.link import ModbusLink
from hardware.modbus.probe import read_once
from hardware.modbus.profile import load_profile
from solard.core.readings import DeviceReading, PointReading, Quality

FIXTURE = Path(__file__).parent / "fixtures" / "victron_gx_vendor_sim.json"
OTHER_UNITS = {"vebus": 246, "battery": 247, "solarcharger": 245}


def recorded_units() -> dict[int, dict[int, list[int]]]:
    units: dict[int, dict[int, list[int]]] = {}
    for block in json.loads(FIXTURE.read_text())["blocks"]:
        units.setdefault(block["unit"], {})[block["address"]] = block["registers"]
    del units[0]
    return units


def system(
    *,
    pv_dc: int = 0,
    load: int = 400,
    grid: int = 0,
    source: int = 240,
    battery: tuple[int, int, int, int, int] = (524, 0, 0, 71, 0),
) -> dict[int, dict[int, list[int]]]:
    """Return the system unit: battery is voltage, current, power, SoC, state, raw."""
    ac = [0] * 9 + [load, 0, 0, grid & 0xFFFF, 0, 0, 0, 0, 0, source]
    return {100: {808: ac, 840: [one & 0xFFFF for one in battery], 850: [pv_dc]}}


async def read(port: int, **options: object) -> DeviceReading:
    points = await read_once(
        TcpAddress(host="127.0.0.1", port=port), load_profile("victron-gx"), **options
    )
    return as_reading(points)


def as_reading(points: tuple[PointReading, ...]) -> DeviceReading:
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    return DeviceReading(
        device_id="gx", measured_at=moment, measured_s=0.0, period_s=2.0, points=points
    )


def quality(reading: DeviceReading, name: str) -> Quality:
    return next(one.quality for one in reading.points if one.name == name)


async def test_vendor_registers_decode_to_the_vendors_values():
    async with serve(recorded_units()) as port:
        reading = await read(port, units=OTHER_UNITS)

    assert reading.text("serial") == "badbeef15bad"
    assert reading.number("pv_ac_out_power_l1") == 10
    assert reading.number("house_load_l1") == 310
    assert reading.number("grid_power_l1") == 410
    assert reading.number("battery_voltage") == 50.0
    assert reading.number("battery_current") == 10.0
    assert reading.number("battery_power") == -600
    assert reading.number("battery_soc") == 85
    assert reading.number("pv_power_dc") == 300
    assert reading.number("dc_system_power") == 500
    assert reading.number("battery_temperature") == 34.5
    assert reading.number("battery_soc_bms") == 85.0
    assert reading.number("battery_voltage_bms") == 52.0


async def test_sums_over_phases_are_the_sites_powers():
    async with serve(recorded_units()) as port:
        reading = await read(port)

    assert reading.number("pv_power") == 300 + 60 + 360 + 660
    assert reading.number("load_power") == 960
    assert reading.number("grid_power") == 1260
    assert reading.number("generator_power") == 1560


async def test_battery_limits_are_current_times_voltage():
    async with serve(recorded_units()) as port:
        reading = await read(port, units=OTHER_UNITS)

    assert reading.number("max_charge_power") == 100.0 * 50.0
    assert reading.number("max_discharge_power") == 50.0 * 50.0


async def test_charging_battery_is_negative_and_discharging_positive():
    async with serve(system(battery=(524, 200, 1048, 71, 1))) as port:
        assert (await read(port)).number("battery_power") == -1048
    async with serve(system(battery=(524, -200, -1048, 71, 2))) as port:
        assert (await read(port)).number("battery_power") == 1048


@pytest.mark.parametrize(
    ("source", "supply"),
    [(0, "unknown"), (1, "grid"), (2, "generator"), (3, "grid"), (240, "island")],
)
async def test_ac_source_tells_the_supply(source, supply):
    async with serve(system(source=source)) as port:
        assert (await read(port)).text("supply") == supply


async def test_soc_0_without_voltage_and_state_is_no_battery_monitor():
    async with serve(system(battery=(0, 0, 0, 0, 0))) as port:
        reading = await read(port)

    assert reading.number("battery_soc") is None
    assert reading.number("battery_power") is None
    assert quality(reading, "battery_soc") is Quality.MISSING


async def test_soc_0_of_a_battery_with_voltage_is_believed_the_third_time():
    async with serve(system(battery=(441, -1, -5, 0, 2))) as port:
        link = ModbusLink(
            TcpAddress(host="127.0.0.1", port=port), load_profile("victron-gx").limits
        )
        device = ModbusDevice("gx", load_profile("victron-gx"), link)
        readings = [as_reading(await device.poll()) for _ in range(3)]
        await device.close()

    assert [one.number("battery_soc") for one in readings] == [None, None, 0.0]
    assert quality(readings[0], "battery_soc") is Quality.SUSPECT


async def test_load_of_0_is_an_invalid_value_and_no_empty_house():
    async with serve(system(load=0)) as port:
        reading = await read(port)

    assert reading.number("load_power") is None


async def test_exporting_grid_is_negative():
    async with serve(system(grid=-2300, source=1)) as port:
        assert (await read(port)).number("grid_power") == -2300


async def test_gx_without_the_optional_units_reads_its_system_alone():
    async with serve(system(pv_dc=3120)) as port:
        reading = await read(port)

    names = {one.name for one in reading.points}
    assert reading.number("pv_power") == 3120
    assert "max_charge_power" not in names
    assert "inverter_alarm" not in names


async def test_inverter_alarm_is_1_on_a_vebus_error():
    vebus = {227: {21: [5001], 31: [2, 17], 34: [0, 0, 0]}}
    async with serve({**system(), **vebus}) as port:
        reading = await read(port)

    assert reading.number("inverter_alarm") == 1
    assert reading.text("inverter_state") == "fault"
    assert reading.number("ac_frequency") == 50.01


async def test_warning_is_no_alarm():
    vebus = {227: {21: [5001], 31: [9, 0], 34: [1, 1, 1]}}
    async with serve({**system(), **vebus}) as port:
        assert (await read(port)).number("inverter_alarm") == 0


async def test_limited_solar_charger_is_throttled():
    async with serve({**system(), 245: {791: [1]}}) as port:
        assert (await read(port, units={"solarcharger": 245})).number("pv_throttled") == 1


async def test_bms_that_refuses_charge_limits_it_to_0():
    bms = {225: {259: [5240], 262: [210], 266: [990], 305: [568, 480, 0, 1200]}}
    async with serve({**system(), **bms}) as port:
        reading = await read(port)

    assert reading.number("max_charge_power") == 0
    assert reading.number("max_discharge_power") == 120.0 * 52.4


async def test_battery_without_limits_of_its_own_has_no_limit_of_0():
    bms = {225: {259: [5240], 262: [210], 266: [990], 305: [0, 0, 0, 0]}}
    async with serve({**system(), **bms}) as port:
        assert (await read(port)).number("max_charge_power") is None

"""SunSpec: walked models over real TCP, real captures, and an independent client as witness."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sunspec2.modbus.client as pysunspec2
from modbus_peers import QUICK, misbehave, serve, stay_silent
from sunspec_map import (
    battery,
    common,
    der,
    inverter,
    lay_out,
    many_modules,
    meter,
    model_words,
    modules,
    ports,
    status,
    storage,
)

from hardware.modbus.address import TcpAddress
from hardware.modbus.device import ModbusDevice
from hardware.modbus.errors import DeviceTimeout, DeviceUnfit
from hardware.modbus.link import ModbusLink
from hardware.modbus.probe import read_once
from hardware.modbus.profile import load_profile
from hardware.modbus.sunspec import walk_models
from solard.core.readings import DeviceReading, Quality

FIXTURES = Path(__file__).parent / "fixtures"
LABELS = ("MPPT 1", "MPPT 2", "StCha 3", "StDisCha 4")


def captured(name: str) -> tuple[dict[int, list[int]], dict[str, object]]:
    """Return a capture's registers and its expected values by name."""
    data = json.loads((FIXTURES / name).read_text())
    registers = {block["address"]: block["registers"] for block in data["blocks"]}
    return registers, {one["name"]: one["value"] for one in data["expected"]}


async def read(port: int, unit: int = 1) -> DeviceReading:
    points = await read_once(TcpAddress(host="127.0.0.1", port=port), load_profile("sunspec"), unit)
    return DeviceReading(
        device_id="roof",
        measured_at=datetime(2026, 6, 1, tzinfo=UTC),
        measured_s=0.0,
        period_s=2.0,
        points=points,
    )


async def read_device(*models: tuple[int, object], base: int = 40000) -> DeviceReading:
    async with serve({1: {base: lay_out(*models)}}) as port:
        return await read(port)


def quality(reading: DeviceReading, name: str) -> Quality:
    return next(one.quality for one in reading.points if one.name == name)


async def test_sma_by_day_decodes_to_the_captured_values():
    registers, expected = captured("sunspec_sma_sb36_day_1080w.json")
    async with serve({126: registers}) as port:
        reading = await read(port, 126)

    assert reading.text("manufacturer") == expected["Model 1/Mn"]
    assert reading.text("product") == expected["Model 1/Md"]
    assert reading.text("firmware") == expected["Model 1/Vr"]
    assert reading.number("ac_power") == expected["Model 101/W"] == 1080
    assert reading.number("ac_frequency") == expected["Model 101/Hz"] == 49.98
    assert reading.number("pv_energy_total") == expected["Model 101/WH"]
    assert reading.number("pv_string_1_power") == expected["Model 160/Module_0_DCW"] == 670
    assert reading.number("pv_string_2_power") == expected["Model 160/Module_1_DCW"] == 480
    assert reading.number("pv_power") == 1150
    assert reading.text("inverter_state") == "MPPT"
    assert reading.number("pv_throttled") == 0
    assert reading.number("inverter_alarm") == 0
    assert reading.text("supply") == "grid"


async def test_sma_at_night_is_asleep_and_not_at_0_watts():
    registers, expected = captured("sunspec_sma_sb36_night.json")
    async with serve({126: registers}) as port:
        reading = await read(port, 126)

    assert expected["Model 101/W"] is None
    for name in ("pv_power", "ac_power", "ac_frequency", "inverter_state", "pv_throttled"):
        assert quality(reading, name) is Quality.ASLEEP
    assert reading.number("pv_power") is None
    assert reading.number("pv_energy_total") == expected["Model 101/WH"]
    assert reading.text("supply") is None


async def test_sma_without_a_battery_has_no_battery_points():
    registers, _ = captured("sunspec_sma_sb36_day_1080w.json")
    async with serve({126: registers}) as port:
        names = {one.name for one in (await read(port, 126)).points}

    assert not {"battery_power", "battery_soc", "max_charge_power"} & names


async def test_labelled_hybrid_tells_strings_from_its_battery():
    reading = await read_device(
        common(),
        inverter(2400),
        status(pv=7, grid=1),
        modules((2100, 1300, 900, 0), LABELS),
        storage(63.5),
        meter(-150, (-400, 100, 150)),
    )

    assert reading.number("pv_power") == 3400
    assert reading.number("battery_power") == -900
    assert reading.number("battery_soc") == 63.5
    assert reading.number("grid_power") == -150
    assert reading.number("grid_power_l1") == -400
    assert reading.number("load_power") == 3400 - 900 - 150
    assert reading.number("max_charge_power") == 5120
    assert reading.number("ac_power") == 2400
    assert reading.text("supply") == "grid"


async def test_unlabelled_hybrid_charges_by_module_3_and_discharges_by_4():
    reading = await read_device(
        common(), inverter(1500), modules((600, 200, 0, 750)), storage(40), meter(20)
    )

    assert reading.number("pv_power") == 800
    assert reading.number("battery_power") == 750


async def test_four_strings_without_storage_are_all_sun():
    reading = await read_device(common(), inverter(2000), modules((500, 500, 500, 600)))

    assert reading.number("pv_power") == 2100


async def test_twelve_strings_are_further_from_their_scale_than_one_request_reaches():
    reading = await read_device(common("SMA", "Core1"), inverter(0), many_modules([500] * 12))

    assert reading.number("pv_string_12_power") == 500
    assert reading.number("pv_power") == 6000


async def test_list_that_ends_by_a_refusal_is_a_list():
    words = lay_out(common(), inverter(1230))[:-2]
    async with serve({1: {40000: words}}) as port:
        assert (await read(port)).number("ac_power") == 1230


async def test_battery_model_802_comes_before_the_modules():
    reading = await read_device(
        common("KOSTAL", "PLENTICORE"),
        inverter(1900),
        modules((1000, 600, 65535, 65535)),
        battery(429, 92),
        meter(0),
    )

    assert reading.number("battery_power") == 429
    assert reading.number("battery_soc") == 92
    assert reading.number("battery_voltage") == 400.0
    assert reading.number("load_power") == 1600 + 429


PV, BATTERY, CAR = 0, 1, 2


async def test_dc_ports_of_model_714_tell_sun_from_battery_and_leave_a_car_out():
    dc = ports((PV, 1500), (PV, 1300), (BATTERY, -400), (CAR, 7000))
    reading = await read_device(common(), der(2400), dc, meter(-100))

    assert reading.number("pv_power") == 2800
    assert reading.number("battery_power") == -400
    assert reading.number("ac_power") == 2400
    assert reading.number("load_power") == 2800 - 400 - 100


async def test_device_with_strings_and_ports_counts_its_sun_once():
    strings = modules((900, 600, 0, 0))

    reading = await read_device(common(), inverter(1500), strings, ports((PV, 900), (PV, 600)))

    assert reading.number("pv_power") == 1500


RUNNING, THROTTLED, FAULT = 3, 4, 6
FOLLOWS, FORMS, CLIPPED = 0b001, 0b010, 0b100


@pytest.mark.parametrize(
    ("state", "connected", "mode", "said"),
    [
        (RUNNING, 1, FOLLOWS, ("grid", 0, 0)),
        (RUNNING, 0, FORMS, ("island", 0, 0)),
        (THROTTLED, 1, FOLLOWS, ("grid", 1, 0)),
        (RUNNING, 1, FOLLOWS | CLIPPED, ("grid", 1, 0)),
        (FAULT, 0, 0, (None, 0, 1)),
    ],
)
async def test_model_701_tells_supply_throttling_and_fault(state, connected, mode, said):
    reading = await read_device(common(), der(1000, state, connected, mode))

    supply, throttled, alarm = said
    assert reading.text("supply") == supply
    assert reading.number("pv_throttled") == throttled
    assert reading.number("inverter_alarm") == alarm


async def test_bit_field_is_a_number_for_decisions_and_names_for_people():
    reading = await read_device(common(), inverter(0, 8, 1 << 7 | 1 << 3), status(pv=0, grid=1))

    assert reading.number("inverter_events") == 0b10001000
    assert reading.text("model_103_Evt1") == "DC_DISCONNECT, OVER_TEMP"
    assert reading.text("model_122_PVConn") is None


async def test_bit_field_of_people_is_a_number_too_where_no_bit_is_set():
    reading = await read_device(common(), (203, model_words(203, {105: [0, 0]})))

    assert reading.number("model_203_Evt_bits") == 0
    assert reading.text("model_203_Evt") is None


async def test_modules_are_asked_for_their_names_in_as_few_questions_as_can_be():
    asked: list[tuple[int, int]] = []

    async def note(function, start, address, amount, registers, values):
        asked.append((address, amount))

    twelve = lay_out(common(), many_modules([500] * 12))
    async with serve({1: {40000: twelve}}, note) as port:
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        models = await walk_models(link, 1)
        await link.close()

    assert len(models[-1].labels) == 12
    # The marker, three heads, and twelve names of 8 words that stand 20 apart: six at once.
    assert [amount for _, amount in asked] == [2, 2, 2, 108, 108, 2]


async def test_bms_current_limits_the_charge_before_the_rating_does():
    reading = await read_device(common(), inverter(100), battery(0, 99, charge_a=2, discharge_a=20))

    assert reading.number("max_charge_power") == 800
    assert reading.number("max_discharge_power") == 8000


async def test_full_battery_that_refuses_charge_has_a_limit_of_0():
    reading = await read_device(common(), inverter(100), battery(0, 100, charge_a=0))

    assert reading.number("max_charge_power") == 0


async def test_inverter_without_strings_gives_its_ac_side_less_the_battery():
    reading = await read_device(common(), inverter(1200), battery(500, 60))

    assert reading.number("pv_power") == 700


async def test_inverter_without_strings_and_battery_gives_its_ac_side():
    reading = await read_device(common(), inverter(1230))

    assert reading.number("pv_power") == 1230


async def test_storage_that_hides_its_power_leaves_the_sun_unknown():
    reading = await read_device(common(), inverter(1200), storage(55))

    assert reading.number("pv_power") is None


@pytest.mark.parametrize(("state", "throttled", "alarm"), [(4, 0, 0), (5, 1, 0), (7, 0, 1)])
async def test_state_tells_throttling_and_faults(state, throttled, alarm):
    reading = await read_device(common(), inverter(500, state))

    assert reading.number("pv_throttled") == throttled
    assert reading.number("inverter_alarm") == alarm


async def test_state_of_a_makers_own_is_told_as_its_number_and_is_no_sleep():
    reading = await read_device(common(), inverter(500, state=12))

    assert reading.number("inverter_state") == 12
    assert reading.number("inverter_alarm") == 0


async def test_event_of_an_open_dc_switch_is_no_alarm_but_over_temperature_is():
    dc_switch, too_hot = 1 << 3, 1 << 7

    assert (await read_device(common(), inverter(0, 8, dc_switch))).number("inverter_alarm") == 0
    assert (await read_device(common(), inverter(0, 8, too_hot))).number("inverter_alarm") == 1


@pytest.mark.parametrize(
    ("pv", "grid", "supply"),
    [(7, 1, "grid"), (7, 0, "island"), (0, 0, None), (0xFFFF, 0xFFFF, None)],
)
async def test_grid_switch_tells_the_supply_where_it_is_maintained(pv, grid, supply):
    reading = await read_device(common(), inverter(0, 2), status(pv, grid))

    assert reading.text("supply") == supply


async def test_voltage_at_the_meter_proves_a_grid_at_night():
    reading = await read_device(common(), inverter(0, 2), meter(300))

    assert reading.text("supply") == "grid"


async def test_solaredge_meter_counts_export_as_positive():
    reading = await read_device(common("SolarEdge", "SE5K"), inverter(3000), meter(91))

    assert reading.number("grid_power") == -91


@pytest.mark.parametrize("base", [0, 50000])
async def test_map_may_start_at_another_base(base):
    reading = await read_device(common(), inverter(1230), base=base)

    assert reading.number("ac_power") == 1230


async def test_device_without_a_marker_is_named_unfit():
    async with serve({1: {40000: [0] * 200}}) as port:
        with pytest.raises(DeviceUnfit, match=r"is no SunSpec device.*switch its Modbus"):
            await read(port)


async def test_models_that_moved_are_found_again_after_a_reconnect():
    async with serve({1: {40000: lay_out(common(), inverter(1000))}}) as port:
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        device = ModbusDevice("roof", load_profile("sunspec"), link)
        first = {one.name: one.value for one in await device.poll()}
    moved = lay_out(common(), status(7, 1), inverter(2000))
    async with serve({1: {40000: moved}}, port=port):
        second = {one.name: one.value for one in await device.poll()}
        await device.close()

    assert first["ac_power"] == 1000
    assert second["ac_power"] == 2000


async def test_meter_of_its_own_unit_is_found_where_the_inverter_has_none():
    main = {40000: lay_out(common(), inverter(1000))}
    other = {40000: lay_out(common(), meter(640))}
    async with serve({1: main, 200: other}) as port:
        reading = await read(port)

    assert reading.number("grid_power") == 640
    assert reading.number("load_power") == 1640


async def test_missing_meter_unit_is_not_asked_again_at_every_poll():
    asked: list[int] = []

    async def count(function, start, address, amount, registers, values):
        asked.append(address)

    async with serve({1: {40000: lay_out(common(), inverter(1000))}}, count) as port:
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        device = ModbusDevice("roof", load_profile("sunspec"), link)
        await device.poll()
        asked.clear()
        await device.poll()
        await device.close()

    assert len(asked) == 1


async def test_walk_lists_models_in_the_devices_order():
    async with serve({1: {40000: lay_out(common(), inverter(0), storage(50), meter(1))}}) as port:
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        models = await walk_models(link, 1)
        await link.close()

    assert [(one.model, one.start) for one in models] == [
        (1, 40002),
        (103, 40070),
        (124, 40122),
        (203, 40148),
    ]


async def test_pysunspec2_reads_the_same_values():
    device = lay_out(
        common(), inverter(2400), modules((2100, 1300, 900, 0), LABELS), storage(63.5), meter(-150)
    )

    def ask_independently(port: int) -> dict[str, float]:
        client = pysunspec2.SunSpecModbusClientDeviceTCP(
            slave_id=1, ipaddr="127.0.0.1", ipport=port, timeout=5
        )
        try:
            client.scan()
            for model in (103, 160, 124, 203):
                client.models[model][0].read()
            strings = client.models[160][0].groups["module"]
            return {
                "ac_power": client.models[103][0].points["W"].cvalue,
                "ac_frequency": client.models[103][0].points["Hz"].cvalue,
                "pv_string_1_power": strings[0].points["DCW"].cvalue,
                "battery_soc": client.models[124][0].points["ChaState"].cvalue,
                "grid_power": client.models[203][0].points["W"].cvalue,
            }
        finally:
            client.disconnect()

    async with serve({1: {40000: device}}) as port:
        theirs = await asyncio.to_thread(ask_independently, port)
        ours = await read(port)

    assert {name: ours.number(name) for name in theirs} == pytest.approx(theirs)


async def test_silent_host_is_told_with_the_device():
    async with misbehave(stay_silent) as (_, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        device = ModbusDevice("roof", load_profile("sunspec"), link, 9)
        with pytest.raises(DeviceTimeout, match=r'device "roof": .*usually is 1 or 126 or 71 or 3'):
            await device.poll()
        await device.close()

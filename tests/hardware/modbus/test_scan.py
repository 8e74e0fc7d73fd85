"""A scan finds the family, asks one host, and says what it could not find."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from chaos import ChaosDevice, on_line, only_unit, silent

from hardware.modbus.address import SerialAddress, TcpAddress
from hardware.modbus.limits import LinkLimits
from hardware.modbus.profile import load_profile, profile_names
from hardware.modbus.scan import Candidate, ports_of, propose, scan
from hardware.sim.served import image_of_profile, image_of_recording
from hardware.sim.server import ModbusServer, show

QUICK = LinkLimits(timeout_s=0.3)
ALL = [load_profile(name) for name in profile_names()]


@contextlib.asynccontextmanager
async def simulated(name: str) -> AsyncIterator[TcpAddress]:
    image = image_of_profile(load_profile(name))
    server = ModbusServer(show(lambda: image))
    port = await server.start("127.0.0.1", 0)
    try:
        yield TcpAddress(host="127.0.0.1", port=port)
    finally:
        await server.close()


@pytest.mark.parametrize("name", [one.profile_id for one in ALL])
async def test_family_is_recognised_among_all(name: str):
    async with simulated(name) as address:
        result = await scan([address], ALL, QUICK)

    assert result.candidates[0].profile.profile_id == name
    assert result.candidates[0].is_sound


async def test_row_23_unit_ids_of_a_family_are_tried_one_by_one_and_silent_ones_twice_at_most():
    holding = image_of_profile(load_profile("goodwe-et"))[247].holding
    chaos = ChaosDevice({245: dict(holding)}, always=only_unit(247, silent))
    async with on_line(chaos):
        address = TcpAddress(host="127.0.0.1", port=chaos.port)
        result = await scan([address], ALL, QUICK)

    (found,) = result.candidates
    assert (found.profile.profile_id, found.unit) == ("goodwe-et", 245)
    assert propose(found, "roof") == (
        f"roof: {{profile: goodwe-et, host: 127.0.0.1, port: {chaos.port}, unit: 245}}"
    )
    assert [asked.unit for asked in chaos.asked].count(247) <= 2
    assert {asked.function for asked in chaos.asked} <= {3, 4}


async def test_further_units_of_a_gx_are_found_and_proposed():
    """The vendor's simulation has its inverter at 246 and its battery at 247."""
    profile = load_profile("victron-gx")
    image = image_of_recording(profile.tests[0].blocks)
    server = ModbusServer(show(lambda: image))
    port = await server.start("127.0.0.1", 0)
    try:
        result = await scan([TcpAddress(host="127.0.0.1", port=port)], [profile], QUICK)
    finally:
        await server.close()

    (found,) = result.candidates
    assert found.units == (("battery", 247),)
    assert "units: {battery: 247}" in propose(found, "gx")
    assert any(point.name == "battery_temperature" for point in found.points)


async def test_host_where_nobody_listens_is_a_sentence():
    async with simulated("sunspec") as address:
        pass
    result = await scan([address], ALL, QUICK)

    assert result.candidates == ()
    assert "refuses the connection" in result.silent[0]


async def test_device_of_no_known_family_is_told_as_such():
    async with on_line(ChaosDevice({unit: {9999: 1} for unit in range(256)})) as chaos:
        result = await scan([TcpAddress(host="127.0.0.1", port=chaos.port)], ALL, QUICK)

    assert result.silent[0].endswith("speaks Modbus, but shows the registers of no known family")


async def test_open_port_that_never_answers_is_no_modbus_device():
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    result = await scan(
        [TcpAddress(host="127.0.0.1", port=port)], ALL[:2], LinkLimits(timeout_s=0.05)
    )
    server.close()
    await server.wait_closed()

    assert "is open, but no unit answers Modbus there" in result.silent[0]


def test_ports_of_families_come_with_the_usual_one_first():
    assert ports_of(ALL)[0] == 502
    assert {502, 1502} <= set(ports_of(ALL))


def test_serial_line_is_proposed_with_what_is_not_usual():
    profile = load_profile("eastron-sdm")
    address = SerialAddress(path="/dev/ttyUSB0", baudrate=19200, parity="E")
    candidate = Candidate(profile=profile, address=address, unit=1, points=())

    assert propose(candidate, "meter") == (
        "meter: {profile: eastron-sdm, serial: /dev/ttyUSB0, baudrate: 19200, parity: even}"
    )

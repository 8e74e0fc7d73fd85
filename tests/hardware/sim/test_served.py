"""Devices made of recordings and profiles: what they serve, and what their family reads of it."""

from dataclasses import replace

import pytest

from hardware.modbus.address import TcpAddress
from hardware.modbus.description import RecordedBlock
from hardware.modbus.device import ModbusDevice
from hardware.modbus.link import ModbusLink
from hardware.modbus.profile import load_profile, profile_names
from hardware.sim.served import as_unit, image_of_profile, image_of_recording
from hardware.sim.server import ModbusServer, answer, show
from solard.core.readings import Quality

HELD = RecordedBlock(unit=7, function=3, address=100, words=(1, 2))
INPUT = RecordedBlock(unit=7, function=4, address=200, words=(3,))


def ask(image: object, unit: int, function: int, address: int, count: int = 1) -> bytes:
    request = bytes([function]) + address.to_bytes(2, "big") + count.to_bytes(2, "big")
    return answer(image, unit, request)  # type: ignore[arg-type]


def test_recording_serves_its_words_by_unit_and_function_and_nothing_else() -> None:
    image = image_of_recording([HELD, INPUT])

    assert ask(image, 7, 3, 100, 2) == b"\x03\x04\0\1\0\2"
    assert ask(image, 7, 4, 200) == b"\x04\x02\0\3"
    assert ask(image, 7, 4, 100) == b"\x84\x02"
    assert ask(image, 7, 3, 102) == b"\x83\x02"
    assert ask(image, 8, 3, 100) == b"\x83\x0b"
    assert ask(image, 7, 6, 100) == b"\x86\x01"


def test_recording_without_unit_and_function_answers_as_any() -> None:
    image = image_of_recording([RecordedBlock(unit=None, function=None, address=0, words=(9,))])

    assert ask(image, 1, 3, 0) == ask(image, 247, 3, 0) == b"\x03\x02\0\x09"
    assert ask(image, 1, 4, 0) == b"\x04\x02\0\x09"


def test_family_with_one_set_of_registers_serves_it_with_both_functions() -> None:
    assert ask(image_of_recording([HELD], same=True), 7, 4, 100) == b"\x04\x02\0\1"


def test_unit_may_be_another() -> None:
    image = as_unit(image_of_recording([HELD]), 3)

    assert ask(image, 3, 3, 100) == b"\x03\x02\0\1"
    assert ask(image, 7, 3, 100) == b"\x83\x0b"


@pytest.mark.parametrize("name", profile_names())
async def test_every_family_reads_its_own_simulator(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    shipped = load_profile(name)
    hasty = replace(shipped.limits, request_gap_s=0.0, connect_delay_s=0.0)
    profile = replace(shipped, limits=hasty)
    image = image_of_profile(profile)
    server = ModbusServer(show(lambda: image))
    port = await server.start("127.0.0.1", 0)
    try:
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), profile.limits)
        points = await ModbusDevice("it", profile, link).poll()
        await link.close()
    finally:
        await server.close()

    good = [point for point in points if point.quality is Quality.GOOD]
    assert len(good) > 0.85 * len(points)
    assert len(good) >= 15
    assert caplog.messages == [], "a home at noon does not contradict itself"
    said = {point.name: point.value for point in points}
    assert {said.get("supply"), said.get("inverter_alarm")} <= {"grid", 0.0, None}
    assert said.get("battery_soc") in (64.0, 63.5, None)


def test_simulated_numbers_move_a_little_and_recorded_ones_do_not() -> None:
    profile = load_profile("goodwe-et")
    now, later = image_of_profile(profile, 0), image_of_profile(profile, 1)

    assert now != later
    assert ask(now, 247, 3, 35103) == ask(later, 247, 3, 35103)

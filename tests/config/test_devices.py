"""The `devices:` section: addresses, serial lines, sources over HTTP, and what contradicts."""

import pytest

from solard.config.devices import HttpPoint, HttpSection, ModbusSection
from tests.config.yamls import HOME, problems, read

METER = "  meter: {profile: sunspec, host: 192.168.1.50}\n"


def with_devices(*lines: str) -> str:
    return HOME.replace(METER, METER + "".join(f"  {line}\n" for line in lines))


def test_serial_line_with_its_settings() -> None:
    line = "rtu: {profile: sunspec, serial: /dev/ttyUSB0, baudrate: 19200, parity: even, unit: 3}"
    device = read(with_devices(line)).devices[1]

    assert isinstance(device, ModbusSection)
    assert (device.serial, device.baudrate, device.parity, device.unit) == (
        *("/dev/ttyUSB0", 19200, "E", 3),
    )


def test_gateway_that_speaks_rtu_and_one_that_numbers_its_answers() -> None:
    lines = (
        "a: {profile: sunspec, host: 10.0.0.9, port: 8899, framer: rtu}",
        "b: {profile: sunspec, host: 10.0.0.8, transaction: any, source: modbus}",
    )
    _, a, b = read(with_devices(*lines)).devices

    assert isinstance(a, ModbusSection)
    assert isinstance(b, ModbusSection)
    assert (a.port, a.framer, a.echoes_transaction) == (8899, "rtu", True)
    assert (b.port, b.framer, b.echoes_transaction) == (None, "tcp", False)


def test_http_source_with_short_and_long_points() -> None:
    line = (
        "evcc: {source: http, url: 'http://evcc.local:7070/api/state', max_age: 2 min, points: "
        "{pv_power: pvPower, grid_power: {path: grid.power, unit: kW, sign: export}}}"
    )
    device = read(with_devices(line)).devices[1]

    assert isinstance(device, HttpSection)
    assert device.device_id == "evcc"
    assert device.points == (
        ("pv_power", HttpPoint(path="pvPower")),
        ("grid_power", HttpPoint(path="grid.power", unit="kW", sign="export")),
    )
    assert (device.max_age_s, device.every_s) == (120, 5)


def test_point_may_stand_beside_the_keys_of_its_source() -> None:
    short = "car: {source: http, url: 'http://evcc/api', power: loadpoints.0.chargePower}"
    mixed = "car: {source: http, url: 'http://evcc/api', power: a, points: {temperature: b}}"
    (_, one), (_, two) = read(with_devices(short)).devices, read(with_devices(mixed)).devices

    assert isinstance(one, HttpSection)
    assert isinstance(two, HttpSection)
    assert one.points == (("power", HttpPoint(path="loadpoints.0.chargePower")),)
    assert two.points == (
        ("temperature", HttpPoint(path="b")),
        ("power", HttpPoint(path="a")),
    )


def test_token_is_never_shown() -> None:
    line = "ha: {source: http, url: 'http://ha', points: {pv_power: state}, token: geheim-geheim}"

    assert "geheim" not in repr(read(with_devices(line)).devices[1])


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("x: {profile: sunspec}", "devices.x has no host and serial; write `host: 192.168.8.20`"),
        (
            "x: {profile: sunspec, host: a, serial: /dev/ttyUSB0}",
            "devices.x has both host and serial",
        ),
        (
            "x: {profile: sunspec, serial: /dev/ttyUSB0, port: 502}",
            "devices.x has a port beside serial; delete it",
        ),
        (
            "x: {profile: sunspec, host: a, framer: rtu, transaction: any}",
            "devices.x has transaction beside RTU, which has no transactions",
        ),
        (
            "x: {profile: sunspec, host: a, share_on: '127.0.0.1:70000'}",
            "devices.x share_on 127.0.0.1:70000: the port is outside 1..65535",
        ),
        (
            "x: {profile: sunspec, host: a, share_on: '127.0.0.1:5020', close_after_poll: true}",
            "devices.x has share_on and close_after_poll",
        ),
        ("x: {source: mqtt, url: 'http://a'}", "devices.x.source mqtt is not known"),
        ("x: {source: http}", "devices.x.url is missing"),
        (
            "x: {source: http, url: 'http://me:pw@a', points: {pv_power: p}}",
            "is not an address like http://evcc.local:7070/api/state, without a password in it",
        ),
        (
            "x: {source: http, url: 'http://a', points: {pvpower: p}}",
            '"pvpower" is no name: write one of pv_power, grid_power',
        ),
    ],
)
def test_contradiction_is_a_sentence(line: str, sentence: str) -> None:
    assert any(sentence in said for said in problems(with_devices(line)))


def test_port_is_shared_once() -> None:
    lines = (
        "a: {profile: sunspec, host: a, share_on: '127.0.0.1:5020'}",
        "b: {profile: sunspec, host: b, share_on: '127.0.0.1:5020'}",
    )

    assert any(
        "a and b both share on 127.0.0.1:5020" in one for one in problems(with_devices(*lines))
    )

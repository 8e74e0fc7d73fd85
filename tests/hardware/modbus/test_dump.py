"""What a report holds: every word that was read, no serial number, and values to compare with."""

import json
from pathlib import Path

from chaos import ChaosDevice, on_line

from hardware.modbus.address import TcpAddress
from hardware.modbus.capture import read_captures
from hardware.modbus.dump import dump
from hardware.modbus.profile import load_profile, read_profile
from hardware.modbus.replay import replay
from hardware.sim.served import image_of_profile

PROFILE = read_profile(
    """
profile: 1
id: test-box
limits: {max_gap: 4}
points:
  serial: {addr: 0, type: str3}
  serial_number: {addr: 10, type: u32}
  pv_power: {addr: 20, unit: W}
""",
    "test.yaml",
)


async def dumped(chaos: ChaosDevice, profile: object = PROFILE) -> dict[str, object]:
    async with on_line(chaos):
        address = TcpAddress(host="127.0.0.1", port=chaos.port)
        return await dump(address, profile)  # type: ignore[arg-type]


async def test_serial_numbers_are_covered_in_words_and_values():
    text = [0x5345, 0x4352, 0x4554]
    chaos = ChaosDevice({1: dict(enumerate(text)) | {10: 4711, 11: 4712, 20: 900}})
    report = await dumped(chaos)

    assert report["blocks"] == [
        {"unit": 1, "fc": 3, "address": 0, "count": 3, "registers": [0x5858] * 3},
        {"unit": 1, "fc": 3, "address": 10, "count": 2, "registers": [0, 0]},
        {"unit": 1, "fc": 3, "address": 20, "count": 1, "registers": [900]},
    ]
    assert {"name": "pv_power", "address": 20, "value": 900, "unit": "W"} in report["expected"]
    assert "SECRET" not in json.dumps(report)
    assert "4712" not in json.dumps(report)


async def test_serial_numbers_of_every_common_model_are_covered():
    profile = load_profile("sunspec")
    inverter_and_meter = image_of_profile(load_profile("solaredge-storedge"))[1].holding
    (block, *_) = (await dumped(ChaosDevice({1: dict(inverter_and_meter)}), profile))["blocks"]

    text = b"".join(word.to_bytes(2, "big") for word in block["registers"])
    assert text.count(b"SolarEdge") == 2
    assert b"SIMULATED" not in text
    assert text.count(b"X" * 32) == 2


async def test_report_is_a_recording_that_replays_to_the_values_it_was_read_with(tmp_path: Path):
    profile = load_profile("sunspec")
    words = image_of_profile(profile)[1].holding
    report = await dumped(ChaosDevice({1: dict(words)}), profile)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    (poll,) = await replay(profile, read_captures(path))

    values = {point.name: point.value for point in poll.points}
    expected = {row["name"]: row["value"] for row in report["expected"]}
    told = {name: value for name, value in expected.items() if value != "redacted"}
    assert len(told) > 20
    assert {name: values[name] for name in told} == told


async def test_sunspec_device_is_written_down_whole():
    words = image_of_profile(load_profile("sunspec"))[1].holding
    report = await dumped(ChaosDevice({1: dict(words)}), load_profile("sunspec"))

    written = sum(len(block["registers"]) for block in report["blocks"])
    assert written >= len(words) - 2

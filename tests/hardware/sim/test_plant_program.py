"""The plant as a process: real Modbus TCP, read by mbpoll and pysunspec2, and killed."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hardware.gpu.simulated import create
from hardware.modbus.address import TcpAddress
from hardware.modbus.device import ModbusDevice
from hardware.modbus.link import ModbusLink
from hardware.modbus.profile import load_profile
from solard.system.clock import CLOCK_VARIABLE, ScaledClock
from solard.system.lines import Denied, ask_now

TEN_LOCAL = datetime(2024, 5, 28, 8, tzinfo=UTC)
FROZEN = 0.001
"""A speed at which the site stands still while we look at it from two sides."""

needs_mbpoll = pytest.mark.skipif(
    shutil.which("mbpoll") is None, reason="mbpoll is not installed: apt-get install mbpoll"
)


@dataclass
class Plant:
    process: subprocess.Popen[str]
    port: int
    door: Path

    def truth(self) -> dict[str, Any]:
        return ask_now(self.door, {"verb": "truth"}, 5.0)

    def change(self, **fields: Any) -> dict[str, Any]:
        return ask_now(self.door, {"verb": "set", **fields}, 5.0)


Start = Callable[..., Plant]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def begin(
        profile: str,
        *options: str,
        speed: float = FROZEN,
        at: datetime = TEN_LOCAL,
        clock: ScaledClock | None = None,
    ) -> Plant:
        clock = clock or ScaledClock(at, time.monotonic(), speed)
        process = spawn(profile, "--socket", str(tmp_path / "door"), *options, clock=clock)
        running.append(process)
        assert process.stdout is not None
        ready = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert ready is not None, process.communicate()[1]
        return Plant(process, int(ready[1]), tmp_path / "door")

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def spawn(profile: str, *options: str, clock: ScaledClock) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hardware.sim.plant", "--profile", profile, *options],
        env={**os.environ, CLOCK_VARIABLE: clock.variable()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def mbpoll(plant: Plant, unit: int, address: int, count: int = 1, kind: str = "4") -> list[int]:
    """Read words with mbpoll, an independent client; it numbers registers from 1."""
    result = subprocess.run(
        [
            *("mbpoll", "-a", str(unit), "-r", str(address + 1), "-c", str(count)),
            *("-t", kind, "-1", "-q", "-p", str(plant.port), "127.0.0.1"),
        ],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return [int(word) for word in re.findall(r"^\[\d+\]:\s+(\d+)", result.stdout, re.M)]


def signed(word: int) -> int:
    return word - 65536 if word & 0x8000 else word


@needs_mbpoll
@pytest.mark.parametrize("kind", ["3", "4"])
def test_mbpoll_reads_the_island_as_it_truly_is(start: Start, kind: str) -> None:
    plant = start("victron", "--start-soc", "0.63")
    truth = plant.truth()

    load = mbpoll(plant, 100, 817, 10, kind)
    battery = mbpoll(plant, 100, 840, 7, kind)
    (sun,) = mbpoll(plant, 100, 850, 1, kind)

    assert load == [round(truth["load_w"])] + [0] * 8 + [240]
    assert signed(battery[2]) == round(-truth["battery_w"])
    assert battery[3] == 63
    assert sun == round(truth["pv_w"])
    assert truth["pv_w"] > 2000.0


@needs_mbpoll
def test_mbpoll_is_told_what_is_not_there(start: Start) -> None:
    plant = start("victron")

    for unit, address, words in (
        (100, 827, "Illegal data address"),
        (33, 800, "Target device failed to respond"),
    ):
        with pytest.raises(AssertionError, match=words):
            mbpoll(plant, unit, address)


@needs_mbpoll
def test_full_island_hides_its_sun(start: Start) -> None:
    plant = start("victron", "--start-soc", "1")
    truth = plant.truth()

    (sun,) = mbpoll(plant, 100, 850)

    assert sun == round(truth["load_w"]) < 500
    assert truth["pv_available_w"] > 2000.0
    assert truth["throttled"] is True


@needs_mbpoll
def test_generator_shows_within_one_request(start: Start) -> None:
    plant = start("victron")

    truth = plant.change(supply="generator", max_charge_w=0)

    assert truth["supply"] == "generator"
    assert mbpoll(plant, 100, 826) == [2]
    assert mbpoll(plant, 225, 307) == [0]


def test_pysunspec2_walks_the_home_and_agrees_with_the_truth(start: Start) -> None:
    sunspec = pytest.importorskip("sunspec2.modbus.client", reason="pysunspec2 is not installed")
    plant = start("sunspec", "--start-soc", "0.97", "--export-cap", "500")
    truth = plant.truth()

    device = sunspec.SunSpecModbusClientDeviceTCP(
        slave_id=1, ipaddr="127.0.0.1", ipport=plant.port, timeout=5
    )
    device.scan()
    device.disconnect()

    found = device.models
    assert [key for key in found if isinstance(key, int)] == [1, 103, 120, 122, 124, 160, 203, 802]
    modules = [module.DCW.cvalue for module in found[160][0].module]
    assert modules == [round(truth["pv_w"]), 0, round(-truth["battery_w"]), 0]
    assert found[103][0].W.cvalue == round(truth["pv_w"] + truth["battery_w"])
    assert found[103][0].St.cvalue == 4
    assert found[203][0].W.cvalue == round(truth["grid_w"])
    assert found[802][0].W.cvalue == round(truth["battery_w"])
    assert found[802][0].SoC.cvalue == pytest.approx(100 * truth["soc"], abs=0.006)
    assert found[124][0].ChaState.cvalue == pytest.approx(100 * truth["soc"], abs=0.006)
    assert found[120][0].WHRtg.cvalue == 10000
    assert truth["battery_w"] < 0.0


def test_pysunspec2_sees_the_export_cap_throttle(start: Start) -> None:
    sunspec = pytest.importorskip("sunspec2.modbus.client", reason="pysunspec2 is not installed")
    plant = start("sunspec", "--start-soc", "1", "--export-cap", "500")

    device = sunspec.SunSpecModbusClientDeviceTCP(
        slave_id=1, ipaddr="127.0.0.1", ipport=plant.port, timeout=5
    )
    device.scan()
    device.disconnect()

    assert device.models[203][0].W.cvalue == -500
    assert device.models[103][0].St.cvalue == 5


async def readings(plant: Plant, profile_id: str) -> dict[str, float | str | None]:
    """Return what the daemon's own reader, which shares no code with the plant, makes of it."""
    profile = load_profile(profile_id)
    device = ModbusDevice(
        "plant", profile, ModbusLink(TcpAddress(host="127.0.0.1", port=plant.port), profile.limits)
    )
    points = await device.poll()
    await device.close()
    return {point.name: point.value for point in points}


@pytest.mark.parametrize(
    ("kind", "profile_id", "changes"),
    [
        ("victron", "victron-gx", {}),
        ("victron", "victron-gx", {"soc": 1.0}),
        ("victron", "victron-gx", {"supply": "generator"}),
        ("sunspec", "sunspec", {"alarm": True}),
        ("sunspec", "sunspec", {"soc": 1.0, "export_at_most_w": 200}),
        ("sunspec", "sunspec", {"supply": "island"}),
    ],
)
async def test_reader_sees_the_truth(
    start: Start, kind: str, profile_id: str, changes: dict[str, Any]
) -> None:
    plant = start(kind)
    truth = plant.change(**changes)

    seen = await readings(plant, profile_id)

    for name in ("pv", "load", "grid", "battery"):
        assert seen[f"{name}_power"] == pytest.approx(truth[f"{name}_w"], abs=1.5), name
    assert seen["battery_soc"] == pytest.approx(100 * truth["soc"], abs=0.5)
    assert seen["supply"] == truth["supply"]
    assert seen["pv_throttled"] == truth["throttled"]
    assert seen["inverter_alarm"] == truth["alarm"]
    assert seen["max_charge_power"] == pytest.approx(truth["max_charge_w"], abs=6.0)


def test_rig_hangs_on_the_plant(start: Start, tmp_path: Path) -> None:
    cards = tmp_path / "cards.json"
    create(cards, count=2, host_w=90.0)

    with_rig = start("victron", "--cards", str(cards)).truth()

    # Host 90 W, one card of each kind parked at 14 and 12 W, behind a supply of 92 %.
    assert with_rig["rig_w"] == pytest.approx(90.0 + 26.0 / 0.92)
    assert with_rig["load_w"] == pytest.approx(with_rig["rig_w"] + 300.0, abs=60.0)


def test_fast_day_balances_its_books(start: Start) -> None:
    plant = start("sunspec", speed=3600.0)
    until_s = time.monotonic() + 20.0
    while plant.truth()["load_wh"] < 500.0 and time.monotonic() < until_s:
        time.sleep(0.2)

    truth = plant.truth()

    sources_wh = truth["pv_wh"] + truth["grid_in_wh"] - truth["grid_out_wh"]
    sources_wh += truth["battery_out_wh"] - truth["battery_in_wh"]
    assert truth["load_wh"] >= 500.0
    assert sources_wh == pytest.approx(truth["load_wh"])


def test_killed_plant_goes_on_where_it_was(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "plant.json"
    clock = ScaledClock(TEN_LOCAL, time.monotonic(), 600.0)
    first = start("victron", "--start-soc", "0.3", "--state", str(state), clock=clock)
    first.change(export_at_most_w=123.0)
    until_s = time.monotonic() + 20.0
    while not (state.exists() and json.loads(state.read_text())["state"]["soc"] > 0.35):
        assert time.monotonic() < until_s
        time.sleep(0.1)
    before = first.truth()

    first.process.kill()
    first.process.wait()
    second = start("victron", "--start-soc", "0.3", "--state", str(state), clock=clock)
    after = second.truth()

    assert after["soc"] >= before["soc"] - 1e-6
    assert after["pv_wh"] >= before["pv_wh"] - 1e-6
    assert after["export_at_most_w"] == 123.0


def test_state_of_another_day_is_not_used(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "plant.json"
    first = start("victron", "--start-soc", "0.9", "--state", str(state))
    first.process.terminate()
    assert first.process.wait(10) == 0

    other = start("victron", "--day", "cloudy", "--start-soc", "0.4", "--state", str(state))

    assert other.truth()["soc"] == pytest.approx(0.4, abs=0.001)


def test_broken_state_file_is_named_and_left_behind(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "plant.json"
    state.write_text("{half")

    plant = start("victron", "--start-soc", "0.4", "--state", str(state))

    assert plant.truth()["soc"] == pytest.approx(0.4, abs=0.001)
    plant.process.terminate()
    assert "is not a plant's state" in plant.process.communicate(timeout=10)[1]


def test_terminated_plant_exits_well_and_takes_its_socket_along(start: Start) -> None:
    plant = start("sunspec")
    with socket.create_connection(("127.0.0.1", plant.port), 5):
        plant.process.send_signal(signal.SIGTERM)

        assert plant.process.wait(10) == 0

    assert not plant.door.exists()


def test_taken_port_is_one_sentence_and_exit_1(start: Start) -> None:
    first = start("victron")
    clock = ScaledClock(TEN_LOCAL, time.monotonic(), FROZEN)

    second = spawn("victron", "--port", str(first.port), clock=clock)
    out, complaint = second.communicate(timeout=20)

    assert (second.returncode, out) == (1, "")
    assert re.fullmatch(
        rf"plant: cannot serve Modbus on 127.0.0.1:{first.port}: .*; choose another port\n",
        complaint,
    )


def test_supply_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    clock = ScaledClock(TEN_LOCAL, time.monotonic(), FROZEN)

    process = spawn("sunspec", "--supply", "generator", clock=clock)
    complaint = process.communicate(timeout=20)[1]

    assert process.returncode == 1
    assert complaint == (
        "plant: supply 'generator': this plant has none; start it with --generator W\n"
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"supply": "wind"}, "supply 'wind' is none of grid, island, generator"),
        ({"supply": "generator"}, "this plant has none"),
        ({"soc": 1.5}, "soc 1.5 is outside 0..1"),
        ({"max_charge_w": "many"}, "max_charge_w 'many' is not a number"),
        ({"colour": 1}, "a plant has no 'colour' to set"),
    ],
)
def test_wrong_change_is_refused_with_a_sentence(
    start: Start, fields: dict[str, Any], sentence: str
) -> None:
    plant = start("sunspec")

    with pytest.raises(Denied, match=re.escape(sentence)):
        plant.change(**fields)


def test_unknown_verb_names_those_that_there_are(start: Start) -> None:
    plant = start("victron")

    with pytest.raises(Denied, match="no verb 'dance'; there are truth and set"):
        ask_now(plant.door, {"verb": "dance"}, 5.0)


def test_process_is_small(start: Start) -> None:
    plant = start("sunspec")
    plant.truth()

    status = Path(f"/proc/{plant.process.pid}/status").read_text()

    resident = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert resident is not None
    assert int(resident[1]) < 45_000

"""The Modbus commands that need no device: replay, lint, profiles."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from hardware.modbus.profile import load_profile
from solard.cli.modbus import address_from, modbus
from solard.core.errors import SolardError

SMA = {
    "id": "sma-sb30",
    "family": "sma",
    "frames": [
        ["826d00000006030478370002", "826d0000000703040400000977"],
        ["826e00000006030377310004", "826e0000000b0303080000000000e14285"],
        ["826f00000006030478370002", "826f0000000703040400000957"],
    ],
}
DEYE = {
    "id": "deye-lv",
    "family": "deye_3p",
    "variant": "lv",
    "unit": 1,
    "fc": 3,
    "registers": {"586": 1227, "587": 5476, "588": 84, "590": 61887, "522": 8144, "523": 0},
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(modbus, arguments, catch_exceptions=False)


@pytest.fixture
def capture(tmp_path: Path):
    def write(data: object) -> str:
        path = tmp_path / "capture.json"
        path.write_text(json.dumps(data))
        return str(path)

    return write


def test_replay_gives_every_point_with_its_address_unit_and_quality(capture):
    done = run("replay", capture(DEYE), "--profile", "deye-3p", "--json")

    assert done.exit_code == 0
    points = json.loads(done.stdout)["points"]
    assert points[0] == {
        "name": "battery_temperature",
        "address": 586,
        "value": 22.7,
        "unit": "°C",
        "quality": "good",
    }
    assert {one["name"]: one["value"] for one in points} == {
        "battery_temperature": 22.7,
        "battery_voltage": 54.76,
        "battery_soc": 84,
        "battery_power": -3649,
        "grid_energy_import": 814.4,
    }


def test_replay_of_frames_shows_each_poll(capture):
    done = run("replay", capture(SMA), "--profile", "sma", "--json")

    watts = [
        (one["poll"], one["value"])
        for one in json.loads(done.stdout)["points"]
        if one["name"] == "inverter_ac_power"
    ]
    assert watts == [(1, 2423), (2, 2391)]


def test_replay_picks_the_recordings_of_the_family(capture):
    done = run("replay", capture([SMA, DEYE]), "--profile", "deye_3p")

    assert "battery_soc" in done.stdout
    assert "inverter_ac_power" not in done.stdout


def test_replay_is_a_table_for_people(capture):
    line = run("replay", capture(DEYE), "--profile", "deye-3p").stdout.splitlines()[1]

    assert line.split() == ["battery_voltage", "587", "54.76", "V", "good"]


def test_frame_that_cannot_be_believed_is_said_aside(capture):
    broken = {**SMA, "frames": [*SMA["frames"], ["0001" + SMA["frames"][0][0][4:], "0002"]]}

    done = run("replay", capture(broken), "--profile", "sma", "--json")

    assert "left out: " in done.stderr
    assert "sent a part of an answer" in done.stderr
    assert json.loads(done.stdout)["points"]


def test_file_without_a_recording_of_the_family_is_a_sentence(capture):
    with pytest.raises(SolardError, match="no recording of a solis-hybrid device"):
        run("replay", capture([SMA, DEYE]), "--profile", "solis-hybrid")


def test_file_without_registers_is_a_sentence(capture):
    with pytest.raises(SolardError, match="no registers in there"):
        run("replay", capture({"notes": "none"}), "--profile", "sma")


def test_recording_of_something_else_is_no_silence(capture):
    done = run("replay", capture(DEYE), "--profile", "sma", "--json")

    assert json.loads(done.stdout) == {"points": []}
    assert "holds no register of profile sma" in done.stderr


def test_host_alone_is_asked_at_the_port_of_its_family():
    storedge = load_profile("solaredge-storedge")

    assert address_from("10.0.0.9", "tcp", None, None, storedge).name == "10.0.0.9:1502"
    assert address_from("10.0.0.9:502", "tcp", None, None, storedge).name == "10.0.0.9:502"
    with pytest.raises(click.UsageError, match="neither HOST:PORT"):
        address_from("10.0.0.9:0", "tcp", None, None, storedge)


def test_lint_of_a_sound_profile_says_so_and_nothing_else(caplog):
    done = run("lint", "victron-gx")

    assert (done.exit_code, done.stdout) == (0, "victron-gx: sound; 3 tests pass\n")
    assert caplog.messages == []


def test_lint_of_ones_own_file_names_each_fault_and_fails(tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "profile: 1\nid: mine\nlimits: {no_cross: [11]}\n"
        "points: {pv_power: {addr: 10, type: u32, unit: W}, soc: {addr: 11}}\n"
        "tests: [{blocks: [{addr: 10, words: [0, 7]}], expect: {pv_power: 8}}]\n"
        "provenance: {sources: one, confidence: {pv_power: C}}\n"
    )

    done = run("lint", str(mine))

    assert done.exit_code == 1
    for fault in (
        "pv_power: registers 10–11 do not fit into one request",
        "soc: 1 source; two independent ones are needed",
        "pv_power and points.soc share some of their registers",
        "pv_power: confidence C, but pv_power rests on it",
        "a recording: pv_power is 7.0, expected 8.0",
    ):
        assert fault in done.stdout
    faults = json.loads(run("lint", str(mine), "--json").stdout)["faults"]
    assert len(faults) == 5


def test_lint_of_a_file_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(SolardError, match="No such file"):
        run("lint", str(tmp_path / "none.yaml"))


def test_families_are_listed_with_what_they_tell():
    listed = json.loads(run("profiles", "--json").stdout)["profiles"]

    assert len(listed) == 15
    (deye,) = [one for one in listed if one["id"] == "deye-1p"]
    assert (deye["port"], deye["unit"], deye["supplies"]) == (502, 1, ["grid", "island"])
    assert "battery_soc" in deye["quantities"]


def test_one_family_is_explained():
    shown = run("profiles", "solaredge_storedge").stdout

    assert "port 1502" in shown
    assert "within 2 min" in shown
    assert "tells: pv_power" in shown

"""`solard modbus` on a real socket: one process plays a device, another looks at it."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.stage import GOOD, ROOT, solard, write

CAPTURE = {
    "id": "little-box",
    "family": "eastron_sdm",
    "unit": None,
    "blocks": [{"fc": 4, "address": 0, "count": 2, "registers": [17258, 41675]}],
}


OWN_PROFILE = """\
profile: 1
id: little-box
points:
  voltage: {addr: 0, fc: 4, type: f32, unit: V}
  gone: {addr: 2, fc: 4, unit: V}
"""


@contextmanager
def played(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `solard modbus serve`; yield HOST:PORT and the process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "solard", "modbus", "serve", *arguments, "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().rsplit(" ", 1)[1].strip(), process
    finally:
        process.kill()
        process.communicate()


def test_profile_is_played_read_scanned_watched_written_down_and_ends_with_0(
    tmp_path: Path,
) -> None:
    with played("deye-3p") as (address, process):
        read = solard("modbus", "read", address, "--profile", "deye-3p", "--json")
        scanned = solard("modbus", "scan", address, "--profile", "deye-3p")
        watched = solard(
            *("modbus", "watch", address, "--profile", "deye-3p", "--times", "2", "--every", "0.2")
        )
        report = tmp_path / "report.json"
        dumped = solard("modbus", "dump", address, "--profile", "deye-3p", "--output", str(report))
        process.send_signal(signal.SIGTERM)
        ended = process.wait(10)

    points = {row["name"]: row for row in json.loads(read.stdout)["points"]}
    assert points["battery_soc"] == {
        **{"name": "battery_soc", "address": 588, "value": 64.0, "unit": "%", "quality": "good"},
    }
    assert scanned.returncode == 0
    port = address.rpartition(":")[2]
    assert f"inverter: {{profile: deye-3p, host: 127.0.0.1, port: {port}}}" in scanned.stdout
    assert watched.stdout.count("battery_soc ") == 2
    assert "0 s" in watched.stdout
    assert dumped.returncode == 0
    replayed = solard("modbus", "replay", str(report), "--profile", "deye-3p", "--json")
    again = {row["name"]: row["value"] for row in json.loads(replayed.stdout)["points"]}
    assert again["battery_soc"] == 64.0
    assert ended == 0


def test_values_of_a_device_that_goes_away_are_watched_until_they_are_stale() -> None:
    with played("deye-3p") as (address, process):
        options = ("--profile", "deye-3p", "--every", "0.2", "--times", "8")
        watch = subprocess.Popen(
            [sys.executable, "-m", "solard", "modbus", "watch", address, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert watch.stdout is not None
        first = watch.stdout.readline()
        process.kill()
        seen = watch.communicate(timeout=30)[0]

    qualities = [line.split()[4] for line in seen.splitlines() if line.startswith("battery_soc ")]
    assert first.endswith("poll 1\n")
    assert (qualities[0], qualities[-1]) == ("good", "stale")


def test_recording_is_played_as_it_was(tmp_path: Path) -> None:
    path, profile = tmp_path / "box.json", tmp_path / "box.yaml"
    path.write_text(json.dumps(CAPTURE), encoding="utf-8")
    profile.write_text(OWN_PROFILE, encoding="utf-8")
    with played(str(path)) as (address, _):
        ran = solard("modbus", "read", address, "--profile", str(profile), "--unit", "9", "--json")

    (row,) = json.loads(ran.stdout)["points"]
    assert (row["name"], row["quality"]) == ("voltage", "good")
    assert row["value"] == pytest.approx(234.636, abs=0.001)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("scan", "127.0.0.1:1"), "no device of a known family answers at 127.0.0.1:1"),
        (
            ("watch", "127.0.0.1:1", "--profile", "sunspec", "--times", "1"),
            "refuses the connection",
        ),
        (("dump", "127.0.0.1:1", "--profile", "sunspec"), "refuses the connection"),
        (("serve", "no-such-thing"), "no-such-thing is no file and no profile"),
        (
            ("read", "/dev/nobody", "--profile", "eastron-sdm"),
            "/dev/nobody cannot be opened: No such file or directory; is",
        ),
        (("read", "127.0.0.1:1", "--profile", "victrongx"), "did you mean victron-gx?"),
    ],
)
def test_trouble_is_a_sentence_and_exit_1(command: tuple[str, ...], words: str) -> None:
    ran = solard("modbus", *command)

    assert ran.returncode == 1
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


def test_dump_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    nowhere = tmp_path / "none" / "it.json"
    with played("eastron-sdm") as (address, _):
        ran = solard(
            "modbus", "dump", address, "--profile", "eastron-sdm", "--output", str(nowhere)
        )

    assert ran.returncode == 1
    assert "No such file or directory; choose another --output" in ran.stderr


def test_port_that_is_taken_is_a_sentence() -> None:
    with played("sunspec") as (address, _):
        ran = solard("modbus", "serve", "sunspec", "--port", address.rpartition(":")[2])

    assert ran.returncode == 1
    assert "choose another port" in ran.stderr
    assert os.linesep not in ran.stderr.strip()


def test_check_connect_asks_sources_over_http_too(tmp_path: Path) -> None:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>log in</html>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    config = write(
        tmp_path / "solard.yaml",
        GOOD.replace(
            "devices:\n",
            "devices:\n  car: {source: http, essential: false, points: {load_power: w}, "
            f"url: 'http://127.0.0.1:{server.server_port}/x'}}\n",
        ),
    )
    try:
        ran = solard("check", "--config", str(config), "--connect")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert ran.returncode == 1
    assert "car: " in ran.stdout
    assert "sent a page for people, not JSON" in ran.stdout
    assert "inverter: " in ran.stdout

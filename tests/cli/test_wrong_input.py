"""Wrong input gets a sentence and a status, never a traceback."""

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.cli.stage import GOOD, ROOT, solard, write

AS_NOBODY = """
import os, sys
import solard.app.run
from pathlib import Path
from hardware.modbus.profile import profile_names
from solard.cli.root import main
from solard.config.load import load_settings
load_settings(Path(sys.argv[3]), profile_names())
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
main()
"""
"""Modules first: the interpreter itself may lie where nobody may look."""


def check(tmp_path: Path, text: str, *options: str) -> tuple[int, list[str]]:
    path = write(tmp_path / "solard.yaml", text)
    ran = solard("check", "--config", str(path), *options)
    lines = (ran.stdout + ran.stderr).splitlines()
    return ran.returncode, [line.replace(f"{path}:", "FILE:") for line in lines]


def test_good_configuration_is_fine(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD) == (0, ["FILE: fine."])


@pytest.mark.parametrize("name", ["cabin.yaml", "tariff-home.yaml"])
def test_examples_are_fine(name: str) -> None:
    ran = solard("check", str(ROOT / "examples" / name))

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("fine.\n")


@pytest.mark.parametrize(
    ("more", "line", "words"),
    [
        ("baterry: {capacity: 10 kWh}\n", 5, 'did you mean "battery"'),
        ("battery: {capacity: 10 kW}\n", 5, "is a power, not an energy; write it like 10 kWh"),
        ("battery: {capacity: 10 kWh, work_above: 160 %}\n", 5, "is outside"),
        ("site: {name: again}\n", 5, "twice|duplicate|again"),
        ("battery: [10 kWh\n", None, "FILE:[567]"),
        ("\tbattery: 3\n", 5, "tab|character"),
        ("rig: {idle: nan W}\n", 5, "nan"),
    ],
)
def test_one_mistake_is_found_where_it_is(
    tmp_path: Path, more: str, line: int | None, words: str
) -> None:
    status, lines = check(tmp_path, GOOD + more)

    assert status == 78
    assert re.search(words, "\n".join(lines)), lines
    if line is not None:
        assert lines[0].startswith(f"FILE:{line}: ")


def test_all_mistakes_are_listed_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("observe", "liv").replace("48.1", "148.1").replace("sunspec", "sunspek")
    status, lines = check(tmp_path, text + "baterry: {capacity: 10 kWh}\n")

    assert status == 78
    assert [line.partition(" ")[0] for line in lines] == [
        "FILE:1:",
        "FILE:2:",
        "FILE:4:",
        "FILE:5:",
    ]
    assert 'did you mean "live"?' in lines[0]
    assert "148.1 is outside -90..90" in lines[1]
    assert "did you mean" in lines[2]
    assert 'did you mean "battery"?' in lines[3]


def test_contradicting_lines_and_policies_are_named_together(tmp_path: Path) -> None:
    contradicting = """\
battery: {capacity: 10 kWh, work_above: 30 %, standby_above: 40 %}
policies:
  - name: more
    when: {time: {between: "12:00-14:00"}}
    do: {rig: {at_least: 800 W}}
  - name: less
    when: {time: {between: "12:00-14:00"}}
    do: {rig: {at_most: 300 W}}
"""
    status, lines = check(tmp_path, GOOD + contradicting)

    assert status == 78
    assert lines[0].startswith("FILE:5: battery.work_above 30 % lies below battery.standby_above")
    assert lines[1] == (
        'FILE:10: policy "less" contradicts: at least 800 W, at most 300 W under the same '
        'conditions as "more"'
    )
    assert len(lines) == 2


def test_missing_file_is_a_sentence(tmp_path: Path) -> None:
    ran = solard("check", "--config", str(tmp_path / "none.yaml"))

    assert ran.returncode == 78
    assert ran.stderr.endswith(
        "none.yaml:1: cannot be read: No such file or directory; `solard init` writes a first one\n"
    )


def test_check_touches_no_network_unless_asked(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        status, _ = check(tmp_path, GOOD.replace("port: 1,", f"port: {port},"))

        assert status == 0
        with pytest.raises(TimeoutError):
            server.accept()


def test_unreachable_inverter_is_named_with_its_address(tmp_path: Path) -> None:
    status, lines = check(tmp_path, GOOD, "--connect")

    assert status == 1
    assert lines[0] == "FILE: fine."
    assert lines[1].startswith("inverter: 127.0.0.1:1 refuses the connection")


def test_source_that_leaves_out_what_it_is_asked_for_is_named(tmp_path: Path) -> None:
    with answering(b'{"grid": 5, "sun": "n/a"}') as port:
        source = f"{{source: http, url: 'http://127.0.0.1:{port}/'"
        points = "points: {pv_power: sun, grid_power: grid}}"
        text = re.sub(r"inverter: \{.*\}", f"inverter: {source}, {points}", GOOD, count=1)
        status, lines = check(tmp_path, text, "--connect")

    assert (status, lines[1]) == (
        0,
        "inverter: answers, but has no number for pv_power, load_power.",
    )


def test_wrong_unit_is_named(tmp_path: Path) -> None:
    with plant("victron") as port:
        text = GOOD.replace("sunspec", "victron-gx").replace("port: 1,", f"port: {port},")
        right, _ = check(tmp_path, text.replace(", unit: 1}", "}"), "--connect")
        wrong, lines = check(tmp_path, text.replace("unit: 1", "unit: 33"), "--connect")

    assert right == 0
    assert wrong == 1
    assert "33" in lines[1]


@contextmanager
def answering(body: bytes) -> Iterator[int]:
    """An HTTP server on a port of its own that gives one answer to all."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def plant(profile: str) -> Iterator[int]:
    """A simulated plant on a port of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "hardware.sim.plant", "--profile", profile],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found is not None
        try:
            yield int(found[1])
        finally:
            process.kill()


def test_plant_on_a_taken_port_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ran = subprocess.run(
            [
                sys.executable,
                "-m",
                "hardware.sim.plant",
                "--profile",
                "victron",
                "--port",
                str(port),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr
    assert str(port) in ran.stderr


def test_network_on_a_taken_port_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = [sys.executable, "-m", "miner", "network", "--dir", str(tmp_path / "n")]
        ran = subprocess.run(
            [*command, "--socket", str(tmp_path / "s"), "--port", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr
    assert f"cannot listen on 127.0.0.1:{port}: " in ran.stderr
    assert "address already in use; choose another --port" in ran.stderr


def test_api_on_a_taken_port_says_so(short: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        api = f"api: {{tcp: '127.0.0.1:{port}', token: {'t' * 43}}}\n"
        path = write(short / "solard.yaml", GOOD + api)
        ran = solard("run", "--config", str(path), "--dir", str(short / "d"))

    assert ran.returncode == 1
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("solard: ")
    assert str(port) in last


def test_second_daemon_in_the_same_home_names_the_first(short: Path) -> None:
    path = write(short / "solard.yaml", GOOD)
    command = [sys.executable, "-m", "solard", "run", "--config", str(path), "--dir"]
    lock = short / "d" / "state" / "lock"
    with subprocess.Popen(
        [*command, str(short / "d")], cwd=ROOT, stderr=subprocess.DEVNULL
    ) as first:
        try:
            wait_for(lambda: lock.exists() and lock.read_text().strip() == str(first.pid))
            second = solard(*command[3:], str(short / "d"))
        finally:
            first.terminate()

    assert second.returncode == 75
    assert f"another daemon (pid {first.pid}) works in" in second.stderr
    assert first.returncode == 0


def test_home_that_may_not_be_written_is_a_sentence(short: Path) -> None:
    path = write(short / "solard.yaml", GOOD)
    short.chmod(0o755)
    (short / "closed").mkdir(mode=0o500)
    ran = subprocess.run(
        [
            *(sys.executable, "-c", AS_NOBODY, "run", "--config", str(path)),
            *("--dir", str(short / "closed" / "d")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "Traceback" not in ran.stderr
    assert ran.returncode == 1
    assert "Permission denied; give another home with --dir" in ran.stderr


def test_home_with_too_long_a_name_is_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "solard.yaml", GOOD)

    ran = solard("run", "--config", str(path), "--dir", str(tmp_path / ("x" * 100)))

    assert ran.returncode == 1
    assert "too long for the sockets in it; give a shorter --dir" in ran.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("status", "--json"),
        ("live",),
        ("observe",),
        ("pause", "2h"),
        ("run", "600W", "3h"),
        ("resume",),
        ("reload",),
        ("plan",),
        ("forecast",),
        ("earnings",),
        ("events",),
    ],
    ids=" ".join,
)
def test_no_daemon_is_a_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    ran = solard(*command, "--dir", str(tmp_path))

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(f"solard: solard is not running here (no answer on {tmp_path}")


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (("stat",), 2, "Did you mean 'status'?"),
        (("run", "600W"), 2, "say for how long, as in: solard run 600W 3h"),
        (("pause", "30d"), 2, "a pause or a fixed power lasts a week at most: 7d"),
        (("run", "600W", "8d"), 2, "a pause or a fixed power lasts a week at most: 7d"),
        (("earnings", "--csv", "--json"), 2, "--csv or --json, not both"),
        (("run", "600", "3h"), 2, "'600' is no power; write 600W or 1.2kW"),
        (("pause", "forever"), 2, "'forever' is no duration; write 90s, 20min or 2h"),
        (("demo", "--day", "rainy"), 2, "'rainy' is not one of"),
        (("demo", "--speed", "9999"), 2, "240"),
        (("demo", "--headless", "--for", "1s", "--dir", "/proc/none"), 1, "give another --dir"),
        (("run", "--dir", "/proc/none", "--config", "CONFIG"), 1, "give another home with --dir"),
        (("replay", "--cycles", "--dir", "/nowhere"), 1, "there is no history at /nowhere"),
        (("replay", "--dir", "/nowhere"), 78, "/nowhere/etc/solard.yaml:1: cannot be read"),
        (("gpu", "list", "--dir", "/nowhere"), 1, "no GPU keeper answers on /nowhere/run"),
        (("modbus", "read", "127.0.0.1:1", "--profile", "sunspec"), 1, "refuses the connection"),
        (("modbus", "read", "127.0.0.1:1", "--profile", "sunspek"), 1, "did you mean sunspec?"),
        (("modbus", "read", "inverter:x", "--profile", "sunspec"), 2, "is neither HOST:PORT"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_command_is_a_sentence(
    command: tuple[str, ...], status: int, words: str, tmp_path: Path
) -> None:
    config = str(write(tmp_path / "solard.yaml", GOOD))

    ran = solard(*(config if word == "CONFIG" else word for word in command))

    assert ran.returncode == status
    assert words in ran.stderr


def test_broken_history_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "solard.db").write_bytes(b"no database at all" * 100)

    ran = solard("replay", "--cycles", "--dir", str(tmp_path))

    assert ran.returncode == 1
    assert ran.stderr.startswith("solard: ")


def wait_for(look: object, within_s: float = 20.0) -> None:
    ends_s = time.monotonic() + within_s
    while not look() and time.monotonic() < ends_s:  # type: ignore[operator]
        time.sleep(0.05)

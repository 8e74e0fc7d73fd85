"""`solard network axon` and `solard network call`, as two processes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

AXON = "5FZ3kZawduhmRVtivf1SnYrd72cDUma5RqZFdZ5hPCnU3i3Y"
SOLARD = (sys.executable, "-m", "solard", "network")


@contextlib.contextmanager
def axon(home: Path, *options: str) -> Iterator[str]:
    """Serve `Echo` as //AxonAlice; give `HOST:PORT`."""
    command = (*SOLARD, "axon", "--port", "0", "--uri", "//AxonAlice", "--dir", str(home), *options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def call(place: str, *arguments: str) -> dict[str, object]:
    command = (*SOLARD, "call", place, "--axon", AXON, "--uri", "//DendriteBob", *arguments)
    ran = subprocess.run((*command, "--json"), capture_output=True, text=True, check=True)
    said: dict[str, object] = json.loads(ran.stdout)
    return said


def fails(*arguments: str) -> str:
    ran = subprocess.run((*SOLARD, *arguments), capture_output=True, text=True, check=False)
    assert ran.returncode in (1, 2)
    assert "Traceback" not in ran.stderr
    return ran.stderr


def test_open_axon_answers_both_protocols(tmp_path):
    with axon(tmp_path, "--open") as place:
        for protocol in ("legacy", "btauth"):
            said = call(place, "--synapse", "Echo", "--protocol", protocol, "prompt=hi")
            assert (said["status"], said["completion"]) == (200, "echo:hi")
        assert call(place, "--synapse", "Nope", "x=1")["status"] == 404
        assert call(place)["status"] == 200


def test_axon_that_is_not_open_answers_whom_it_was_told(tmp_path):
    bob = "5CvjNrUaBAHBAAgzYWUh1nmok3MPv1qJNeEQmKiTspxH2TRp"

    with axon(tmp_path) as place:
        refused = call(place, "--synapse", "Echo", "prompt=hi")
    with axon(tmp_path, "--allow", bob) as place:
        answered = call(place, "--synapse", "Echo", "prompt=hi")

    assert (refused["status"], refused["completion"], refused["message"]) == (
        403,
        None,
        "Forbidden. Key is blacklisted: Unrecognized hotkey.",
    )
    assert answered["status"] == 200


def test_axon_without_power_says_so(tmp_path):
    with axon(tmp_path, "--open", "--mode", "off") as place:
        said = call(place, "--synapse", "Echo", "prompt=hi")

    assert (said["status"], said["message"]) == (503, "Solar deficit: paused")


def test_stream_is_shown_whole(tmp_path):
    with axon(tmp_path, "--open", "--subnet", "echo-stream") as place:
        said = call(place, "--synapse", "EchoStream", "prompt=the sun is up")

    assert (said["status"], said["completion"]) == (200, "echo:the sun is up")


def test_call_that_nobody_answers_is_a_sentence_and_exit_1(unused_tcp_port):
    said = fails("call", f"127.0.0.1:{unused_tcp_port}", "--axon", AXON, "--uri", "//Bob")

    assert said.startswith("503: Cannot connect")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--uri", "//A", "--network", "finney"), "a development key is everybody's"),
        (("--uri", "//A", "--network", "finney", "--open"), "--open answers everybody"),
        (("--uri", "legal winner thank year wave"), "development keys"),
        ((), "name one key"),
    ],
)
def test_development_keys_and_open_doors_stay_off_real_networks(options, reason):
    said = fails("axon", "--port", "0", *options)

    assert reason in said
    assert "legal winner" not in said


def test_host_has_a_name(tmp_path):
    with axon(tmp_path, "--open") as place:
        named = f"localhost:{place.rpartition(':')[2]}"
        said = call(named, "--synapse", "Echo", "prompt=hi")

    assert said["status"] == 200


@pytest.mark.parametrize("place", ["127.0.0.1", "127.0.0.1:x", "a..b:80"])
def test_place_that_is_none_is_explained(place):
    said = fails("call", place, "--axon", AXON, "--uri", "//Bob")

    assert "is not HOST:PORT" in said or "no host 'a..b' is known here" in said


def test_value_without_a_field_is_explained():
    said = fails("call", "127.0.0.1:1", "--axon", AXON, "--uri", "//Bob", "hi")

    assert "'hi' is not FIELD=VALUE, as in prompt=hello" in said


def test_foreground_axon_remembers_over_kill_9(tmp_path):
    """What a process answered before it was killed is refused by the next one."""
    mark = tmp_path / "state" / "axon" / f"{AXON}.mark"
    command = (*SOLARD, "axon", "--port", "0", "--uri", "//AxonAlice", "--open")
    with subprocess.Popen(
        (*command, "--dir", str(tmp_path)), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        place = process.stdout.readline().split()[-1]
        assert call(place, "--synapse", "Echo", "prompt=hi")["status"] == 200
        os.kill(process.pid, signal.SIGKILL)

    assert int.from_bytes(mark.read_bytes()[:8], "little") > 0

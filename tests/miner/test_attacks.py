"""What strangers can do to an axon while honest callers go on: nothing that those would notice."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.miner.attackers import KINDS
from tests.miner.callers import ask_for

SECONDS = 6.0
MAX_GROWTH_MB = 40.0
"""Buffers of 256 strangers that all send as much as they are let."""


@dataclass(frozen=True, slots=True)
class Served:
    """An axon in a process of its own."""

    pid: int
    port: int

    @property
    def rss_mb(self) -> float:
        """Return its memory."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0]) / 1024


@contextlib.contextmanager
def served(home: Path) -> Iterator[Served]:
    command = (sys.executable, "-m", "solard", "network", "axon", "--port", "0")
    options = ("--uri", "//AxonAlice", "--open", "--dir", str(home))
    with subprocess.Popen((*command, *options), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Served(process.pid, int(process.stdout.readline().rpartition(":")[2]))
        finally:
            process.terminate()


def attack(kind: str, port: int) -> "subprocess.Popen[str]":
    command = (sys.executable, "-m", "tests.miner.attackers", kind, str(port), str(SECONDS))
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_honest_callers_are_answered_through_an_attack(tmp_path, kind):
    with served(tmp_path) as axon:
        ask_for(axon.port, 1.0, pause_s=0.05)
        before_mb = axon.rss_mb
        with attack(kind, axon.port) as attacker:
            heard = ask_for(axon.port, SECONDS, pause_s=0.1)
            said = json.loads(attacker.communicate()[0])
        after_mb = axon.rss_mb

    assert heard.bad == 0
    assert len(heard.latencies_s) > 300
    assert "200" not in said
    assert after_mb - before_mb < MAX_GROWTH_MB


@pytest.mark.slow
def test_newcomers_get_in_while_slow_connections_fill_the_door(tmp_path):
    with served(tmp_path) as axon, attack("slow", axon.port):
        rounds = [ask_for(axon.port, 0.5, callers=8, pause_s=0.1) for _ in range(8)]

    assert [one.bad for one in rounds] == [0] * 8
    assert min(len(one.latencies_s) for one in rounds) >= 8

"""A whole network in processes of its own: all work, the sums are exact, kills do no harm."""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from miner.chain.authority import open_authority
from miner.chain.values import Rules
from tests.e2e.stage import eventually

ROOT = Path(__file__).parents[2]
BLOCK_RAO = 500_000_000
BOB = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
SUBNETS = {"sunlight", "matmul", "text"}


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory whose name is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="town-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def up(home: Path, for_s: int, *more: str, speed: int = 120) -> "subprocess.Popen[str]":
    options = ("--miners", "2", "--validators", "2", "--speed", str(speed), "--for", f"{for_s}s")
    options += more
    return subprocess.Popen(
        [*solard(), "network", "up", *options, "--dir", str(home), "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def solard() -> list[str]:
    return [sys.executable, "-m", "solard"]


def verified(home: Path) -> dict[str, Any]:
    command = [*solard(), "network", "verify", "--dir", str(home), "--json"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    verdict: dict[str, Any] = json.loads(ran.stdout)
    return verdict


def processes(home: Path) -> dict[str, int]:
    try:
        found = json.loads((home / "town.json").read_text())["processes"]
    except (OSError, ValueError):
        return {}
    return {name: pid for name, pid in found.items() if pid is not None}


def has_weights(home: Path, subnet: str) -> bool:
    kept = (home / f"validator-{number}" / f"validator-{subnet}.json" for number in (1, 2))
    with contextlib.suppress(OSError, ValueError):
        return any(json.loads(path.read_text())["weights_set"] > 0 for path in kept)
    return False


@pytest.mark.timeout(200)
def test_every_subnet_works_and_every_rao_is_accounted_for(home: Path) -> None:
    network = up(home, 150)
    assert eventually(lambda: all(has_weights(home, one) for one in SUBNETS), 140.0)
    network.send_signal(signal.SIGTERM)
    out, err = network.communicate(timeout=40)

    assert network.returncode == 0, err
    report = json.loads(out)
    assert set(report["subnets"]) == SUBNETS
    for subnet in report["subnets"].values():
        assert subnet["requests"] > 0
        assert subnet["weights_set"] > 0
    emitted = [sum(one["emitted_rao"].values()) for one in report["subnets"].values()]
    assert sum(emitted) == report["reward_rao"]
    assert report["reward_rao"] + report["pending_rao"] == report["blocks"] * BLOCK_RAO
    assert report["epochs"] > 0
    assert verified(home) == {
        "blocks": report["blocks"],
        "ok": True,
        "first_bad": None,
        "reason": None,
    }
    assert not [pid for pid in processes(home).values() if Path(f"/proc/{pid}").exists()]


def test_a_network_of_other_rules_is_refused_before_anything_starts(home: Path) -> None:
    open_authority(home / "node", datetime(2024, 6, 20, tzinfo=UTC), Rules()).close()
    link = sqlite3.connect(home / "node" / "chain.db")
    link.execute("UPDATE meta SET text = replace(text, '\"format\": ', '\"format\": 9')")
    link.commit()
    link.close()
    out, err = up(home, 60).communicate(timeout=50)

    assert "made by another version of solard" in err
    assert out == ""
    assert not processes(home)


@pytest.mark.slow
def test_the_chain_holds_after_kills_at_random_times(home: Path) -> None:
    network, chance = up(home, 60), random.Random(5)
    killed = 0
    while network.poll() is None:
        time.sleep(chance.uniform(0.2, 1.5))
        living = sorted(processes(home).items())
        if living and network.poll() is None:
            _name, pid = chance.choice(living)
            kill_if_there(pid)
            killed += 1
    out, err = network.communicate(timeout=60)

    assert network.returncode == 0, err
    assert killed > 20
    verdict = verified(home)
    assert verdict["ok"], verdict
    assert verdict["blocks"] == json.loads(out)["blocks"]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_miner_that_stops_is_evicted_by_a_newcomer(home: Path) -> None:
    network = up(home, 390, "--places", "5", "--immunity", "30", speed=240)
    kept = home / "validator-1" / "validator-matmul.json"
    assert eventually(lambda: min(scores(kept), default=0.0) > 0.9, 90.0), scores(kept)
    stopped = processes(home)["miner-2"]
    hotkey = json.loads((home / "miner-2" / "hotkey.json").read_text())["ss58Address"]
    os.kill(stopped, signal.SIGSTOP)
    try:
        # Asked each quarter hour: 0.9 of the score is left after each, so 0.59 after five.
        assert eventually(lambda: min(scores(kept), default=0.0) < 0.6, 90.0), scores(kept)
        submit(home, "claim_grant")
        # Weights follow scores and an epoch follows weights; who is immune would give way first.
        assert eventually(lambda: next_to_go(home) == hotkey, 90.0, 0.5), matmul(home)
        submit(home, "register", "netuid=2", f"hotkey={BOB}")
        gone = ask_network(home, "evictions", "--netuid", "2", "--limit", "500")["evictions"]
    finally:
        os.kill(stopped, signal.SIGCONT)
    network.send_signal(signal.SIGTERM)
    out, err = network.communicate(timeout=60)

    assert network.returncode == 0, err
    (ours,) = [one for one in gone if one["newcomer"] == BOB]
    assert ours["hotkey"] == hotkey
    (call,) = [
        one
        for one in ask_network(home, "block", str(ours["block"]), at_rest=True)["extrinsics"]
        if one["call"] == "register" and one["args"]["netuid"] == 2
    ]
    assert (call["args"]["hotkey"], call["error"]) == (BOB, None)
    assert json.loads(out)["evictions"] >= 1
    assert verified(home)["ok"]


def matmul(home: Path) -> dict[str, Any]:
    return ask_network(home, "metagraph", "2")


def next_to_go(home: Path) -> str | None:
    """Who gives way to the next newcomer; None while somebody is immune or a place free."""
    graph = matmul(home)
    neurons = {one["uid"]: one for one in graph["neurons"]}
    if any(one["immune"] for one in neurons.values() if one["role"] != "owner"):
        return None
    loser = neurons.get(graph["gives_way_uid"])
    return loser["hotkey"] if loser else None


def scores(path: Path) -> list[float]:
    try:
        found = json.loads(path.read_text())["scores"]
    except (OSError, ValueError):
        return []
    return [total / seen for total, seen in found.values()] if len(found) == 2 else []


def ask_network(home: Path, *words: str, at_rest: bool = False) -> dict[str, Any]:
    """Ask the node, or read what a network that has ended left behind."""
    source = ("--dir", str(home)) if at_rest else ("--node", node_of(home))
    command = [*solard(), "network", *words, *source, "--json"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def submit(home: Path, *words: str) -> None:
    ask_network(home, "submit", *words, "--uri", "//Bob")


def node_of(home: Path) -> str:
    return str(json.loads((home / "town.json").read_text())["node"])


def kill_if_there(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return

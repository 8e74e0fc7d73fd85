"""The demo, whole: what it measures, what it leaves behind, and what it survives."""

import json
import os
import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hardware.gpu.simulated import read_rig
from solard.store.reading import open_history
from solard.system.places import places_at
from tests.e2e.stage import Demo, eventually, processes_of, short_home, solard, status_of

NUMBERS = (
    *("polls_ok", "polls_failed", "decisions", "limits_applied", "pv_kwh", "rig_kwh"),
    *("grid_import_kwh", "battery_soc_min", "blocks", "epochs", "miner_requests"),
    *("validator_weights_set", "tao_earned_miner", "tao_earned_validator", "plan_solves"),
    *("forecast_issues", "daemon_rss_mb", "tick_p50_ms", "tick_p99_ms"),
)
MAY_BE_ZERO = {"polls_failed", "grid_import_kwh"}
SIX = ("plant", "keeper", "daemon", "network", "miner", "validator")
FAILSAFE_W = 100.0


@pytest.fixture
def place() -> Iterator[Path]:
    with short_home() as directory:
        yield directory


def run_whole(place: Path, profile: str, seconds: int) -> tuple[dict[str, Any], Demo]:
    demo = Demo(place, ("--profile", profile, "--speed", "120", "--for", f"{seconds}s"))
    with closing(demo):
        status, printed = demo.wait(seconds + 60.0)
    assert status == 0, demo.said() + demo.logs()
    figures: dict[str, Any] = json.loads(printed)
    return figures, demo


def check_figures(figures: dict[str, Any]) -> None:
    """Everything that was promised is there, measured, and above zero."""
    for name in NUMBERS:
        assert type(figures[name]) in {int, float}, (name, figures)
    nothing = {name for name in NUMBERS if not figures[name] > 0}
    assert nothing <= MAY_BE_ZERO, (nothing, figures)
    for name in ("why", "next"):
        assert re.fullmatch(r"[A-Z0-9+\"].{10,}[.!]", figures[name]), figures[name]


def check_replay(home: Path) -> None:
    """Every stored decision comes out the same again."""
    replayed = solard("replay", "--cycles", "--dir", str(home), "--json")
    assert replayed.returncode == 0, replayed.stderr + replayed.stdout
    answer = json.loads(replayed.stdout)
    assert answer["different"] == []
    assert answer["same"] == answer["cycles"] > 0


@pytest.mark.timeout(180)
def test_home_on_the_grid_earns_and_leaves_nothing_behind(place: Path) -> None:
    figures, demo = run_whole(place, "sunspec", 25)

    check_figures(figures)
    assert figures["polls_failed"] == 0
    assert figures["day"] == "demo-sunny"
    assert processes_of(place) == {}
    assert demo.said() == ""
    check_replay(demo.home)


@pytest.mark.timeout(180)
def test_island_with_a_full_battery_finds_hidden_sun(place: Path) -> None:
    figures, demo = run_whole(place, "victron", 25)

    check_figures(figures)
    assert figures["hidden_sun_kwh"] > 0
    assert figures["grid_import_kwh"] == 0
    assert processes_of(place) == {}
    check_replay(demo.home)
    with open_history(demo.home / "state" / "solard.db") as history:
        reasons = [stored.record.decision.why for stored in history.cycle_records()]
    assert any("hidden sun" in why.lower() or "held back" in why.lower() for why in reasons), (
        reasons
    )


@pytest.mark.timeout(240)
def test_every_process_may_be_killed(place: Path) -> None:
    demo = Demo(place, ("--profile", "victron"))
    earns_until_s = time.monotonic() + 40.0
    with closing(demo):
        assert eventually(lambda: all(demo.pids().get(name) for name in SIX), 30.0), demo.logs()
        assert sorted(demo.pids()) == sorted(SIX)

        kill_and_see_it_back(demo, "plant")
        kill_and_see_it_back(demo, "daemon")
        assert eventually(lambda: adopted(demo), 20.0), demo.logs()
        for name in ("network", "miner", "validator"):
            kill_and_see_it_back(demo, name)
        assert eventually(lambda: working_cards(demo.home), 20.0), "no card works: nothing to see"
        kill_and_see_it_back(demo, "keeper")
        assert eventually(lambda: working_cards(demo.home), 20.0), "limits are not told again"
        time.sleep(max(0.0, earns_until_s - time.monotonic()))
        demo.process.terminate()
        status, printed = demo.wait(60.0)
    assert status == 0, demo.said() + demo.logs()
    figures = json.loads(printed)
    check_figures(figures)
    assert processes_of(place) == {}
    said = demo.said()
    assert all(f"{name} (pid " in said for name in ("plant", "keeper", "daemon")), said
    events = events_of(demo.home)
    assert any("GPU keeper is away" in text for text in events), events
    assert any(text.startswith("Died (pid ") for text in events), events
    keeper_log = (demo.home / "run" / "log" / "keeper.log").read_text()
    assert "the last keeper left without restoring: failsafe" in keeper_log
    assert "4 cards (simulated): 4 failsafe" in keeper_log
    check_integrity(demo.home)
    check_replay(demo.home)


def kill_and_see_it_back(demo: Demo, name: str) -> None:
    before = eventually(lambda: demo.pids()[name], 10.0)
    assert before is not None, f"{name} is away\n{demo.logs()}"
    os.kill(before, signal.SIGKILL)

    assert eventually(lambda: demo.pids().get(name) not in {None, before}, 30.0), (
        f"{name} is not back\n{demo.said()}{demo.logs()}"
    )
    time.sleep(1.0)


def adopted(demo: Demo) -> bool:
    """Return whether a new daemon knows all its workloads: who dies now is told to have died."""
    status = status_of(places_at(demo.home).api_socket)
    known = {workload["pid"] for workload in status.get("workloads", ())}
    return {demo.pids()[name] for name in ("network", "miner", "validator")} <= known


def working_cards(home: Path) -> int:
    """Return how many cards have been given more than their failsafe limit."""
    cards = read_rig(home / "state" / "cards.json").cards
    return sum(not card.parked and card.told_w() > FAILSAFE_W for card in cards)


def events_of(home: Path) -> list[str]:
    with open_history(home / "state" / "solard.db") as history:
        return [event.text for event in history.events(500)]


def check_integrity(home: Path) -> None:
    database = sqlite3.connect(home / "state" / "solard.db")
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()

"""The demo's own processes: started, restarted when they die, written to demo.json."""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from solard.demo.home import DEMO_FILE, DemoHome
from solard.system.children import reap, spawn
from solard.system.clock import CLOCK_VARIABLE

BACKOFF_FIRST_S = 0.5
BACKOFF_LAST_S = 5.0
STEADY_AFTER_S = 10.0
WORKLOADS = {"network": "chain", "miner": "miner", "validator": "validator"}
"""Started and restarted by the daemon; the demo only says where they are."""


@dataclass(slots=True)
class _Member:
    """One process of the demo. Real seconds."""

    name: str
    command: list[str]
    pid: int | None = None
    started_s: float = 0.0
    start_at_s: float = 0.0
    backoff_s: float = BACKOFF_FIRST_S


class Troupe:
    """Keeps plant, keeper and daemon alive."""

    def __init__(self, home: DemoHome, say: Callable[[str], None]) -> None:
        self._home = home
        self._say = say
        self._logs = home.places.run / "log"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._env = {CLOCK_VARIABLE: home.clock.variable()}
        self._members = [
            _Member("plant", _plant(home)),
            _Member("keeper", _keeper(home)),
            _Member("daemon", _daemon(home)),
        ]
        self._written = ""

    def look_after(self) -> None:
        """Reap what has ended, start what is due, write who is who."""
        ended, now = reap(), time.monotonic()
        for member in self._members:
            if member.pid in ended:
                self._note_death(member, now)
            if member.pid is None and now >= member.start_at_s:
                log = self._logs / f"{member.name}.log"
                member.pid = spawn(member.command, env=self._env, log=log)
                member.started_s = now
            elif now - member.started_s > STEADY_AFTER_S:
                member.backoff_s = BACKOFF_FIRST_S
        self._write()

    def pids(self) -> dict[str, int | None]:
        """Return the pid of each of the six processes, None while one is away."""
        found = {member.name: member.pid for member in self._members}
        return found | {role: self._workload_pid(name) for role, name in WORKLOADS.items()}

    def end(self, name: str, grace_s: float) -> None:
        """Ask one process to end, and wait for it in real seconds."""
        member = next(member for member in self._members if member.name == name)
        if member.pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(member.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while member.pid not in reap() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _note_death(self, member: _Member, now: float) -> None:
        self._say(f"{member.name} (pid {member.pid}) died; again in {member.backoff_s:g} s")
        member.pid = None
        member.start_at_s = now + member.backoff_s
        member.backoff_s = min(member.backoff_s * 2.0, BACKOFF_LAST_S)

    def _workload_pid(self, name: str) -> int | None:
        try:
            record = json.loads((self._home.places.work / f"{name}.process.json").read_text())
            pid = int(record["pid"])
            os.kill(pid, 0)
        except (OSError, ValueError, KeyError):
            return None
        return pid

    def _write(self) -> None:
        """Rewrite DIR/demo.json where a pid has changed."""
        text = json.dumps({"processes": self.pids()}, indent=1)
        if text == self._written:
            return
        path = self._home.places.etc.parent / DEMO_FILE
        fresh = path.with_suffix(".new")
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(path)
        self._written = text


def _plant(home: DemoHome) -> list[str]:
    options, places = home.options, home.places
    return [
        *_python("hardware.sim.plant"),
        *("--profile", options.profile, "--day", options.day, "--seed", str(options.seed)),
        *("--port", str(home.plant_port), "--cards", str(home.cards)),
        *("--start-soc", str(home.start_soc), "--state", str(places.state / "plant.json")),
        *("--socket", str(plant_socket(home))),
    ]


def _keeper(home: DemoHome) -> list[str]:
    places = home.places
    return [
        *_python("hardware.gpu.keeper"),
        *("--socket", str(places.gpu_socket), "--state", str(places.state / "gpu")),
        *("--simulated", str(home.cards)),
    ]


def _daemon(home: DemoHome) -> list[str]:
    root = home.places.etc.parent
    return [*_python("solard"), "run", "--config", str(home.places.config), "--dir", str(root)]


def plant_socket(home: DemoHome) -> Path:
    """Return where the plant tells the truth, for tests and the report."""
    return home.places.run / "plant.sock"


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]

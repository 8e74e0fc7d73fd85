"""The demo's own processes: started, restarted when they die, written to demo.json."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from solard.demo.home import DEMO_FILE, DemoHome
from solard.demo.members import Member, Members
from solard.system.clock import CLOCK_VARIABLE

WORKLOADS = {"network": "chain", "miner": "miner", "validator": "validator"}
"""Started and restarted by the daemon; the demo only says where they are."""


class Troupe:
    """Keeps plant, keeper and daemon alive."""

    def __init__(self, home: DemoHome, say: Callable[[str], None]) -> None:
        self._home = home
        self._members = Members(
            [
                Member("plant", _plant(home)),
                Member("keeper", _keeper(home)),
                Member("daemon", _daemon(home)),
            ],
            env={CLOCK_VARIABLE: home.clock.variable()},
            logs=home.places.run / "log",
            say=say,
        )
        self._written = ""

    def look_after(self) -> None:
        """Start what is due, write who is who."""
        self._members.look_after()
        self._write()

    def pids(self) -> dict[str, int | None]:
        """Return the pid of each of the six processes, None while one is away."""
        workloads = {role: self._workload_pid(name) for role, name in WORKLOADS.items()}
        return self._members.pids() | workloads

    def end(self, name: str, grace_s: float) -> None:
        """Ask one process to end, and wait for it in real seconds."""
        self._members.end(name, grace_s)

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

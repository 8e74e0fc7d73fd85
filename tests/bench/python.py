"""What Python and the libraries alone take: the floor under the other figures."""

import subprocess
import sys
import time
from dataclasses import dataclass

from tests.bench.figures import Figure
from tests.bench.stage import ROOT, NotMeasured, clean_environment

DAEMON_LIBRARIES = "aiohttp, apscheduler, pymodbus.client, ruamel.yaml, sqlalchemy"
SCREEN_LIBRARIES = "textual.app, click"
SHOW_RSS = (
    "print(next(line.split()[1] for line in open('/proc/self/status') if line[:6] == 'VmRSS:'))"
)


@dataclass(frozen=True, slots=True)
class PythonRun:
    """One interpreter from start to end."""

    wall_s: float
    rss_mb: float
    """At its end."""


def run_python(libraries: str | None = None) -> PythonRun:
    """Start Python, import, and end."""
    code = "pass" if libraries is None else f"import {libraries}"
    started_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{SHOW_RSS}"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    wall_s = time.monotonic() - started_s
    if done.returncode != 0:
        raise NotMeasured(f"python did not run: {done.stderr.strip()[-300:]}")
    return PythonRun(wall_s=wall_s, rss_mb=int(done.stdout) * 1024 / 1e6)


def of_python(name: str, runs: tuple[PythonRun, ...]) -> tuple[Figure, ...]:
    """Return time and memory of some runs."""
    return (
        Figure(name=f"{name}, start to end", unit="s", values=tuple(run.wall_s for run in runs)),
        Figure(name=f"{name}, memory (RSS)", unit="MB", values=tuple(run.rss_mb for run in runs)),
    )

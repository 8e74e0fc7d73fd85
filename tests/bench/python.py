"""What Python and the libraries alone take: the floor under the other figures."""

import subprocess
import sys
import time

from tests.bench.figures import Figure
from tests.bench.stage import ROOT, NotMeasured, clean_environment

DAEMON_LIBRARIES = "aiohttp, apscheduler, pymodbus.client, ruamel.yaml, sqlalchemy"
SHOW_RSS = (
    "print(next(line.split()[1] for line in open('/proc/self/status') if line[:6] == 'VmRSS:'))"
)


def measure_python(repeats: int) -> tuple[Figure, ...]:
    """Return time and memory of a bare interpreter, and of one with the daemon's libraries."""
    bare, loaded = "pass", f"import {DAEMON_LIBRARIES}"
    figures = []
    for name, code in (("python: bare", bare), ("python: the daemon's libraries", loaded)):
        runs = [_run(code) for _ in range(repeats + 1)][1:]
        times, sizes = tuple(run[0] for run in runs), tuple(run[1] for run in runs)
        figures.append(Figure(name=f"{name}, start to end", unit="s", values=times))
        figures.append(Figure(name=f"{name}, memory (RSS)", unit="MB", values=sizes))
    return tuple(figures)


def _run(code: str) -> tuple[float, float]:
    """Return wall seconds and the memory at the end in MB."""
    started_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{SHOW_RSS}"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NotMeasured(f"python did not run: {done.stderr.strip()[-300:]}")
    return time.monotonic() - started_s, int(done.stdout) * 1024 / 1e6

"""What a workload can cost the daemon: 300 processes ended at once, a storm beside the tick."""

import asyncio
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from hardware.work.cgroup import find_groups
from hardware.work.process import ProcessBackend
from solard.core.work import WorkSpec
from tests.bench.figures import Figure, once
from tests.bench.processes import parent_of, read_memory
from tests.bench.stage import NotMeasured, Site, site_at

FAMILY = 300
SPEED = 60.0
STORM_S = 60.0
"""Real seconds of ticks, calm and in the storm: five a second at this speed."""
SHELLS = "i=1; while [ $i -lt COUNT ]; do sleep 600 & i=$((i+1)); done; echo up; wait"
FORKS = """
import os, time
for _ in range(COUNT - 1):
    if os.fork() == 0:
        time.sleep(600)
print("up", flush=True)
time.sleep(600)
"""
STORM = """
import os
if os.fork() == 0:
    while True:
        os.write(1, b"share accepted, share accepted\\n" * 2000)
if os.fork() == 0:
    kept = []
    while True:
        kept.append(bytearray(1 << 20))
while True:
    try:
        if os.fork() == 0:
            sum(range(100000))
    except OSError:
        pass
"""


def measure_work(repeats: int, storm_s: float = STORM_S) -> tuple[Figure, ...]:
    """Return how fast a family freezes and ends, and what a storm does to the tick."""
    shells, forks = ("sh", "-c", SHELLS), (sys.executable, "-c", FORKS)
    small = asyncio.run(_family("small processes", shells, repeats, 50.0))
    large = asyncio.run(_family("Pythons", forks, repeats, None))
    return (*small, *large[:2], *_storm(storm_s))


async def _family(
    name: str, command: tuple[str, ...], repeats: int, below_ms: float | None
) -> tuple[Figure, ...]:
    """Freeze and kill a family again and again; the first is not counted."""
    groups = find_groups()
    how = "one cgroup" if groups else "by signals: no cgroup can be made here"
    frozen_ms, killed_ms, keeper_mb = [], [], []
    with TemporaryDirectory(prefix="sol-") as home:
        backend = ProcessBackend(Path(home), Path(home), groups)
        words = tuple(word.replace("COUNT", str(FAMILY)) for word in command)
        spec = WorkSpec(name="family", role="other", command=words)
        for _ in range(repeats + 1):
            (Path(home) / "family.log").unlink(missing_ok=True)
            pid = backend.start(spec)
            await _until_up(backend, spec)
            keeper_mb.append(read_memory(parent_of(pid)).rss_mb)
            started = time.perf_counter()
            backend.freeze(spec)
            frozen_ms.append((time.perf_counter() - started) * 1e3)
            started = time.perf_counter()
            record = backend._recall(spec)
            assert record is not None
            backend._end(record)
            killed_ms.append((time.perf_counter() - started) * 1e3)
            await backend.kill(spec)

    def figure(what: str, values: list[float], below: float | None, unit: str = "ms") -> Figure:
        return Figure(name=what, unit=unit, values=tuple(values[1:]), below=below, how=how)

    return (
        figure(f"workload: freeze {FAMILY} {name}", frozen_ms, below_ms),
        figure(f"workload: kill {FAMILY} {name}, until none is left", killed_ms, below_ms),
        figure("workload: its keeper's memory (RSS)", keeper_mb, None, "MB"),
    )


def _storm(storm_s: float) -> tuple[Figure, ...]:
    with site_at(SPEED) as site:
        calm_ms = _tick_p99_ms(site, storm_s)
    with TemporaryDirectory(prefix="storm-") as place:
        script = Path(place) / "storm.py"
        script.write_text(STORM, encoding="utf-8")
        more = f"  storm:\n    command: [{sys.executable}, {script}]\n"
        more += "    caps: {tasks: 100, memory: 300 MB}\n    restart: {park_after: 1000}\n"
        with site_at(SPEED, more) as site:
            storm_ms = _tick_p99_ms(site, storm_s)
            if all(one.name != "storm" or one.use is None for one in site.view().workloads):
                raise NotMeasured("the storm does not run")
    return (
        once("tick p99, calm", "ms", calm_ms, how=f"{storm_s:g} s at speed {SPEED:g}"),
        once("tick p99, beside a storm", "ms", storm_ms, how="forks, floods its log, eats memory"),
        once("tick p99: storm by calm", "×", storm_ms / calm_ms, below=2.0),
    )


def _tick_p99_ms(site: Site, for_s: float) -> float:
    site.start_daemon()
    time.sleep(for_s)
    p99_ms = site.view().stats.tick_p99_ms
    if p99_ms is None:
        raise NotMeasured("the daemon counted no ticks")
    return p99_ms


async def _until_up(backend: ProcessBackend, spec: WorkSpec) -> None:
    async with asyncio.timeout(30.0):
        while not backend.log(spec).last(1):
            await asyncio.sleep(0.05)

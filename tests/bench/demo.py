"""What a whole demo costs, its parent and its screens included, at 60 times the sun's speed."""

import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from solard.client.now import ask_view
from solard.core.errors import SolardError
from solard.core.view import SiteView
from solard.system.places import places_at
from tests.bench.figures import Figure, once
from tests.bench.processes import Memory, family, read_cpu, read_family
from tests.bench.stage import ROOT, NotMeasured, clean_environment
from tests.bench.terminal import Terminal
from tests.bench.workers import WORKERS, WorkerWatch

SPEED = 60
LOOK_EVERY_S = 0.5
START_S = 30.0
SETTLE_S = 10.0
"""Real seconds until all processes are there."""
NEURONS = ("miner", "validator")
WHOLE = ("demo", "daemon", "plant", "keeper", "network", "miner", "validator", "screens")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSeen:
    """What was seen of one demo."""

    view: SiteView
    solves_s: tuple[float, ...]
    looks: tuple[dict[str, Memory], ...]
    """Memory by process name."""
    cpu_percent: dict[str, float]
    """CPU time by process name, of a core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRow:
    """One process of the demo, where it was largest."""

    process: str
    rss_mb: float
    pss_mb: float
    cpu_percent: float | None
    """Of a core; None for workers, which come and go."""


@dataclass(slots=True)
class _Watcher:
    """Looks at a running demo."""

    demo: int
    api: Path
    view: SiteView | None = None
    solves_s: set[float] = field(default_factory=set)
    looks: list[dict[str, Memory]] = field(default_factory=list)

    def watch(self, duration_s: float) -> DemoSeen:
        """Look for a while; raise where a process was missing or died."""
        pids = self._pids()
        before = {name: read_cpu(pid).own_s for name, pid in pids.items()}
        begun_s = time.monotonic()
        while time.monotonic() - begun_s < duration_s:
            self.looks.append(read_family(self.demo))
            self._take_picture()
            time.sleep(LOOK_EVERY_S)
        lasted_s = time.monotonic() - begun_s
        if self._pids() != pids:
            raise NotMeasured(f"a process of the demo died: {pids} became {self._pids()}")
        after = {name: read_cpu(pid).own_s for name, pid in pids.items()}
        if self.view is None:
            raise NotMeasured("the demo's daemon showed no picture")
        return DemoSeen(
            view=self.view,
            solves_s=tuple(sorted(self.solves_s)),
            looks=tuple(self.looks),
            cpu_percent={name: 100.0 * (after[name] - before[name]) / lasted_s for name in pids},
        )

    def _pids(self) -> dict[str, int]:
        """Return the pid of each process; the older of two of one name: the other is a fork."""
        found = {name: pid for pid, name in sorted(family(self.demo).items(), reverse=True)}
        missing = [name for name in WHOLE if name not in found]
        if missing:
            raise NotMeasured(f"the demo has no {', '.join(missing)}")
        return {name: found[name] for name in WHOLE}

    def _take_picture(self) -> None:
        with suppress(SolardError):
            self.view = ask_view(self.api)
            solve_s = self.view.stats.plan_solve_s
            self.solves_s |= set() if solve_s is None else {solve_s}


def measure_demo(duration_s: float) -> tuple[tuple[Figure, ...], tuple[ProcessRow, ...]]:
    """Return the figures of a demo, and one row per process."""
    with TemporaryDirectory(prefix="sol-", ignore_cleanup_errors=True) as name:
        command = [sys.executable, "-m", "solard", "demo", "--speed", str(SPEED), "--dir", name]
        with Terminal(command, env=clean_environment(), cwd=ROOT) as terminal:
            # The watch ends before the demo: what that cuts short is no run.
            with WorkerWatch(terminal.process.pid) as watch:
                if terminal.seconds_until("WHY", "Quit", within_s=START_S) is None:
                    raise NotMeasured(f"the demo did not open: {terminal.drawn()[-300:]!r}")
                time.sleep(SETTLE_S)
                watcher = _Watcher(terminal.process.pid, places_at(Path(name)).api_socket)
                seen = watcher.watch(duration_s)
            status = terminal.end()
    if status != 0:
        raise NotMeasured(f"the demo ended with {status}: {terminal.drawn()[-300:]!r}")
    figures = (
        *_of_ticks(seen),
        *_of_memory(seen),
        *_of_neurons(seen),
        *_of_plans(seen),
        *_of_workers(watch),
    )
    return figures, _rows(seen)


def _of_ticks(seen: DemoSeen) -> tuple[Figure, ...]:
    stats = seen.view.stats
    if stats.tick_p50_ms is None or stats.tick_p99_ms is None:
        raise NotMeasured("the demo's daemon made no ticks")
    how = f"{stats.ticks} ticks at speed {SPEED}"
    return (
        once("demo: tick p50", "ms", stats.tick_p50_ms, how=how),
        once("demo: tick p99", "ms", stats.tick_p99_ms, below=50.0, how=how),
    )


def _of_memory(seen: DemoSeen) -> tuple[Figure, ...]:
    rss = tuple(sum(one.rss_mb for one in look.values()) for look in seen.looks)
    pss = tuple(sum(one.pss_mb for one in look.values()) for look in seen.looks)
    how = "parent, daemon, plant, keeper, network, miner, validator, screens, workers"
    once_each = "each shared page counted once: what the demo really takes"
    return (
        Figure(name="demo: memory of all (RSS)", unit="MB", values=rss, below=450.0, how=how),
        once("demo: memory of all, at most (RSS)", "MB", max(rss), below=450.0, how=how),
        Figure(name="demo: memory of all (PSS)", unit="MB", values=pss, below=450.0, how=once_each),
        once("demo: memory of all, at most (PSS)", "MB", max(pss), below=450.0, how=once_each),
    )


def _of_neurons(seen: DemoSeen) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            name=f"{name}: memory (RSS)",
            unit="MB",
            values=tuple(look[name].rss_mb for look in seen.looks if name in look),
            below=90.0,
        )
        for name in NEURONS
    )


def _of_plans(seen: DemoSeen) -> tuple[Figure, ...]:
    if not seen.solves_s:
        raise NotMeasured("the demo made no plan; give it longer")
    how = "of plans that came into force"
    return (Figure(name="plan: solve", unit="s", values=seen.solves_s, below=2.0, how=how),)


def _of_workers(watch: WorkerWatch) -> tuple[Figure, ...]:
    figures: list[Figure] = []
    for name in WORKERS:
        runs = watch.of(name)
        if not runs:
            raise NotMeasured(f"no {name} was seen from start to end; give it longer")
        walls, peaks = tuple(run.wall_s for run in runs), tuple(run.peak_mb for run in runs)
        figures.append(Figure(name=f"{name}: start to end", unit="s", values=walls))
        figures.append(Figure(name=f"{name}: peak memory (RSS)", unit="MB", values=peaks))
    return tuple(figures)


def _rows(seen: DemoSeen) -> tuple[ProcessRow, ...]:
    rows = []
    for name in (*WHOLE, *WORKERS):
        sights = [look[name] for look in seen.looks if name in look]
        if sights:
            largest = max(sights, key=lambda memory: memory.rss_mb)
            rows.append(
                ProcessRow(
                    process=name,
                    rss_mb=largest.rss_mb,
                    pss_mb=largest.pss_mb,
                    cpu_percent=seen.cpu_percent.get(name),
                )
            )
    return tuple(rows)

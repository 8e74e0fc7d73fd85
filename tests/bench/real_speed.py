"""What the daemon costs at the sun's own speed, and how fast it and its screens start."""

import sys
import time

from tests.bench.figures import Figure, once
from tests.bench.processes import read_cpu, read_memory
from tests.bench.python import (
    DAEMON_LIBRARIES,
    SCREEN_LIBRARIES,
    PythonRun,
    of_python,
    run_python,
)
from tests.bench.stage import (
    ROOT,
    NotMeasured,
    Site,
    clean_environment,
    real_speed_site,
)
from tests.bench.terminal import Terminal

SETTLE_S = 15.0
"""Real seconds for start, first forecast and first plan, before CPU time is counted."""
PAINT_S = 20.0
"""Longest wait for the screens."""


def measure_real_speed(minutes: float, repeats: int) -> tuple[Figure, ...]:
    """Return starts, memory, CPU time and first paint at real speed."""
    with real_speed_site() as site:
        figures = _start(site, repeats)
        figures += _run_quietly(site, minutes)
        figures += _paint(site, repeats)
    return tuple(figures)


def _start(site: Site, repeats: int) -> list[Figure]:
    """Start the daemon again and again; between two starts, Python with its libraries."""
    floors, starts = [], []
    for _ in range(repeats + 1):
        site.stop_daemon()
        floors.append(run_python(DAEMON_LIBRARIES))
        starts.append(site.start_daemon())
    decisions_s = tuple(start.decision_s for start in starts[1:])
    return [
        *of_python("python: the daemon's libraries", tuple(floors[1:])),
        Figure(
            name="daemon: start to first decision",
            unit="s",
            values=decisions_s,
            below=3.0,
            how="exec to READY=1; files cached; one start before, not counted",
        ),
        _ratio("daemon: first decision, by its libraries", decisions_s, floors[1:]),
        Figure(
            name="daemon: start to a picture with live data",
            unit="s",
            values=tuple(start.picture_s for start in starts[1:]),
            how="exec to the first published picture with sun and load in it; mostly periods: "
            "a tick every 2 s, a picture every 1 s",
        ),
    ]


def _ratio(name: str, values: tuple[float, ...], floors: list[PythonRun]) -> Figure:
    """Return each value by the floor taken just before it: what is left of it under load."""
    ratios = tuple(value / floor.wall_s for value, floor in zip(values, floors, strict=True))
    return Figure(name=name, unit="×", values=ratios, how="each by the run just before it")


def _run_quietly(site: Site, minutes: float) -> list[Figure]:
    """Leave the daemon alone for a while, and see what it took."""
    if site.daemon is None:
        raise NotMeasured("the daemon does not run")
    time.sleep(SETTLE_S)
    pids = {"daemon": site.daemon.pid, "keeper": site.keeper.pid}
    before, begun_s = {name: read_cpu(pid) for name, pid in pids.items()}, time.monotonic()
    time.sleep(max(10.0, 60.0 * minutes - SETTLE_S))
    after, lasted_s = (
        {name: read_cpu(pid) for name, pid in pids.items()},
        time.monotonic() - begun_s,
    )
    daemon, keeper = read_memory(pids["daemon"]), read_memory(pids["keeper"])
    stats = site.view().stats
    if stats.tick_p50_ms is None or stats.tick_p99_ms is None:
        raise NotMeasured("the daemon made no ticks")
    if not stats.plan_solves:
        raise NotMeasured("the daemon made no plan; give it longer")
    age = f"{(SETTLE_S + lasted_s) / 60.0:.1f} min after its start"

    def share(name: str) -> float:
        return 100.0 * (after[name].own_s - before[name].own_s) / lasted_s

    return [
        once("daemon: memory (RSS)", "MB", daemon.rss_mb, below=90.0, how=age),
        once("daemon: memory (PSS)", "MB", daemon.pss_mb, how=age),
        once("daemon: CPU", "% of a core", share("daemon"), below=3.0, how="nobody watching"),
        once(
            "daemon: CPU of one forecast and plan",
            "s",
            after["daemon"].children_s / stats.plan_solves,
            how="its workers, every 15 min; not in the line above",
        ),
        once("daemon: tick p50", "ms", stats.tick_p50_ms, how=f"{stats.ticks} ticks"),
        once("daemon: tick p99", "ms", stats.tick_p99_ms, below=50.0, how=f"{stats.ticks} ticks"),
        once("keeper: memory (RSS)", "MB", keeper.rss_mb, below=30.0, how="four simulated cards"),
        once("keeper: CPU", "% of a core", share("keeper")),
    ]


def _paint(site: Site, repeats: int) -> list[Figure]:
    """Open the screens on the running daemon again and again."""
    floors, paints = [], []
    for _ in range(repeats + 1):
        floors.append(run_python(SCREEN_LIBRARIES))
        paints.append(_paint_once(site))
    first_s = tuple(first for first, _ in paints[1:])
    return [
        *of_python("python: the screens' libraries", tuple(floors[1:])),
        Figure(
            name="screens: start to first paint",
            unit="s",
            values=first_s,
            below=1.0,
            how="exec of `solard` to WHY and the last line of a 120×36 terminal",
        ),
        _ratio("screens: first paint, by their libraries", first_s, floors[1:]),
        Figure(
            name="screens: start to the daemon's picture",
            unit="s",
            values=tuple(whole for _, whole in paints[1:]),
            how="exec to the site's name",
        ),
    ]


def _paint_once(site: Site) -> tuple[float, float]:
    command = [sys.executable, "-m", "solard", "--dir", str(site.home.places.etc.parent)]
    with Terminal(command, env=clean_environment(), cwd=ROOT) as terminal:
        first_s = terminal.seconds_until("WHY", "Quit", within_s=PAINT_S)
        whole_s = terminal.seconds_until(f"demo-{site.home.day.name}", within_s=PAINT_S)
        if first_s is None or whole_s is None:
            raise NotMeasured(f"the screens did not open: {terminal.drawn()[-300:]!r}")
        return first_s, whole_s

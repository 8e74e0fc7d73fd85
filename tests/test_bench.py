"""The bench's parts give numbers: no figure of it is a guess."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.bench.figures import Figure, once, say_number, table
from tests.bench.modbus import measure_reads, peers
from tests.bench.processes import family, read_cpu, read_family, read_memory
from tests.bench.python import SCREEN_LIBRARIES, run_python
from tests.bench.stage import ROOT, Site, clean_environment, real_speed_site
from tests.bench.terminal import Terminal
from tests.bench.workers import WorkerWatch


@pytest.fixture
def site() -> Iterator[Site]:
    with real_speed_site() as site:
        yield site


def test_the_median_is_held_against_the_target() -> None:
    figure = Figure(name="start", unit="s", values=(1.0, 9.0, 2.0), below=4.0)

    assert (figure.median, figure.of_target, figure.is_met) == (2.0, 0.5, True)


def test_a_missed_target_is_said() -> None:
    lines = table((once("start", "s", 6.0, below=4.0), once("tick", "ms", 3.0))).splitlines()

    assert lines[1].split() == ["start", "6.00", "s", "1", "<", "4", "s", "150%", "MISSED"]
    assert lines[2].split() == ["tick", "3.00", "ms", "1", "—", "—"]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.0123, "0.012"), (1.234, "1.23"), (365.4, "365")]
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert say_number(value) == text


def test_memory_and_cpu_time_of_a_process_are_read() -> None:
    memory = read_memory(os.getpid())

    assert memory.pss_mb > 0.0
    assert 5.0 < memory.rss_mb <= memory.peak_mb
    assert read_cpu(os.getpid()).own_s > 0.0


def test_python_alone_is_measured() -> None:
    bare, loaded = run_python(), run_python(SCREEN_LIBRARIES)

    assert 0.0 < bare.wall_s < loaded.wall_s
    assert 5.0 < bare.rss_mb < loaded.rss_mb


def test_a_terminal_says_when_its_program_had_drawn() -> None:
    code = "import time; print('first', flush=True); time.sleep(0.2); print('second'); input()"
    with Terminal([sys.executable, "-c", code], env=clean_environment(), cwd=ROOT) as terminal:
        first_s = terminal.seconds_until("first", within_s=10.0)
        second_s = terminal.seconds_until("second", within_s=10.0)
        never_s = terminal.seconds_until("third", within_s=0.0)

    assert first_s is not None
    assert second_s is not None
    assert second_s - first_s > 0.1
    assert never_s is None


def test_a_worker_is_seen_from_start_to_end() -> None:
    with WorkerWatch(os.getpid()) as watch:
        worker = [sys.executable, "-m", "scheduler.plan_worker"]
        subprocess.run(worker, cwd=ROOT, input=b"", capture_output=True, check=False)
        ends_s = time.monotonic() + 5.0
        while not watch.runs and time.monotonic() < ends_s:
            time.sleep(0.02)

    (run,) = watch.of("plan worker")
    assert run.wall_s > 0.0
    assert run.peak_mb > 5.0


def test_a_daemon_starts_on_the_stage_and_leaves_nothing_behind(site: Site) -> None:
    start = site.start_daemon()
    names = set(family(os.getpid()).values())
    memory = read_family(os.getpid())["daemon"]
    site.stop_daemon()

    assert 0.0 < start.decision_s < start.picture_s
    assert {"daemon", "plant", "keeper"} <= names
    assert memory.rss_mb > memory.pss_mb > 0.0
    assert "daemon" not in family(os.getpid()).values()


def test_reads_are_timed_beside_pymodbus_in_turns() -> None:
    with peers(1) as (port,):
        figures = asyncio.run(measure_reads(port, 1, reads=200))

    ours, theirs, ratio = (figure.median for figure in figures[:3])
    assert ours > 100.0
    assert ratio == pytest.approx(theirs / ours)

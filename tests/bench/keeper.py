"""What the keeper costs with eight cards: how soon a limit is enforced, memory, CPU."""

import shutil
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from solard.system.lines import ask_now
from tests.bench.figures import Figure, once
from tests.bench.processes import read_cpu, read_memory
from tests.hardware.gpu.rigs import FakeDriver, RunningKeeper, compile_library

CARDS = 8
TOLD = 120
"""Limits told one after the other."""
GAP_S = 0.16
"""Between two of them: each card's turn comes after its write gap of 1 s."""


def measure_keeper(seconds: float) -> tuple[Figure, ...]:
    """Return the keeper's figures; none where no C compiler makes the fake driver."""
    if shutil.which("gcc") is None and shutil.which("cc") is None:
        print("bench: no C compiler: the keeper is left out", file=sys.stderr)
        return ()
    with TemporaryDirectory(prefix="gpu-") as name:
        home = Path(name)
        library = compile_library(home)
        driver = _EightCards(library, home / "nvml.state")
        with closing(driver), closing(RunningKeeper(home, driver)) as keeper:
            latencies = _latencies_ms(keeper)
            cpu = _cpu_percent(keeper, seconds)
            memory = read_memory(keeper.pid)
    ordered = sorted(latencies)
    how = "set to its answer, after read-back; the fake driver takes microseconds"
    return (
        once("keeper: limit enforced p50", "ms", ordered[len(ordered) // 2], how=how),
        once(
            "keeper: limit enforced p99",
            "ms",
            ordered[int(len(ordered) * 0.99)],
            below=100.0,
            how=how,
        ),
        once("keeper: memory with 8 cards (RSS)", "MB", memory.rss_mb, below=30.0),
        once(
            "keeper: CPU with 8 cards at 1 Hz",
            "% of a core",
            cpu,
            below=1.0,
            how="renewed and read once a second",
        ),
    )


class _EightCards(FakeDriver):
    """The fake driver with more cards than it has plates."""

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "FAKE_NVML_CARDS": str(CARDS)}

    def __post_init__(self) -> None:
        import os

        os.environ["FAKE_NVML_CARDS"] = str(CARDS)
        super().__post_init__()
        del os.environ["FAKE_NVML_CARDS"]


def _limits(limit_w: float, *indices: int) -> list[dict[str, object]]:
    ids = [f"GPU-5014a2d0-0000-4000-8000-{index:012}" for index in indices]
    return [{"gpu_id": gpu_id, "limit_w": limit_w, "parked": False} for gpu_id in ids]


def _latencies_ms(keeper: RunningKeeper) -> list[float]:
    steered = [index for index in range(CARDS) if index != 3]  # the fourth plate takes no limit
    taken: list[float] = []
    for number in range(TOLD):
        index, limit_w = steered[number % len(steered)], 130.0 - number // len(steered) % 2 * 20.0
        started_s = time.monotonic()
        answer = ask_now(keeper.socket, {"verb": "set", "limits": _limits(limit_w, index)})
        row = answer["results"][0]
        if row["enforced_w"] in (limit_w, 150.0):  # a 4090 goes no lower than 150 W
            taken.append((time.monotonic() - started_s) * 1000.0)
        time.sleep(GAP_S)
    return taken


def _cpu_percent(keeper: RunningKeeper, seconds: float) -> float:
    every = [index for index in range(CARDS) if index != 3]
    before, started_s = read_cpu(keeper.pid).own_s, time.monotonic()
    while time.monotonic() - started_s < seconds:
        ask_now(keeper.socket, {"verb": "set", "limits": _limits(120.0, *every)})
        ask_now(keeper.socket, {"verb": "read"})
        time.sleep(1.0)
    used_s = read_cpu(keeper.pid).own_s - before
    return 100.0 * used_s / (time.monotonic() - started_s)

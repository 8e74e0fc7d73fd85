"""Forecast and plan workers, seen from outside while they live."""

import os
import threading
import time
from dataclasses import dataclass
from typing import Self

from tests.bench.processes import Gone, is_below, name_of, parent_of, read_peak_mb, read_start_s

LOOK_EVERY_S = 0.02
WORKERS = ("forecast worker", "plan worker")
NAMED_AFTER_S = 0.5
"""A fork that has not become its program yet is looked at again until this age."""


@dataclass(frozen=True, slots=True)
class WorkerRun:
    """One worker from start to end; its end is known to within one look."""

    name: str
    wall_s: float
    peak_mb: float
    """Highest RSS, of the last look before it ended."""


@dataclass(slots=True)
class _Seen:
    name: str
    started_s: float
    peak_mb: float = 0.0


class WorkerWatch:
    """Looks fifty times a second for new processes below one; only new ones cost a read."""

    def __init__(self, root: int) -> None:
        self._root = root
        self.runs: list[WorkerRun] = []
        self._living: dict[int, _Seen] = {}
        self._known: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._known = _pids()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def of(self, name: str) -> tuple[WorkerRun, ...]:
        """Return what is known of one kind of worker."""
        return tuple(run for run in self.runs if run.name == name)

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            now_s = time.clock_gettime(time.CLOCK_BOOTTIME)
            pids = _pids()
            for pid in pids - self._known:
                self._meet(pid, now_s)
            for pid in tuple(self._living):
                self._look(pid, now_s)
            self._known &= pids

    def _meet(self, pid: int, now_s: float) -> None:
        try:
            name, started_s = name_of(pid), read_start_s(pid)
            if name in WORKERS and self._is_ours(pid, name):
                self._living[pid] = _Seen(name, started_s)
        except Gone:
            return
        if name in WORKERS or now_s - started_s > NAMED_AFTER_S:
            self._known.add(pid)

    def _is_ours(self, pid: int, name: str) -> bool:
        """Say whether it is a worker of our daemon's, and not a worker's own fork."""
        return name_of(parent_of(pid)) != name and is_below(pid, self._root)

    def _look(self, pid: int, now_s: float) -> None:
        seen = self._living[pid]
        try:
            seen.peak_mb = max(seen.peak_mb, read_peak_mb(pid))
        except Gone:
            del self._living[pid]
            wall_s = now_s - seen.started_s
            self.runs.append(WorkerRun(name=seen.name, wall_s=wall_s, peak_mb=seen.peak_mb))


def _pids() -> set[int]:
    return {int(name) for name in os.listdir("/proc") if name.isdecimal()}  # noqa: PTH208

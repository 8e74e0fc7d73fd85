"""Workloads as plain processes: a session of their own, found again by name after a crash."""

import asyncio
import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from solard.core.errors import SolardError
from solard.core.work import WorkSpec

POLL_S = 0.05


class WorkloadNotStarted(SolardError):
    """A workload's program could not be started."""


@dataclass(frozen=True, slots=True)
class _Birth:
    """Who a process is: pids are used again, pid and start time together are not."""

    pid: int
    start_ticks: int


class ProcessBackend:
    """Starts programs under `directory`, which also keeps their logs and who they are."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, spec: WorkSpec) -> int:
        """Start a program in a session of its own; its output goes to NAME.log."""
        self._directory.mkdir(parents=True, exist_ok=True)
        log = self._directory / f"{spec.name}.log"
        try:
            with log.open("ab") as output:
                child = subprocess.Popen(
                    spec.command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **dict(spec.env)},
                    start_new_session=True,
                )
        except OSError as err:
            raise WorkloadNotStarted(
                f"workload {spec.name!r} does not start: {err}; check its `command`"
            ) from err
        self._children[child.pid] = child
        self._remember(spec, child.pid)
        return child.pid

    def find(self, spec: WorkSpec) -> int | None:
        """Return the pid of the program last started under this name, while it lives."""
        self._reap()
        birth = self._recall(spec)
        if birth is None or _start_ticks(birth.pid) != birth.start_ticks:
            return None
        return birth.pid

    async def stop(self, spec: WorkSpec) -> None:
        """End the program's whole session: SIGTERM, its grace, SIGKILL."""
        pid = self.find(spec)
        if pid is None:
            return
        _signal_session(pid, signal.SIGTERM)
        for _ in range(round(spec.grace_s / POLL_S)):
            if self.find(spec) is None:
                break
            await asyncio.sleep(POLL_S)
        _signal_session(pid, signal.SIGKILL)
        self._reap()

    def _remember(self, spec: WorkSpec, pid: int) -> None:
        record = {"pid": pid, "start_ticks": _start_ticks(pid), "command": list(spec.command)}
        path = self._path(spec)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(record), encoding="utf-8")
        fresh.replace(path)

    def _recall(self, spec: WorkSpec) -> _Birth | None:
        try:
            record = json.loads(self._path(spec).read_text(encoding="utf-8"))
            return _Birth(int(record["pid"]), int(record["start_ticks"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _path(self, spec: WorkSpec) -> Path:
        return self._directory / f"{spec.name}.process.json"

    def _reap(self) -> None:
        """Collect children that have ended, so that none stays a zombie."""
        for pid, child in list(self._children.items()):
            if child.poll() is not None:
                del self._children[pid]


def _start_ticks(pid: int) -> int | None:
    """Return field 22 of /proc/PID/stat (start time since boot), or None for a dead process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def _signal_session(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return

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
DYING_S = 2.0
"""Real seconds that a killed process may take to be gone."""
OURS_ALONE = frozenset(
    {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "JOURNAL_STREAM", "CREDENTIALS_DIRECTORY"}
)
"""What systemd told this daemon, and nobody else."""


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
        """Start a program in a session of its own; its output goes to NAME.log.

        What an earlier one of that name left behind is ended first: it may hold the port.
        """
        self._end_remains(spec)
        try:
            child = self._spawn(spec)
        except OSError as err:
            raise WorkloadNotStarted(
                f"workload {spec.name!r} does not start: {err}; check its `command`"
            ) from err
        self._children[child.pid] = child
        try:
            self._remember(spec, child.pid)
        except OSError as err:
            # Nobody would find it again, and another would be started beside it.
            _signal_session(child.pid, signal.SIGKILL)
            child.wait()
            self._reap()
            raise WorkloadNotStarted(
                f"workload {spec.name!r} does not start: {err}; check {self._directory}"
            ) from err
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
            self._end_remains(spec)
            return
        _signal_session(pid, signal.SIGTERM)
        if not await self._has_ended(spec, spec.grace_s):
            _signal_session(pid, signal.SIGKILL)
            await self._has_ended(spec, DYING_S)
        self._end_remains(spec)

    def signal(self, spec: WorkSpec, number: signal.Signals) -> None:
        """Send a signal to the program's whole session; nothing where it has ended."""
        pid = self.find(spec)
        if pid is not None:
            _signal_session(pid, number)

    async def _has_ended(self, spec: WorkSpec, within_s: float) -> bool:
        for _ in range(round(within_s / POLL_S)):
            if self.find(spec) is None:
                return True
            await asyncio.sleep(POLL_S)
        return self.find(spec) is None

    def _end_remains(self, spec: WorkSpec) -> None:
        """Kill what is left of the session of a program that has ended itself.

        The kernel gives no new process the number of a session that still has members.
        """
        birth = self._recall(spec)
        if birth is not None and not Path(f"/proc/{birth.pid}").exists():
            _signal_session(birth.pid, signal.SIGKILL)

    def _spawn(self, spec: WorkSpec) -> "subprocess.Popen[bytes]":
        self._directory.mkdir(parents=True, exist_ok=True)
        inherited = {name: v for name, v in os.environ.items() if name not in OURS_ALONE}
        with (self._directory / f"{spec.name}.log").open("ab") as output:
            return subprocess.Popen(
                spec.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**inherited, **dict(spec.env)},
                start_new_session=True,
            )

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

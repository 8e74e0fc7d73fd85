"""Workloads as plain processes: a keeper of its own each, found again by name after a crash."""

import asyncio
import contextlib
import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.work import shim
from hardware.work.cgroup import HOW_TO_GET_ONE, ControlGroups, Group
from hardware.work.logs import LogFiles
from hardware.work.tree import members_of, say_status, use_of
from solard.core.errors import SolardError
from solard.core.work import WorkSpec, WorkUse
from solard.system.processes import ProcessStat, catches, is_alive, read_stat, signal_all

POLL_S = 0.05
START_S = 10.0
"""Real seconds that a program's keeper may take to start it."""
DYING_S = 2.0
"""Real seconds that a killed process may take to be gone."""
OURS_ALONE = frozenset(
    {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "JOURNAL_STREAM", "CREDENTIALS_DIRECTORY"}
)
"""What systemd told this daemon, and nobody else."""


class WorkloadNotStarted(SolardError):
    """A workload's program could not be started."""


class WorkloadStuck(SolardError):
    """A killed workload is still there."""


@dataclass(frozen=True, slots=True)
class _Record:
    """What was written down of a start: pids are used again, pid and start time are not."""

    pid: int
    start_ticks: int
    keeper: int
    keeper_ticks: int
    group: Group | None

    @property
    def lives(self) -> bool:
        return is_alive(self.pid, self.start_ticks)

    @property
    def keeper_lives(self) -> bool:
        return is_alive(self.keeper, self.keeper_ticks)


class ProcessBackend:
    """Starts programs; `directory` keeps who they are, `logs` what they say."""

    def __init__(
        self, directory: Path, logs: Path | None = None, groups: ControlGroups | None = None
    ) -> None:
        self._directory = directory
        self._logs = logs or directory
        self._groups = groups
        self._keepers: dict[int, subprocess.Popen[bytes]] = {}
        resolved = str(directory.resolve()).encode()
        self._family = f"solard-{hashlib.sha256(resolved).hexdigest()[:8]}"

    def note(self, spec: WorkSpec) -> str | None:
        """Return what this machine cannot do for a workload, in one line."""
        asked = spec.caps.memory_bytes, spec.caps.tasks, spec.caps.cpu_cores
        wanted = [
            name
            for name, cap in zip(("memory", "tasks", "cpu"), asked, strict=True)
            if cap is not None
        ]
        missing = wanted if self._groups is None else self._groups.missing(spec.caps)
        if not missing:
            return None
        return f"its caps ({', '.join(missing)}) are not enforced here: {HOW_TO_GET_ONE}"

    def start(self, spec: WorkSpec) -> int:
        """Start a program in a session, and where there can be one a cgroup, of its own.

        What an earlier one of that name left behind is ended first: it may hold the port.
        """
        self._end_remains(spec)
        try:
            group = self._make_group(spec)
            pid, keeper = self._spawn(spec, group)
            self._remember(spec, pid, keeper, group)
        except OSError as err:
            self._reap()
            said = err.strerror if err.errno == 0 else str(err)
            raise WorkloadNotStarted(
                f"workload {spec.name!r} does not start: {said}; check its `command`, and that "
                f"{self._directory} can be written"
            ) from err
        return pid

    def adopt(self, spec: WorkSpec) -> int | None:
        """Return the pid of the program last started under this name, while it lives."""
        self._reap()
        record = self._recall(spec)
        return record.pid if record is not None and record.lives else None

    async def drain(self, spec: WorkSpec) -> bool:
        """Ask the program to finish; return whether it ended within its grace."""
        pid = self.adopt(spec)
        if pid is None:
            return True
        self.thaw(spec)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGTERM)
        return await self._has_ended(spec, spec.grace_s)

    async def stop(self, spec: WorkSpec) -> None:
        """End the program and all that it started: SIGTERM, its grace, SIGKILL."""
        await self.drain(spec)
        await self.kill(spec)

    async def kill(self, spec: WorkSpec) -> None:
        """End the program and all that it started, now; raise WorkloadStuck where it stays."""
        record = self._recall(spec)
        if record is None:
            return
        await asyncio.to_thread(self._end, record)
        if not await self._has_ended(spec, DYING_S):
            raise WorkloadStuck(_say_stuck(spec, record))
        await self._wait_for(lambda: not record.keeper_lives, DYING_S)
        self._reap()
        if record.group is not None:
            record.group.remove()

    def signal(self, spec: WorkSpec, number: signal.Signals) -> int:
        """Send a signal to those processes of the program that catch it; return how many do."""
        record = self._recall(spec)
        if record is None or not record.lives:
            return 0
        takers = [pid for pid in _members(record) if catches(pid, number)]
        signal_all(takers, number)
        return len(takers)

    def freeze(self, spec: WorkSpec) -> None:
        """Stop every process of the program where it stands."""
        record = self._recall(spec)
        if record is None or not record.lives:
            return
        if record.group is not None and record.group.exists:
            record.group.freeze()
        else:
            _signal_until_same(record, signal.SIGSTOP)

    def thaw(self, spec: WorkSpec) -> None:
        """Let a frozen program go on."""
        record = self._recall(spec)
        if record is None or not record.lives:
            return
        if record.group is not None and record.group.exists:
            record.group.thaw()
        signal_all(_members(record), signal.SIGCONT)

    def stats(self, spec: WorkSpec) -> WorkUse | None:
        """Return what the program takes now; None while it does not run."""
        record = self._recall(spec)
        if record is None or not record.lives:
            return None
        if record.group is not None and record.group.exists:
            return record.group.use()
        return use_of(_members(record).values())

    def ending(self, spec: WorkSpec) -> str | None:
        """Return how the program last ended, in a few words; None where nobody knows."""
        record = self._recall(spec)
        note = _read_json(self._ending_path(spec))
        if record is None or note.get("pid") != record.pid:
            return None
        if record.group is not None and record.group.exists and record.group.use().out_of_memory:
            return "out of memory (oom-kill)"
        return say_status(note.get("status"))

    def running_command(self, spec: WorkSpec) -> tuple[str, ...] | None:
        """Return the command with which the living program was started."""
        if self.adopt(spec) is None:
            return None
        return tuple(_read_json(self._path(spec)).get("command", ()))

    def log(self, spec: WorkSpec) -> LogFiles:
        """Return where its log is."""
        return LogFiles(self._logs / f"{spec.name}.log")

    # Starting.

    def _make_group(self, spec: WorkSpec) -> Group | None:
        if self._groups is None:
            return None
        try:
            return self._groups.make(self._family, spec.name, spec.caps)
        except OSError:
            return None  # a plain session then; `stats` and `note` say what that costs

    def _spawn(self, spec: WorkSpec, group: Group | None) -> tuple[int, int]:
        """Start the keeper; return the program's pid and the keeper's."""
        for place in (self._directory, self._logs):
            place.mkdir(parents=True, exist_ok=True)
        self._ending_path(spec).unlink(missing_ok=True)
        inherited = {name: v for name, v in os.environ.items() if name not in OURS_ALONE}
        environment = {**inherited, **dict(spec.env)}
        _check_program(spec, environment.get("PATH"))
        keeper = subprocess.Popen(
            (sys.executable, "-I", "-S", shim.__file__),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        self._keepers[keeper.pid] = keeper
        answer = _ask_keeper(keeper, json.dumps(self._order(spec, group)).encode())
        if not answer.isdecimal():
            raise OSError(0, answer.removeprefix("!") or "its keeper ended at once")
        return int(answer), keeper.pid

    def _order(self, spec: WorkSpec, group: Group | None) -> dict[str, Any]:
        return {
            "command": list(spec.command),
            "user": spec.user,
            "cwd": spec.directory,
            "groups": [] if group is None else [str(path) for path in group.paths],
            "log": str(self._logs / f"{spec.name}.log"),
            "log_limits": shim.LOG_LIMITS,
            "ending": str(self._ending_path(spec)),
        }

    def _remember(self, spec: WorkSpec, pid: int, keeper: int, group: Group | None) -> None:
        stats = [read_stat(pid), read_stat(keeper)]
        ticks = [None if one is None else one.start_ticks for one in stats]
        record = {
            "pid": pid,
            "start_ticks": ticks[0],
            "keeper": keeper,
            "keeper_ticks": ticks[1],
            "group": [] if group is None else [str(path) for path in group.paths],
            "command": list(spec.command),
        }
        path = self._path(spec)
        fresh = path.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(record), encoding="utf-8")
            fresh.replace(path)
        except OSError:
            # Nobody would find it again, and another would be started beside it.
            signal_all((pid,), signal.SIGKILL)
            told = self._keepers.pop(keeper, None)
            if told is not None:
                told.wait()
            raise

    # Finding and ending.

    def _recall(self, spec: WorkSpec) -> _Record | None:
        data = _read_json(self._path(spec))
        try:
            paths = tuple(Path(path) for path in data.get("group", ()))
            return _Record(
                pid=int(data["pid"]),
                # Unknown where it had ended before we could look: then it never lives again.
                start_ticks=int(data["start_ticks"] or 0),
                keeper=int(data.get("keeper", 0)),
                keeper_ticks=int(data.get("keeper_ticks") or 0),
                group=Group(paths=paths) if paths else None,
            )
        except (ValueError, KeyError, TypeError):
            return None

    async def _has_ended(self, spec: WorkSpec, within_s: float) -> bool:
        return await self._wait_for(lambda: self.adopt(spec) is None, within_s)

    async def _wait_for(self, holds: Callable[[], bool], within_s: float) -> bool:
        for _ in range(round(within_s / POLL_S)):
            if holds():
                return True
            await asyncio.sleep(POLL_S)
        return holds()

    def _end_remains(self, spec: WorkSpec) -> None:
        record = self._recall(spec)
        if record is not None:
            self._end(record)
            if record.group is not None:
                record.group.remove()

    def _end(self, record: _Record) -> None:
        """Kill what is left of a start: group, session, and what its keeper adopted."""
        if record.group is not None and record.group.exists and record.group.kill():
            return  # nobody leaves a cgroup by himself
        _signal_until_same(record, signal.SIGKILL)

    def _path(self, spec: WorkSpec) -> Path:
        return self._directory / f"{spec.name}.process.json"

    def _ending_path(self, spec: WorkSpec) -> Path:
        return self._directory / f"{spec.name}.ending.json"

    def _reap(self) -> None:
        """Collect keepers that have ended, so that none stays a zombie."""
        for pid, keeper in list(self._keepers.items()):
            if keeper.poll() is not None:
                self._keepers.pop(pid, None)  # another thread may have seen the same end


def _ask_keeper(keeper: "subprocess.Popen[bytes]", order: bytes) -> str:
    """Hand the order over; return the keeper's one line."""
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    with keeper.stdin as question, keeper.stdout as answer:
        question.write(order)
        question.close()
        if not select.select([answer], [], [], START_S)[0]:
            keeper.kill()
            raise OSError(0, f"its keeper said nothing in {START_S:g} s")
        return answer.readline().decode(errors="replace").strip()


def _members(record: _Record) -> dict[int, ProcessStat]:
    """Return the living processes of a start, by session and descent.

    The kernel gives no new process the number of a session that still has members, so members of
    a dead program's session are its own; a living process of its number is somebody else.
    """
    leader = read_stat(record.pid)
    ours = leader is None or leader.start_ticks == record.start_ticks
    found = members_of(record.pid) if ours else {}
    if record.keeper_lives:
        found |= members_of(record.keeper)
        found.pop(record.keeper, None)
    return found


def _signal_until_same(record: _Record, number: signal.Signals) -> None:
    """Signal every member until no new one has appeared: some fork while we look."""
    done: set[int] = set()
    while new := _members(record).keys() - done:
        signal_all(new, number)
        done |= new


def _check_program(spec: WorkSpec, path: str | None) -> None:
    if spec.user is not None and os.geteuid() != 0 and spec.user != Path.home().owner():
        raise OSError(
            0,
            f"only root may run it as user {spec.user}; delete `user`, or let units run it "
            "(`sudo solard install`)",
        )
    program = spec.command[0]
    there = Path(spec.directory, program) if "/" in program else shutil.which(program, path=path)
    if there is None or not Path(there).exists():
        raise OSError(0, f"{program}: no such program")


def _say_stuck(spec: WorkSpec, record: _Record) -> str:
    stat = read_stat(record.pid)
    waits = stat is not None and stat.state == "D"
    why = "waits inside the kernel (state D): a driver or a disk does not answer" if waits else ""
    return (
        f"workload {spec.name!r} (pid {record.pid}) does not end, although killed"
        f"{'; it ' + why if why else ''}; see: cat /proc/{record.pid}/stack"
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}

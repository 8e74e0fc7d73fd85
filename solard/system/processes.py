"""What the kernel says of a process: the only reader of /proc/PID/stat."""

import contextlib
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_ENDED = frozenset({"Z", "X", "x"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStat:
    """One process now. Fields of proc_pid_stat(5)."""

    pid: int
    state: str
    """`R`, `S`, `D` (cannot be killed while it waits), `T` (stopped), `Z` (a zombie) …"""
    parent: int
    session: int
    cpu_ticks: int
    """User and system time of its own, in ticks of `SC_CLK_TCK`."""
    children_cpu_ticks: int
    """Of children that have ended and were collected."""
    threads: int
    start_ticks: int
    """Since boot. A pid comes to mean another process; pid and start together never do."""
    rss_pages: int

    @property
    def has_ended(self) -> bool:
        """Return whether it runs no more and only waits to be collected."""
        return self.state in _ENDED


def read_stat(pid: int) -> ProcessStat | None:
    """Return a process as it is now; None where there is none of that number."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name, in brackets, may hold anything; what follows its last bracket is numbers.
    fields = text.rpartition(")")[2].split()
    return ProcessStat(
        pid=pid,
        state=fields[0],
        parent=int(fields[1]),
        session=int(fields[3]),
        cpu_ticks=int(fields[11]) + int(fields[12]),
        children_cpu_ticks=int(fields[13]) + int(fields[14]),
        threads=int(fields[17]),
        start_ticks=int(fields[19]),
        rss_pages=int(fields[21]),
    )


def is_alive(pid: int, start_ticks: int) -> bool:
    """Return whether the process that had this number at that time still runs."""
    stat = read_stat(pid)
    return stat is not None and not stat.has_ended and stat.start_ticks == start_ticks


def catches(pid: int, number: signal.Signals) -> bool | None:
    """Return whether a process has a handler for a signal; None where that cannot be seen."""
    try:
        text = (PROC / str(pid) / "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    mask = next((line.split()[1] for line in text.splitlines() if line.startswith("SigCgt")), "0")
    return bool(int(mask, 16) >> (number - 1) & 1)


def read_all() -> tuple[ProcessStat, ...]:
    """Return every process; those that end meanwhile are left out."""
    names = (entry.name for entry in PROC.iterdir())
    found = (read_stat(int(name)) for name in names if name.isdecimal())
    return tuple(one for one in found if one is not None)


def descendants(root: int, among: Iterable[ProcessStat] | None = None) -> frozenset[int]:
    """Return every process below `root`, whatever its session."""
    children: dict[int, list[int]] = {}
    for one in read_all() if among is None else among:
        children.setdefault(one.parent, []).append(one.pid)
    found: set[int] = set()
    waiting = [root]
    while waiting:
        below = [pid for pid in children.get(waiting.pop(), ()) if pid not in found]
        found.update(below)
        waiting += below
    return frozenset(found)


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to each; those that are gone, or not ours, are left out."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)

"""What the kernel counts of a process: memory, CPU time, kin. Everything from /proc."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from solard.system.processes import ProcessStat, descendants, read_stat

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
MODULES = {
    "hardware.gpu.keeper": "keeper",
    "hardware.sim.plant": "plant",
    "scheduler.forecast_worker": "forecast worker",
    "scheduler.plan_worker": "plan worker",
    "tui": "screens",
}


class Gone(Exception):
    """A process ended before it could be looked at."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process now, in MB (10^6 bytes)."""

    rss_mb: float
    pss_mb: float
    """Pages that n processes share count 1/n: the sum over processes is what they really take."""
    peak_mb: float
    """Highest RSS so far."""


@dataclass(frozen=True, slots=True)
class CpuTime:
    """CPU seconds of a process, user and system."""

    own_s: float
    children_s: float
    """Of children that have ended and were waited for: the workers."""


def read_memory(pid: int) -> Memory:
    """Return what a process holds; raise Gone."""
    try:
        status = _fields(Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
        rollup = _fields(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8"))
    except OSError as err:
        raise Gone(f"process {pid} is gone") from err
    if "VmRSS" not in status or "Pss" not in rollup:
        raise Gone(f"process {pid} has ended")
    return Memory(
        rss_mb=_mb(status["VmRSS"]), pss_mb=_mb(rollup["Pss"]), peak_mb=_mb(status["VmHWM"])
    )


def read_peak_mb(pid: int) -> float:
    """Return the highest RSS of a process so far; raise Gone."""
    try:
        status = _fields(Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
        return _mb(status["VmHWM"])
    except (OSError, KeyError) as err:
        raise Gone(f"process {pid} is gone") from err


def read_cpu(pid: int) -> CpuTime:
    """Return the CPU time of a process and of its ended children; raise Gone."""
    stat = _stat(pid)
    return CpuTime(
        own_s=stat.cpu_ticks / TICKS_PER_S, children_s=stat.children_cpu_ticks / TICKS_PER_S
    )


def read_start_s(pid: int) -> float:
    """Return when a process started, in seconds since boot to 10 ms; raise Gone."""
    return _stat(pid).start_ticks / TICKS_PER_S


def is_below(pid: int, root: int) -> bool:
    """Say whether `root` is the parent of a process, or its parent's, and so on; raise Gone."""
    while pid > 1:
        pid = parent_of(pid)
        if pid == root:
            return True
    return False


def parent_of(pid: int) -> int:
    """Return the pid of a process's parent; raise Gone."""
    return _stat(pid).parent


def family(root: int) -> dict[int, str]:
    """Return the name of a process and of every one below it."""
    names = {}
    for pid in sorted({root} | descendants(root)):
        try:
            names[pid] = name_of(pid)
        except Gone:
            continue
    return names


def read_family(root: int) -> dict[str, Memory]:
    """Return the memory of a process and of every one below it, by name."""
    found: dict[str, Memory] = {}
    for pid, name in sorted(family(root).items(), reverse=True):
        with suppress(Gone):
            found[name] = read_memory(pid)  # the older of two of one name: the other is a fork
    return found


def name_of(pid: int) -> str:
    """Return what a process is, from its command line; raise Gone."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode().split("\0")
    except OSError as err:
        raise Gone(f"process {pid} is gone") from err
    if "-m" not in words[:-1]:
        return Path(words[0]).name or "ended"
    module, *rest = words[words.index("-m") + 1 :]
    match module, rest:
        case "solard", ["run", *_]:
            return "daemon"
        case "solard", [command, *_] if not command.startswith("-"):
            return command
        case "solard", _:
            return "screens"
        case "miner", [kind, *_]:
            return kind
    return MODULES.get(module, module)


def _stat(pid: int) -> ProcessStat:
    stat = read_stat(pid)
    if stat is None:
        raise Gone(f"process {pid} is gone")
    return stat


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value for name, _, value in pairs}


def _mb(text: str) -> float:
    """Return `  123 kB` in MB; the kernel's kB are 1024 bytes."""
    return int(text.split()[0]) * 1024 / 1e6

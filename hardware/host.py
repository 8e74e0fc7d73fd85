"""The machine itself: processor, memory, temperatures, processes; the only importer of psutil."""

import contextlib
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReading:
    """What the machine does; None where it does not say."""

    cpu_share: float
    """Share of all cores used since the last reading, 0..1; 0 at the first."""
    memory_used_bytes: int
    memory_total_bytes: int
    temperature_c: float | None
    """The hottest sensor that is no GPU."""

    @property
    def memory_share(self) -> float:
        """Return the share of memory in use, 0..1."""
        return self.memory_used_bytes / self.memory_total_bytes


def read_host() -> HostReading:
    """Return the machine as it is now; takes about a millisecond."""
    memory = psutil.virtual_memory()
    return HostReading(
        cpu_share=psutil.cpu_percent(interval=None) / 100.0,
        memory_used_bytes=memory.total - memory.available,
        memory_total_bytes=memory.total,
        temperature_c=_hottest_c(),
    )


def process_rss_bytes(pid: int) -> int | None:
    """Return the resident memory of a process, or None when there is none of that number."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def process_cpu_s(pid: int) -> float | None:
    """Return the processor seconds that a process has used, or None when there is none."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)


def children_of(pid: int) -> tuple[int, ...]:
    """Return the process numbers of all descendants; empty when there is no such process."""
    try:
        return tuple(child.pid for child in psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return ()


def listener_on(port: int) -> str | None:
    """Return who listens on a TCP port, as `pid 123 (python3)`; None where that cannot be seen."""
    try:
        found = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return None
    for one in found:
        if one.status == psutil.CONN_LISTEN and one.laddr.port == port and one.pid:
            with contextlib.suppress(psutil.Error):
                return f"pid {one.pid} ({psutil.Process(one.pid).name()})"
            return f"pid {one.pid}"
    return None


def _hottest_c() -> float | None:
    # Absent in containers and on some boards.
    read = getattr(psutil, "sensors_temperatures", None)
    sensors = read() if read is not None else {}
    values = [one.current for group in sensors.values() for one in group if one.current]
    return max(values, default=None)

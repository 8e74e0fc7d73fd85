"""The machine itself: processor, memory, temperatures, processes; the only importer of psutil."""

import contextlib
import time
from pathlib import Path

import psutil

from solard.core.host import HostState

LOOPBACK = "lo"


class HostReader:
    """Looks at the machine; rates are over the time since its last look."""

    def __init__(self, disk: Path) -> None:
        """Watch the file system that holds `disk`."""
        self._disk = disk
        self._looked_s: float | None = None
        self._counted = (0, 0)
        self._cpu: tuple[float, float] | None = None

    def read(self) -> HostState:
        """Return the machine as it is now; takes a few milliseconds."""
        memory = psutil.virtual_memory()
        cpu_share = self._cpu_share()
        disk = _disk_use(self._disk)
        received, sent = self._network()
        return HostState(
            cpu_share=cpu_share,
            memory_used_bytes=memory.total - memory.available,
            memory_total_bytes=memory.total,
            disk_used_bytes=None if disk is None else disk[0],
            disk_total_bytes=None if disk is None else disk[1],
            temperature_c=_hottest_c(),
            received_bytes_per_s=received,
            sent_bytes_per_s=sent,
        )

    def _cpu_share(self) -> float | None:
        """Return the share of all cores since the last look, from any thread.

        psutil's own percentage remembers the last look of each thread apart.
        """
        times = psutil.cpu_times()
        idle_s = times.idle + getattr(times, "iowait", 0.0)
        total_s = sum(times[:8])  # guest time, after these, is in user time too (proc_stat(5))
        before, self._cpu = self._cpu, (total_s, idle_s)
        if before is None or total_s <= before[0]:
            return None
        busy_s = (total_s - before[0]) - (idle_s - before[1])
        return float(min(1.0, max(0.0, busy_s / (total_s - before[0]))))

    def _network(self) -> tuple[float | None, float | None]:
        """Return bytes a second in and out; counters that fell have begun anew."""
        now_s = time.monotonic()
        found = psutil.net_io_counters(pernic=True) or {}
        counted = (
            sum(one.bytes_recv for name, one in found.items() if name != LOOPBACK),
            sum(one.bytes_sent for name, one in found.items() if name != LOOPBACK),
        )
        before, since_s = self._counted, self._looked_s
        self._counted, self._looked_s = counted, now_s
        if since_s is None or now_s <= since_s:
            return None, None
        grown = (counted[0] - before[0], counted[1] - before[1])
        rates = [max(0, each) / (now_s - since_s) for each in grown]
        return rates[0], rates[1]


def _disk_use(path: Path) -> tuple[int, int] | None:
    try:
        use = psutil.disk_usage(str(path))
    except OSError:
        return None
    return int(use.used), int(use.total)


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

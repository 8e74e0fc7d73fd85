"""The machine itself: what its processor, memory, disk, sensors and network do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """The machine at one moment; None where it does not say."""

    cpu_share: float | None
    """Share of all cores used since the last look, 0..1; None at the first."""
    memory_used_bytes: int
    memory_total_bytes: int
    disk_used_bytes: int | None
    """Of the file system that holds solard's state."""
    disk_total_bytes: int | None
    temperature_c: float | None
    """The hottest sensor that is no GPU."""
    received_bytes_per_s: float | None
    """Over all network interfaces but loopback, since the last look."""
    sent_bytes_per_s: float | None

    @property
    def memory_share(self) -> float:
        """Return the share of memory in use, 0..1."""
        return self.memory_used_bytes / self.memory_total_bytes

    @property
    def disk_share(self) -> float | None:
        """Return the share of the disk in use, 0..1."""
        if self.disk_used_bytes is None or not self.disk_total_bytes:
            return None
        return self.disk_used_bytes / self.disk_total_bytes

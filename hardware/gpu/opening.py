"""Which cards this machine has: a file's, or those of its drivers."""

from pathlib import Path

from hardware.gpu.backend import BackendMissing, GpuBackend, NoCards
from hardware.gpu.lane import in_thread
from solard.system.clock import clock_from_environment

OPEN_DEADLINE_S = 10.0
"""A driver that hangs while it is opened must not keep the keeper from answering."""


def open_backend(simulated: Path | None) -> GpuBackend:
    """Return the cards of a file or of the driver, or none and the reason."""
    if simulated is not None:
        from hardware.gpu.simulated import SimulatedBackend

        return SimulatedBackend(simulated, clock_from_environment())
    opening = in_thread(_open_drivers, "open")
    try:
        return opening.result(OPEN_DEADLINE_S)
    except TimeoutError:
        return NoCards(
            note=f"the GPU driver does not answer for {OPEN_DEADLINE_S:.0f} s: monitor mode, "
            "no limits are set; see `dmesg`, reboot"
        )


def _open_drivers() -> GpuBackend:
    """Return the cards of every driver that is there; without any, the first one's reason."""
    found: list[GpuBackend] = []
    reason: str | None = None
    for opened in (_nvidia, _sysfs, _jetson):
        try:
            found.append(opened())
        except BackendMissing as err:
            reason = reason or str(err)
    if not found:
        return NoCards(note=reason)
    if len(found) == 1:
        return found[0]
    from hardware.gpu.together import Together

    return Together(tuple(found))


def _nvidia() -> GpuBackend:
    from hardware.gpu.nvml import open_nvml  # pynvml takes 6 MB: only where it is used

    return open_nvml()


def _sysfs() -> GpuBackend:
    from hardware.gpu.sysfs import open_sysfs

    return open_sysfs()


def _jetson() -> GpuBackend:
    from hardware.gpu.jetson import open_jetson

    return open_jetson()

"""NVIDIA cards through NVML: the only file that imports pynvml, and the only one in milliwatts."""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pynvml

from hardware.gpu.backend import (
    BackendMissing,
    CardError,
    CardFacts,
    CardLost,
    CardRefuses,
    ClockRange,
    Envelope,
    Limits,
    ParkedCards,
    Telemetry,
)
from hardware.gpu.lane import in_thread

LIBRARY_VARIABLE = "SOLARD_NVML_LIBRARY"
"""Path of the library to use instead of the system's libnvidia-ml.so.1."""

PARKED_SHARE = 0.06
"""Assumed draw of a parked card, of its default limit: 21 W of 350, as measured on 3090s at P8."""

LOWEST_MHZ = 210.0
"""Idle clock of the cores, Volta to Blackwell; a driver takes it as "as low as it goes"."""
MEET_DEADLINE_S = 3.0
"""How long a card may take to say who it is before the others are kept without it."""

_MILLI = 1000.0
_MODULE = Path("/sys/module/nvidia")
_CAP_SYS_ADMIN = 21

_MONITOR = "monitor mode, no limits are set"

_MISSING = {
    pynvml.NVML_ERROR_LIBRARY_NOT_FOUND: (
        f"no NVIDIA driver on this machine (libnvidia-ml.so.1 not found): {_MONITOR}; "
        "install the driver or run the demo"
    ),
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: (
        f"the NVIDIA driver is installed but not loaded: {_MONITOR}; "
        "run `modprobe nvidia`, or reboot after an upgrade"
    ),
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: (
        f"the NVIDIA driver was upgraded while the old one is still loaded: {_MONITOR}; reboot"
    ),
    pynvml.NVML_ERROR_NO_PERMISSION: (
        f"no permission to open the NVIDIA driver: {_MONITOR}; "
        "start the keeper as root or through solard-gpu.service"
    ),
    pynvml.NVML_ERROR_FUNCTION_NOT_FOUND: (
        f"the NVIDIA driver is too old (before 375): {_MONITOR}; upgrade it"
    ),
}

_LOST = {
    pynvml.NVML_ERROR_UNINITIALIZED: "the driver has let go of it; restart the keeper",
    pynvml.NVML_ERROR_NOT_FOUND: "the driver does not know it any more; see `nvidia-smi -L`",
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "the driver was unloaded; run `modprobe nvidia`",
    pynvml.NVML_ERROR_TIMEOUT: "the driver did not answer in time; see `dmesg`",
    pynvml.NVML_ERROR_GPU_IS_LOST: (
        "it has fallen off the bus; look for Xid in `dmesg`, check its power cables, reboot"
    ),
    pynvml.NVML_ERROR_RESET_REQUIRED: "it needs a reset; run `nvidia-smi -r` or reboot",
    pynvml.NVML_ERROR_GPU_NOT_FOUND: "the driver sees no such card; see `lspci`",
    pynvml.NVML_ERROR_UNKNOWN: "the driver reports an unknown error; see `dmesg`",
}

_REFUSED = {
    pynvml.NVML_ERROR_INVALID_ARGUMENT: "the driver rejects the value",
    pynvml.NVML_ERROR_NOT_SUPPORTED: (
        "it takes no power limit, as many laptop cards; stop its work instead"
    ),
    pynvml.NVML_ERROR_NO_PERMISSION: (
        "no permission to set limits; start the keeper as root or through solard-gpu.service"
    ),
    pynvml.NVML_ERROR_FUNCTION_NOT_FOUND: "this driver is too old for the call; upgrade it",
}

_ABSENT = (pynvml.NVML_ERROR_FUNCTION_NOT_FOUND, pynvml.NVML_ERROR_NOT_SUPPORTED)

T = TypeVar("T")


def open_nvml() -> "NvmlBackend":
    """Return the machine's NVIDIA cards; raise BackendMissing with one line that helps."""
    _load_library()
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as err:
        text = f"NVML does not start ({err}): {_MONITOR}; see `nvidia-smi`"
        raise BackendMissing(_MISSING.get(err.value, text)) from err
    backend = NvmlBackend()
    if not backend.cards() and backend.note is None:
        backend.close()
        raise BackendMissing(
            f"the NVIDIA driver runs but sees no GPU: {_MONITOR}; check `lspci` and the cables"
        )
    return backend


class NvmlBackend:
    """The cards that the driver lists. Threads may share it; NVML locks for itself."""

    kind = "nvml"

    def __init__(self) -> None:
        self._handles: dict[str, Any] = {}
        self._parked = ParkedCards()
        self._meetings: dict[int, Future[tuple[CardFacts, Any]]] = {}
        self._facts: tuple[CardFacts, ...] = ()
        self._trouble: str | None = None
        self._may_write = _may_set_limits()
        self.rescan()

    @property
    def note(self) -> str | None:
        """Return one line on a card or a permission that is missing, or None."""
        if self._trouble is not None or not self._facts or self._may_write:
            return self._trouble
        return (
            f"no permission to set GPU limits (CAP_SYS_ADMIN is missing): {_MONITOR}; "
            "start the keeper as root or through solard-gpu.service"
        )

    def driver_start(self) -> str:
        """Return the driver's version and the identity of its loaded module.

        sysfs gives a module another inode number each time it is loaded.
        """
        version = _optional(pynvml.nvmlSystemGetDriverVersion)
        inode = _MODULE.stat().st_ino if _MODULE.exists() else 0
        return f"{version}/{inode}"

    def cards(self) -> tuple[CardFacts, ...]:
        """Return the cards that have answered so far."""
        return self._facts

    def rescan(self) -> tuple[CardFacts, ...]:
        """Meet the cards that are not known yet, each in a thread of its own.

        A card that hangs is met later: its thread goes on waiting. One that is lost is asked anew.
        """
        known = {facts.index for facts in self._facts}
        for index in range(self._count()):
            meeting = self._meetings.get(index)
            failed = meeting is not None and meeting.done() and meeting.exception() is not None
            if index not in known and (meeting is None or failed):
                self._meetings[index] = in_thread(partial(_meet, index), f"meet-{index}")
        wait(self._meetings.values(), timeout=MEET_DEADLINE_S)
        found = tuple(self._harvest())
        self._facts = tuple(sorted((*self._facts, *found), key=lambda facts: facts.index))
        return found

    def envelope(self, gpu_id: str) -> Envelope:
        """Return the range and the default that the driver states now."""
        return _envelope(gpu_id, self._handle(gpu_id))

    def limits(self, gpu_id: str) -> Limits:
        """Return the requested limit, and the one in force after every other limiter."""
        handle = self._handle(gpu_id)
        limit_mw = _call(gpu_id, pynvml.nvmlDeviceGetPowerManagementLimit, handle)
        enforced_mw = _optional(pynvml.nvmlDeviceGetEnforcedPowerLimit, handle)
        return Limits(
            limit_w=limit_mw / _MILLI,
            enforced_w=None if enforced_mw is None else enforced_mw / _MILLI,
            parked=gpu_id in self._parked,
        )

    def write_limit(self, gpu_id: str, limit_w: float) -> None:
        """Tell the driver a limit; it needs CAP_SYS_ADMIN."""
        handle, limit_mw = self._handle(gpu_id), round(limit_w * _MILLI)
        _call(gpu_id, pynvml.nvmlDeviceSetPowerManagementLimit, handle, limit_mw)

    def park(self, gpu_id: str, *, parked: bool) -> None:
        """Remember that the card is parked: its workload unloads the model."""
        self._parked.mark(gpu_id, parked=parked)

    def lock_clocks(self, gpu_id: str, max_mhz: float | None) -> None:
        """Hold the cores at or below a clock; drivers have no way to ask for it back."""
        handle = self._handle(gpu_id)
        if max_mhz is None:
            _call(gpu_id, pynvml.nvmlDeviceResetGpuLockedClocks, handle)
        else:
            top_mhz = round(max_mhz)
            low_mhz = min(round(LOWEST_MHZ), top_mhz)
            _call(gpu_id, pynvml.nvmlDeviceSetGpuLockedClocks, handle, low_mhz, top_mhz)

    def persistence(self, gpu_id: str) -> bool | None:
        """Return whether the driver stays loaded for the card without clients."""
        mode = _optional(pynvml.nvmlDeviceGetPersistenceMode, self._handle(gpu_id))
        return None if mode is None else bool(mode)

    def write_persistence(self, gpu_id: str, *, on: bool) -> None:
        """Keep the card initialised: without it a limit dies with its last client."""
        _call(gpu_id, pynvml.nvmlDeviceSetPersistenceMode, self._handle(gpu_id), int(on))

    def telemetry(self, gpu_id: str) -> Telemetry:
        """Return draw, temperature and use; on Ampere and later the draw is a 1 s mean."""
        handle = self._handle(gpu_id)
        power_mw = _quiet(pynvml.nvmlDeviceGetPowerUsage, handle)
        rates = _quiet(pynvml.nvmlDeviceGetUtilizationRates, handle)
        energy_mj = _quiet(pynvml.nvmlDeviceGetTotalEnergyConsumption, handle)
        return Telemetry(
            power_w=None if power_mw is None else power_mw / _MILLI,
            temperature_c=_temperature_c(handle),
            utilization=None if rates is None else rates.gpu / 100.0,
            energy_j=None if energy_mj is None else energy_mj / _MILLI,
            processes=_process_count(handle),
        )

    def close(self) -> None:
        """Let go of the driver."""
        _optional(pynvml.nvmlShutdown)

    def _handle(self, gpu_id: str) -> Any:
        handle = self._handles.get(gpu_id)
        if handle is None:
            raise CardLost(f"{gpu_id}: no such card; see `solard gpu list`")
        return handle

    def _count(self) -> int:
        """Return how many cards the driver lists; one that has let go of us is opened again."""
        count = _quiet(pynvml.nvmlDeviceGetCount)
        if count is not None:
            return int(count)
        _quiet(pynvml.nvmlInit)
        for gpu_id, old in list(self._handles.items()):
            self._handles[gpu_id] = _quiet(pynvml.nvmlDeviceGetHandleByUUID, gpu_id) or old
        return int(_quiet(pynvml.nvmlDeviceGetCount) or 0)

    def _harvest(self) -> list[CardFacts]:
        """Return who has answered since the last time, and note who has not."""
        self._trouble, found = None, []
        for index, meeting in sorted(self._meetings.items()):
            if not meeting.done():
                self._trouble = f"GPU {index} does not answer; see `dmesg`"
            elif (error := meeting.exception()) is not None:
                self._trouble = f"GPU {index} cannot be used: {error}"
            elif all(facts.index != index for facts in self._facts):
                facts, handle = meeting.result()
                self._handles[facts.gpu_id] = handle
                found.append(facts)
        return found


def _meet(index: int) -> tuple[CardFacts, Any]:
    """Return who the card is and the driver's handle on it."""
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    gpu_id = str(pynvml.nvmlDeviceGetUUID(handle))
    default_mw = _optional(pynvml.nvmlDeviceGetPowerManagementDefaultLimit, handle)
    try:
        envelope = _envelope(gpu_id, handle)
    except CardRefuses:
        envelope = None
    facts = CardFacts(
        gpu_id=gpu_id,
        index=index,
        name=str(_optional(pynvml.nvmlDeviceGetName, handle) or "NVIDIA GPU"),
        envelope=envelope,
        parked_w=PARKED_SHARE * (default_mw or 0) / _MILLI,
        default_w=None if default_mw is None else default_mw / _MILLI,
        clocks=_clocks(handle),
    )
    return facts, handle


def _envelope(gpu_id: str, handle: Any) -> Envelope:
    low, high = _call(gpu_id, pynvml.nvmlDeviceGetPowerManagementLimitConstraints, handle)
    default = _optional(pynvml.nvmlDeviceGetPowerManagementDefaultLimit, handle) or high
    return Envelope(min_w=low / _MILLI, default_w=default / _MILLI, max_w=high / _MILLI)


def _clocks(handle: Any) -> ClockRange | None:
    """Return the range of the core clock; whether it can be locked shows at the first lock."""
    top_mhz = _optional(pynvml.nvmlDeviceGetMaxClockInfo, handle, pynvml.NVML_CLOCK_SM)
    if not top_mhz or top_mhz <= LOWEST_MHZ:
        return None
    return ClockRange(min_mhz=LOWEST_MHZ, max_mhz=float(top_mhz))


def _load_library() -> None:
    path = os.environ.get(LIBRARY_VARIABLE)
    if not path:
        return
    try:
        # By name pynvml would find the system's own, or none where this one bears no SONAME.
        pynvml.nvmlLib = ctypes.CDLL(path)
    except OSError as err:
        raise BackendMissing(
            f"{LIBRARY_VARIABLE}={path} cannot be loaded ({err}): {_MONITOR}; "
            "name an existing libnvidia-ml.so.1, or unset it"
        ) from err


def _call(gpu_id: str, function: Callable[..., T], *arguments: Any) -> T:
    try:
        return function(*arguments)
    except pynvml.NVMLError as err:
        raise _card_error(gpu_id, err) from err


def _card_error(gpu_id: str, err: Any) -> CardError:
    refused = _REFUSED.get(err.value)
    if refused is not None:
        return CardRefuses(f"{gpu_id}: {refused}")
    return CardLost(f"{gpu_id}: {_LOST.get(err.value, f'{err}; see `nvidia-smi`')}")


def _optional(function: Callable[..., T], *arguments: Any) -> T | None:
    """Return what a call says, or None where this driver or card has no such thing."""
    try:
        return function(*arguments)
    except pynvml.NVMLError as err:
        if err.value in _ABSENT:
            return None
        raise _card_error("NVML", err) from err


def _quiet(function: Callable[..., T], *arguments: Any) -> T | None:
    """Return what a call says, or None where it fails: one sensor less is no lost card."""
    try:
        return function(*arguments)
    except pynvml.NVMLError:
        return None


def _temperature_c(handle: Any) -> float | None:
    sensor = pynvml.NVML_TEMPERATURE_GPU
    # The second call leaves with CUDA 14; drivers before 13 have only that one.
    for call in (pynvml.nvmlDeviceGetTemperatureV, pynvml.nvmlDeviceGetTemperature):
        value = _quiet(call, handle, sensor)
        if value is not None:
            return float(value)
    return None


def _process_count(handle: Any) -> int | None:
    # Drivers before 510 have only the second call.
    for call in (
        pynvml.nvmlDeviceGetComputeRunningProcesses_v3,
        pynvml.nvmlDeviceGetComputeRunningProcesses_v2,
    ):
        programs = _quiet(call, handle)
        if programs is not None:
            return len(programs)
    return None


def _may_set_limits() -> bool:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    effective = next((line for line in status.splitlines() if line.startswith("CapEff:")), None)
    if effective is None:
        return os.geteuid() == 0
    return bool(int(effective.split()[1], 16) >> _CAP_SYS_ADMIN & 1)

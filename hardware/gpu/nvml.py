"""NVIDIA cards through NVML: the only file that imports pynvml, and the only one in milliwatts."""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pynvml

from hardware.gpu.backend import (
    BackendMissing,
    CardError,
    CardFacts,
    CardLost,
    CardRefuses,
    Envelope,
    Limits,
    Telemetry,
)

LIBRARY_VARIABLE = "SOLARD_NVML_LIBRARY"
"""Path of the library to use instead of the system's libnvidia-ml.so.1."""

PARKED_SHARE = 0.06
"""Assumed draw of a parked card, of its default limit: 21 W of 350, as measured on 3090s at P8."""

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
    if not backend.cards():
        backend.close()
        raise BackendMissing(
            backend.note
            or f"the NVIDIA driver runs but sees no GPU: {_MONITOR}; check `lspci` and the cables"
        )
    return backend


class NvmlBackend:
    """The cards that the driver lists. Threads may share it; NVML locks for itself."""

    kind = "nvml"

    def __init__(self) -> None:
        self._handles: dict[str, Any] = {}
        self._parked: set[str] = set()
        self.note: str | None = None
        self._facts = self._enumerate()
        if self.note is None and self._facts and not _may_set_limits():
            self.note = (
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
        """Return the cards found when the backend was opened."""
        return self._facts

    def envelope(self, gpu_id: str) -> Envelope:
        """Return the range and the default that the driver states now."""
        handle = self._handle(gpu_id)
        low, high = _call(gpu_id, pynvml.nvmlDeviceGetPowerManagementLimitConstraints, handle)
        default = _call(gpu_id, pynvml.nvmlDeviceGetPowerManagementDefaultLimit, handle)
        return Envelope(min_w=low / _MILLI, default_w=default / _MILLI, max_w=high / _MILLI)

    def limits(self, gpu_id: str) -> Limits:
        """Return the requested limit, and the one in force after every other limiter."""
        handle = self._handle(gpu_id)
        limit_mw = _call(gpu_id, pynvml.nvmlDeviceGetPowerManagementLimit, handle)
        enforced_mw = _optional(pynvml.nvmlDeviceGetEnforcedPowerLimit, handle)
        return Limits(
            limit_w=limit_mw / _MILLI,
            enforced_w=(limit_mw if enforced_mw is None else enforced_mw) / _MILLI,
            parked=gpu_id in self._parked,
        )

    def write_limit(self, gpu_id: str, limit_w: float) -> None:
        """Tell the driver a limit; it needs CAP_SYS_ADMIN."""
        handle, limit_mw = self._handle(gpu_id), round(limit_w * _MILLI)
        _call(gpu_id, pynvml.nvmlDeviceSetPowerManagementLimit, handle, limit_mw)

    def park(self, gpu_id: str, *, parked: bool) -> None:
        """Remember that the card is parked: its workload unloads the model."""
        if parked:
            self._parked.add(gpu_id)
        else:
            self._parked.discard(gpu_id)

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
        power_mw = _optional(pynvml.nvmlDeviceGetPowerUsage, handle)
        rates = _optional(pynvml.nvmlDeviceGetUtilizationRates, handle)
        return Telemetry(
            power_w=None if power_mw is None else power_mw / _MILLI,
            temperature_c=_temperature_c(handle),
            utilization=None if rates is None else rates.gpu / 100.0,
        )

    def close(self) -> None:
        """Let go of the driver."""
        _optional(pynvml.nvmlShutdown)

    def _handle(self, gpu_id: str) -> Any:
        handle = self._handles.get(gpu_id)
        if handle is None:
            raise CardLost(f"{gpu_id}: no such card; see `solard gpu list`")
        return handle

    def _enumerate(self) -> tuple[CardFacts, ...]:
        facts = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            try:
                facts.append(self._facts_of(index))
            except (pynvml.NVMLError, CardError) as err:
                self.note = f"GPU {index} cannot be used: {err}"
        return tuple(facts)

    def _facts_of(self, index: int) -> CardFacts:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        gpu_id = str(pynvml.nvmlDeviceGetUUID(handle))
        self._handles[gpu_id] = handle
        try:
            envelope = self.envelope(gpu_id)
        except CardRefuses:
            envelope = None
        default_mw = _optional(pynvml.nvmlDeviceGetPowerManagementDefaultLimit, handle) or 0
        return CardFacts(
            gpu_id=gpu_id,
            index=index,
            name=str(pynvml.nvmlDeviceGetName(handle)),
            envelope=envelope,
            parked_w=PARKED_SHARE * default_mw / _MILLI,
        )


def _load_library() -> None:
    path = os.environ.get(LIBRARY_VARIABLE)
    if not path:
        return
    try:
        # pynvml opens libnvidia-ml.so.1 by name; the loader then finds this one by its SONAME.
        ctypes.CDLL(path)
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


def _temperature_c(handle: Any) -> float | None:
    sensor = pynvml.NVML_TEMPERATURE_GPU
    # The second call leaves with CUDA 14; drivers before 13 have only that one.
    for call in (pynvml.nvmlDeviceGetTemperatureV, pynvml.nvmlDeviceGetTemperature):
        value = _optional(call, handle, sensor)
        if value is not None:
            return float(value)
    return None


def _may_set_limits() -> bool:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    effective = next((line for line in status.splitlines() if line.startswith("CapEff:")), None)
    if effective is None:
        return os.geteuid() == 0
    return bool(int(effective.split()[1], 16) >> _CAP_SYS_ADMIN & 1)

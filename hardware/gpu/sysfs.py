"""AMD and Intel cards through the kernel's hwmon files: microwatts in text, no library."""

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hardware.gpu.backend import (
    BackendMissing,
    CardFacts,
    CardLost,
    CardRefuses,
    Envelope,
    Limits,
    ParkedCards,
    Telemetry,
)
from hardware.gpu.files import number_of, text_of

ROOT_VARIABLE = "SOLARD_SYSFS"
"""Where to find sysfs instead of /sys."""
STEP_W = 20.0
"""AMD: one driver dropped its limit and spiked to 420 W when it was set far too low under load."""
STEP_PAUSE_S = 0.03
UNSTATED_FLOOR = 0.5
"""Of the default, where an older amdgpu states a lowest limit of 0 or none."""
INTEL_FLOOR = 0.4
"""Of the rated power: these drivers state no lowest limit, and 0 switches the limit off."""
PARKED_SHARE = 0.06
"""Assumed draw of a parked card, of its default limit."""
OLDEST_ENERGY_S = 10.0
_HOW_TO_WRITE = "start the keeper as root; under systemd, `sudo solard install` again lets it"
_MICRO = 1e6
_VENDORS = {"amdgpu": "AMD", "xe": "Intel", "i915": "Intel"}

WriteText = Callable[[Path, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class HwmonFiles:
    """Where one card says and takes its power."""

    vendor: str
    driver: str
    device: Path
    hwmon: Path
    cap: Path
    """The limit, in microwatts."""


@dataclass(slots=True)
class SysfsBackend:
    """The AMD and Intel cards of this machine; a file each, so threads may share it."""

    root: Path
    write_text: WriteText = field(default=lambda path, text: _write(path, text))
    kind: str = "sysfs"
    note: str | None = None
    _files: dict[str, HwmonFiles] = field(default_factory=dict)
    _facts: tuple[CardFacts, ...] = ()
    _parked: ParkedCards = field(default_factory=ParkedCards)
    _energy: dict[str, tuple[float, float]] = field(default_factory=dict)

    def driver_start(self) -> str:
        """Return the identity of each loaded module: sysfs numbers it anew when it is loaded."""
        drivers = sorted({files.driver for files in self._files.values()})
        modules = [(name, self.root / "module" / name) for name in drivers]
        return ",".join(f"{n}/{p.stat().st_ino if p.exists() else 0}" for n, p in modules)

    def cards(self) -> tuple[CardFacts, ...]:
        """Return the cards that have been found so far."""
        return self._facts

    def rescan(self) -> tuple[CardFacts, ...]:
        """Look for cards; return those that are new."""
        new: list[CardFacts] = []
        for files in _find(self.root):
            gpu_id = _identity(files)
            if gpu_id not in self._files:
                self._files[gpu_id] = files
                new.append(self._meet(gpu_id, files, len(self._facts) + len(new)))
        self._facts = (*self._facts, *new)
        return tuple(new)

    def envelope(self, gpu_id: str) -> Envelope:
        """Return the range that the driver states now, or a floor of ours where it states none."""
        files = self._of(gpu_id)
        default_w = self._default_w(files)
        low_w = _watts(files.hwmon / "power1_cap_min")
        high_w = _watts(files.hwmon / "power1_cap_max") or default_w
        if files.vendor == "Intel":
            return Envelope(min_w=INTEL_FLOOR * default_w, default_w=default_w, max_w=default_w)
        floor_w = low_w or UNSTATED_FLOOR * default_w
        return Envelope(min_w=floor_w, default_w=default_w, max_w=high_w)

    def limits(self, gpu_id: str) -> Limits:
        """Return the limit; on Intel 0 means that none is in force."""
        files = self._of(gpu_id)
        limit_w = _watts(files.cap)
        if limit_w is None:
            raise CardLost(f"{gpu_id}: {files.cap} is gone; see `dmesg`")
        limit_w = limit_w or self._default_w(files)
        return Limits(limit_w=limit_w, enforced_w=limit_w, parked=gpu_id in self._parked)

    def write_limit(self, gpu_id: str, limit_w: float) -> None:
        """Tell the driver a limit, never 0; AMD cards go down in steps."""
        files = self._of(gpu_id)
        if limit_w <= 0.0:
            raise CardRefuses(f"{gpu_id}: a limit of {limit_w:g} W would switch the limit off")
        for step_w in self._steps(files, limit_w):
            self._tell(gpu_id, files, step_w)

    def park(self, gpu_id: str, *, parked: bool) -> None:
        """Remember that the card is parked: its workload unloads the model."""
        self._parked.mark(gpu_id, parked=parked)

    def lock_clocks(self, gpu_id: str, max_mhz: float | None) -> None:
        """Refuse: these drivers lock clocks in ways of their own."""
        raise CardRefuses(f"{gpu_id}: clocks are not locked here ({max_mhz} MHz asked)")

    def persistence(self, gpu_id: str) -> bool | None:  # noqa: ARG002
        """Return None: the kernel keeps the limit by itself."""
        return None

    def write_persistence(self, gpu_id: str, *, on: bool) -> None:
        """Do nothing: the kernel keeps the limit by itself."""

    def telemetry(self, gpu_id: str) -> Telemetry:
        """Return draw, temperature and use, as far as the driver says them."""
        files = self._of(gpu_id)
        energy_j = number_of(files.hwmon / "energy1_input")
        measured_w = _watts(files.hwmon / "power1_average") or _watts(files.hwmon / "power1_input")
        temperature = number_of(files.hwmon / "temp1_input") or number_of(
            files.hwmon / "temp2_input"
        )
        busy = number_of(files.device / "gpu_busy_percent")
        energy = None if energy_j is None else energy_j / _MICRO
        return Telemetry(
            power_w=self._from_energy(gpu_id, energy) if measured_w is None else measured_w,
            temperature_c=None if temperature is None else temperature / 1000.0,
            utilization=None if busy is None else busy / 100.0,
            energy_j=energy,
        )

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _meet(self, gpu_id: str, files: HwmonFiles, index: int) -> CardFacts:
        default_w = self._default_w(files)
        can_write = os.access(files.cap, os.W_OK)
        if not can_write:
            self.note = f"{gpu_id}: {files.cap} cannot be written: monitor mode; {_HOW_TO_WRITE}"
        return CardFacts(
            gpu_id=gpu_id,
            index=index,
            name=_name(files),
            envelope=self.envelope(gpu_id),
            parked_w=PARKED_SHARE * default_w,
            default_w=default_w,
        )

    def _of(self, gpu_id: str) -> HwmonFiles:
        files = self._files.get(gpu_id)
        if files is None:
            raise CardLost(f"{gpu_id}: no such card; see `solard gpu list`")
        return files

    def _default_w(self, files: HwmonFiles) -> float:
        names = ("power1_cap_default", "power1_rated_max", "power2_rated_max", "power1_cap_max")
        found = (watts for name in names if (watts := _watts(files.hwmon / name)))
        default_w = next(found, None) or _watts(files.cap)
        if not default_w:
            raise CardLost(f"{files.device}: it states no power limit; see `dmesg`")
        return default_w

    def _steps(self, files: HwmonFiles, limit_w: float) -> list[float]:
        """Return the limits to write, one after the other."""
        now_w = _watts(files.cap) or limit_w
        if files.vendor != "AMD" or now_w - limit_w <= STEP_W:
            return [limit_w]
        count = int((now_w - limit_w) // STEP_W)
        steps = [now_w - STEP_W * number for number in range(1, count + 1)]
        return [step_w for step_w in steps if step_w - limit_w >= 1.0] + [limit_w]

    def _tell(self, gpu_id: str, files: HwmonFiles, limit_w: float) -> None:
        try:
            self.write_text(files.cap, str(round(limit_w * _MICRO)))
        except OSError as err:
            if err.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
                raise CardRefuses(
                    f"{gpu_id}: no permission to write {files.cap}; {_HOW_TO_WRITE}"
                ) from err
            if err.errno in {errno.ENOENT, errno.ENODEV}:
                raise CardLost(f"{gpu_id}: {files.cap} is gone; see `dmesg`") from err
            raise CardRefuses(
                f"{gpu_id}: the driver rejects {limit_w:g} W: {err.strerror}"
            ) from err
        time.sleep(STEP_PAUSE_S if files.vendor == "AMD" else 0.0)

    def _from_energy(self, gpu_id: str, energy_j: float | None) -> float | None:
        """Return the mean draw since the last look, for drivers that only count energy."""
        now_s, before = time.monotonic(), self._energy.get(gpu_id)
        if energy_j is None:
            return None
        self._energy[gpu_id] = (energy_j, now_s)
        if before is None or not 0.0 < now_s - before[1] <= OLDEST_ENERGY_S:
            return None
        used_j = energy_j - before[0]
        return used_j / (now_s - before[1]) if used_j >= 0.0 else None


def open_sysfs(root: Path | None = None) -> SysfsBackend:
    """Return the AMD and Intel cards of this machine; raise BackendMissing where there are none."""
    place = root or Path(os.environ.get(ROOT_VARIABLE) or "/sys")
    backend = SysfsBackend(place)
    if not backend.rescan():
        raise BackendMissing(f"no AMD or Intel card with a power limit below {place}/class/drm")
    return backend


def _find(root: Path) -> list[HwmonFiles]:
    found = []
    for hwmon in sorted((root / "class" / "drm").glob("card*/device/hwmon/hwmon*")):
        driver = text_of(hwmon / "name")
        vendor = _VENDORS.get(driver or "")
        # B580: power1_cap with kernel 6.14; power1_max before and after.
        caps = [hwmon / name for name in ("power1_max", "power1_cap") if (hwmon / name).exists()]
        if vendor == "AMD":
            caps = [cap for cap in caps if cap.name == "power1_cap"]
        if vendor is not None and driver is not None and caps:
            device = hwmon.parents[1]
            found.append(
                HwmonFiles(vendor=vendor, driver=driver, device=device, hwmon=hwmon, cap=caps[0])
            )
    return found


def _identity(files: HwmonFiles) -> str:
    """Return a name that stays with the card: its serial, or where it is plugged in."""
    serial = text_of(files.device / "unique_id")
    return f"{files.vendor}-{serial or _uevent(files.device).get('PCI_SLOT_NAME', 'unknown')}"


def _name(files: HwmonFiles) -> str:
    product = text_of(files.device / "product_name")
    return product or f"{files.vendor} {_uevent(files.device).get('PCI_ID', 'GPU')}"


def _uevent(device: Path) -> dict[str, str]:
    lines = (text_of(device / "uevent") or "").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _watts(path: Path) -> float | None:
    value = number_of(path)
    return None if value is None else value / _MICRO


def _write(path: Path, text: str) -> None:
    with path.open("r+", encoding="ascii") as file:  # never makes a file that is not there
        file.write(text)
        file.truncate()

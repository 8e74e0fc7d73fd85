"""Jetson modules: no power limit, only the discrete modes of nvpmodel.

A mode's name ("30W") is the sum of its clock caps, not a promise: what the module draws is read
from its input sensor. Some changes need a reboot; those are refused.
"""

import re
import shutil
import subprocess
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

CONF = Path("/etc/nvpmodel.conf")
COMMAND_S = 10.0
MAXN_SHARE = 1.25
"""Of the highest mode with a name in watts: MAXN has no budget of its own."""
PARKED_SHARE = 0.3
"""Assumed draw of an idle module, of its highest mode: 4 to 8 W on Orin."""
_MODEL = re.compile(r"^<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+)\s*>", re.MULTILINE)
_QUERY = re.compile(r"^\s*(\d+)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerMode:
    """One line of nvpmodel.conf."""

    mode_id: int
    name: str
    power_w: float


@dataclass(slots=True)
class JetsonBackend:
    """The one module of this machine."""

    modes: tuple[PowerMode, ...]
    """In order of power."""
    program: str
    sys: Path
    kind: str = "jetson"
    note: str | None = None
    _parked: ParkedCards = field(default_factory=ParkedCards)

    def driver_start(self) -> str:
        """Return the modes: another set of them is another driver."""
        return "/".join(f"{mode.mode_id}:{mode.name}" for mode in self.modes)

    def cards(self) -> tuple[CardFacts, ...]:
        """Return the module."""
        envelope = self.envelope("")
        return (
            CardFacts(
                gpu_id=self._gpu_id(),
                index=0,
                name=text_of(self.sys / "firmware/devicetree/base/model") or "Jetson",
                envelope=envelope,
                parked_w=PARKED_SHARE * envelope.max_w,
                default_w=envelope.default_w,
            ),
        )

    def rescan(self) -> tuple[CardFacts, ...]:
        """Return no module: there is only one."""
        return ()

    def envelope(self, gpu_id: str) -> Envelope:  # noqa: ARG002
        """Return the modes as the only limits there are."""
        powers = tuple(mode.power_w for mode in self.modes)
        return Envelope(min_w=powers[0], default_w=powers[-1], max_w=powers[-1], only_w=powers)

    def limits(self, gpu_id: str) -> Limits:
        """Return the mode in force."""
        said = self._run("-q")
        found = _QUERY.findall(said)
        mode = next((m for m in self.modes if found and m.mode_id == int(found[-1])), None)
        if mode is None:
            raise CardLost(f"{gpu_id}: `nvpmodel -q` names no known mode: {said.strip()[:80]!r}")
        parked = gpu_id in self._parked
        return Limits(limit_w=mode.power_w, enforced_w=mode.power_w, parked=parked)

    def write_limit(self, gpu_id: str, limit_w: float) -> None:
        """Change to the mode of a power; raise CardRefuses where it needs a reboot."""
        mode = next((m for m in self.modes if abs(m.power_w - limit_w) < 0.5), None)
        if mode is None:
            raise CardRefuses(f"{gpu_id}: no mode of {limit_w:g} W")
        said = self._run("-m", str(mode.mode_id))
        if "reboot" in said.lower():
            raise CardRefuses(f"{gpu_id}: mode {mode.name} needs a reboot: nvpmodel -m by hand")

    def park(self, gpu_id: str, *, parked: bool) -> None:
        """Remember that the module is parked: its workload unloads the model."""
        self._parked.mark(gpu_id, parked=parked)

    def lock_clocks(self, gpu_id: str, max_mhz: float | None) -> None:
        """Refuse: the modes are the clock caps."""
        raise CardRefuses(f"{gpu_id}: its modes cap its clocks ({max_mhz} MHz asked)")

    def persistence(self, gpu_id: str) -> bool | None:  # noqa: ARG002
        """Return None: a mode outlives every program."""
        return None

    def write_persistence(self, gpu_id: str, *, on: bool) -> None:
        """Do nothing: a mode outlives every program."""

    def telemetry(self, gpu_id: str) -> Telemetry:  # noqa: ARG002
        """Return what the whole module draws: VDD_IN is the total, the other rails are parts."""
        load = number_of(self.sys / "devices/gpu.0/load")
        return Telemetry(
            power_w=self._input_w(),
            temperature_c=self._temperature_c(),
            utilization=None if load is None else load / 1000.0,
        )

    def close(self) -> None:
        """Do nothing: nothing stays open."""

    def _gpu_id(self) -> str:
        serial = text_of(self.sys / "firmware/devicetree/base/serial-number")
        return f"JETSON-{serial or 'module'}"

    def _input_w(self) -> float | None:
        for label in sorted(self.sys.glob("bus/i2c/drivers/ina3221/*/hwmon/hwmon*/in*_label")):
            if text_of(label) != "VDD_IN":
                continue
            number = label.name.removeprefix("in").removesuffix("_label")
            volts_m = number_of(label.with_name(f"in{number}_input"))
            amps_m = number_of(label.with_name(f"curr{number}_input"))
            if volts_m is not None and amps_m is not None:
                return volts_m * amps_m / 1e6
        return None

    def _temperature_c(self) -> float | None:
        for zone in sorted(self.sys.glob("class/thermal/thermal_zone*")):
            if (text_of(zone / "type") or "").lower().startswith("gpu"):
                value = number_of(zone / "temp")
                return None if value is None else value / 1000.0
        return None

    def _run(self, *arguments: str) -> str:
        try:
            ran = subprocess.run(
                [self.program, *arguments],
                input="NO\n",  # to its question whether to reboot now
                capture_output=True,
                text=True,
                timeout=COMMAND_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as err:
            raise CardLost(f"{self.program} does not answer: {err}") from err
        if ran.returncode != 0 and "reboot" not in ran.stdout.lower():
            said = (ran.stderr or ran.stdout).strip().splitlines() or ["nothing"]
            raise CardRefuses(f"`nvpmodel {' '.join(arguments)}` says: {said[-1]}")
        return ran.stdout


def open_jetson(conf: Path = CONF, sys: Path = Path("/sys")) -> JetsonBackend:
    """Return this machine's module; raise BackendMissing where it is none."""
    program, text = shutil.which("nvpmodel"), text_of(conf)
    modes = _modes(text or "")
    if program is None or not modes:
        raise BackendMissing(f"no Jetson: no nvpmodel, or no power modes in {conf}")
    return JetsonBackend(modes, program, sys)


def _modes(text: str) -> tuple[PowerMode, ...]:
    found = [(int(number), name) for number, name in _MODEL.findall(text)]
    stated = {name: float(m.group(1)) for _, name in found if (m := re.search(r"(\d+)W", name))}
    highest_w = max(stated.values(), default=0.0)
    modes = [
        PowerMode(mode_id=number, name=name, power_w=stated.get(name, MAXN_SHARE * highest_w))
        for number, name in found
    ]
    return tuple(sorted(modes, key=lambda mode: mode.power_w)) if highest_w else ()

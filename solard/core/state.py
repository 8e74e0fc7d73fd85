"""The frozen picture of the site that one tick decides on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Supply(StrEnum):
    """What feeds the house beside sun and battery."""

    GRID = "grid"
    ISLAND = "island"
    GENERATOR = "generator"
    UNKNOWN = "unknown"


class CardHealth(StrEnum):
    """Whether a card obeys its limits."""

    OK = "ok"
    DENIED = "denied"
    LOST = "lost"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryState:
    """The battery as measured; + power is discharge."""

    soc: float | None
    """State of charge, 0..1."""
    power_w: float | None
    """+ discharging, − charging."""
    voltage_v: float | None = None
    temperature_c: float | None = None
    max_charge_w: float | None = None
    """What the battery management allows now; 0 = refuses charge."""
    max_discharge_w: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuState:
    """One card as the keeper last read it."""

    gpu_id: str
    limit_w: float | None
    enforced_w: float | None
    power_w: float | None
    temperature_c: float | None
    utilization: float | None
    """0..1."""
    parked: bool
    health: CardHealth = CardHealth.OK
    work_rate: float | None = None
    """Work per hour as the card's workload reports it; unit of the workload."""
    energy_j: float | None = None
    """What it has used since the keeper first saw it; starts anew with the keeper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a single device tells that is part of no sum: a car's charging, a room's warmth."""

    device_id: str
    power_w: float | None = None
    temperature_c: float | None = None


def find_seen(seen: tuple[Seen, ...], device_id: str) -> Seen | None:
    """Return what a device tells, or None where it is silent."""
    return next((one for one in seen if one.device_id == device_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteState:
    """Everything measured that a decision may know.

    `load_w = pv_w + grid_w + battery.power_w + generator_w`; grid + is import.
    """

    taken_at: datetime
    taken_s: float
    """Monotonic site seconds; every timer counts in these."""
    utc_offset_s: int
    """Local time minus UTC at the site, for time-of-day policies and text."""
    supply: Supply
    pv_w: float | None
    load_w: float | None
    """The whole load of the site, this rig included."""
    grid_w: float | None
    generator_w: float | None
    battery: BatteryState | None
    """None when the site has no battery or nothing is known of it."""
    rig_w: float | None
    """This rig's own draw at the wall: host, cards and power-supply loss."""
    gpus: tuple[GpuState, ...] = ()
    inverter_alarm: bool | None = None
    pv_throttled: bool | None = None
    """Whether the inverter says that it holds its panels back; None when it cannot say."""
    inverter_rated_w: float | None = None
    """What all inverters together say that they can carry; None when they do not say."""
    phase_w: tuple[float, ...] = ()
    """Grid power per phase, + import; empty when unknown."""
    rig_share: float = 1.0
    """Our part of what is left over or missing; the rest is that of other rigs on this meter."""
    seen: tuple[Seen, ...] = ()
    """What single devices tell beside all sums."""
    stale: frozenset[str] = frozenset()
    """Sources too old to raise power on."""
    missing: frozenset[str] = frozenset()
    """Essential sources that say nothing any more."""
    missing_for_s: float = 0.0
    """Longest time that an essential source has been missing."""
    good_polls: int = 0
    """Complete good polls since the start of this process."""

    @property
    def house_w(self) -> float | None:
        """Return the load without this rig, never negative."""
        if self.load_w is None or self.rig_w is None:
            return None
        return max(0.0, self.load_w - self.rig_w)

    @property
    def surplus_w(self) -> float | None:
        """Return measured sun left over by the house; negative when the house needs more.

        Beside other rigs: our own draw and our share of what is left over, or missing.
        """
        house_w = self.house_w
        if self.pv_w is None or house_w is None:
            return None
        if self.rig_share < 1.0 and self.load_w is not None and self.rig_w is not None:
            return self.rig_w + self.rig_share * (self.pv_w - self.load_w)
        return self.pv_w - house_w

    @property
    def local_at(self) -> datetime:
        """Return the site's wall-clock time, for policies and text only."""
        return self.taken_at + timedelta(seconds=self.utc_offset_s)

    def gpu(self, gpu_id: str) -> GpuState | None:
        """Return the card named `gpu_id`, or None when it was not read."""
        return next((card for card in self.gpus if card.gpu_id == gpu_id), None)

"""What a device told us: named values, each with its quality."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

CONTROL = frozenset(
    {
        "pv_power",
        "grid_power",
        "battery_power",
        "battery_soc",
        "load_power",
        "generator_power",
        "supply",
        "max_charge_power",
        "max_discharge_power",
        "inverter_alarm",
        "pv_throttled",
    }
)
"""The points that decisions rest on, by name."""


class Quality(StrEnum):
    """How far a value may be trusted."""

    GOOD = "good"
    SUSPECT = "suspect"
    STALE = "stale"
    MISSING = "missing"
    ASLEEP = "asleep"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointReading:
    """One value of one device, in canonical sign and unit."""

    name: str
    """Canonical quantity, such as `grid_power`; see docs/glossary.md."""
    value: float | str | None
    """None when unknown; never 0 or NaN in its place."""
    unit: str
    """W, Wh, kWh, VA, var, V, A, Hz, °C, %, s or empty; what decisions use is in W, %, V and °C."""
    quality: Quality
    address: int | None = None
    """First word on the wire, 0-based; None for a derived value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReading:
    """One poll of one device."""

    device_id: str
    measured_at: datetime
    """When the answer arrived (site time, UTC)."""
    measured_s: float
    """The same moment in monotonic site seconds; ages are counted from it."""
    period_s: float
    """Effective poll period in site seconds: the yardstick for staleness."""
    points: tuple[PointReading, ...]
    error: str | None = None
    """A sentence for people when the poll failed; then `points` is empty."""

    def number(self, name: str) -> float | None:
        """Return the good value named `name`, or None where it is unknown."""
        for point in self.points:
            if point.name == name and point.quality is Quality.GOOD:
                return point.value if isinstance(point.value, float | int) else None
        return None

    def text(self, name: str) -> str | None:
        """Return the good text named `name`, or None where it is unknown."""
        for point in self.points:
            if point.name == name and point.quality is Quality.GOOD:
                return point.value if isinstance(point.value, str) else None
        return None

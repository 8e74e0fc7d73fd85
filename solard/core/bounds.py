"""An interval of power, and how it is narrowed."""

from dataclasses import dataclass

from solard.core.units import clamp


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerBounds:
    """The whole rig's draw may lie in `min_w..max_w` (watts at the wall, both included)."""

    min_w: float
    max_w: float

    def __post_init__(self) -> None:
        """Refuse an empty interval: arbitration must never produce one."""
        if self.min_w > self.max_w:
            raise ValueError(f"empty power bounds {self.min_w}..{self.max_w} W")

    def clamp(self, power_w: float) -> float:
        """Return the nearest power inside."""
        return clamp(power_w, self.min_w, self.max_w)

    def misses(self, other: "PowerBounds") -> bool:
        """Say whether the two intervals have no point in common."""
        return other.min_w > self.max_w or other.max_w < self.min_w

    def narrow(self, other: "PowerBounds") -> "PowerBounds":
        """Return the common part; where there is none, the end of `self` nearest to `other`."""
        return PowerBounds(min_w=self.clamp(other.min_w), max_w=self.clamp(other.max_w))

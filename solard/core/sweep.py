"""A request to measure a card: power by power, while the sun pays for it."""

from dataclasses import dataclass
from datetime import datetime

from solard.core.rig import GpuCard

LEVELS = 9
"""From the highest limit to the lowest: a cliff near the floor lies between two of them."""
LEVEL_S = 100.0
"""Site seconds at each: time to settle, and a sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSweep:
    """One card that its owner wants measured; it ends by itself."""

    gpu_id: str
    until_at: datetime


def sweep_levels(card: GpuCard) -> tuple[float, ...]:
    """Return the limits to measure at, highest first."""
    step_w = (card.max_w - card.min_w) / (LEVELS - 1)
    return tuple(float(round(card.max_w - step_w * level)) for level in range(LEVELS))

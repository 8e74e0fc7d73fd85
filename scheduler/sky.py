"""The clear sky of one site on a grid of quarter hours: arrays that everything else indexes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from solard.core.site_slot import SLOT_S
from solard.core.units import SECONDS_PER_HOUR

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

QUARTERS = 96
"""Of a day."""
DAYLIGHT_SHARE = 0.03
"""Of the brightest quarter hour: darker ones say nothing about the sky."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """What the panels would give without clouds, quarter hour by quarter hour."""

    first_s: int
    """Unix time of the first quarter hour, a multiple of 900."""
    panels: str
    """Which panels it is the sky of."""
    clear_w: Floats
    """Mean power; a quarter of the panels is modelled to look straight up."""
    clock: Ints
    """The sun's own quarter of the day, 0..95: 48 begins when it stands highest."""
    day: Ints
    """Counts the sun's own days from midnight to midnight: what is learned is learned by night."""
    height: Floats
    """Sine of the sun's elevation in the middle; negative at night."""
    most_w: float | None = None
    """What the inverters can pass on; None = no limit known."""

    @property
    def count(self) -> int:
        """Return how many quarter hours there are."""
        return len(self.clear_w)

    @property
    def is_light(self) -> Flags:
        """Return where there is enough sun to say something about the sky."""
        brightest_w = float(self.clear_w.max(initial=0.0))
        return np.asarray(self.clear_w > max(DAYLIGHT_SHARE * brightest_w, 1e-6))

    def index(self, moment: datetime) -> int:
        """Return which quarter hour holds a moment; may lie outside the grid."""
        return int((moment.timestamp() - self.first_s) // SLOT_S)

    def starts_at(self, index: int) -> datetime:
        """Return when a quarter hour begins."""
        return datetime.fromtimestamp(self.first_s + SLOT_S * index, tz=UTC)


def sun_clock(starts_s: Floats, longitude_deg: float, equation_min: Floats) -> tuple[Ints, Ints]:
    """Return the sun's own quarter of the day and its day for quarter hours of Unix time.

    Args:
        starts_s: When they begin.
        longitude_deg: East is positive.
        equation_min: Equation of time, minutes that a sundial is ahead.
    """
    sun_s = starts_s + SLOT_S / 2.0 + longitude_deg * 240.0 + equation_min * 60.0
    day = np.floor(sun_s / (24.0 * SECONDS_PER_HOUR)).astype(np.int64)
    clock = np.floor(sun_s / SLOT_S).astype(np.int64) % QUARTERS
    return clock, day

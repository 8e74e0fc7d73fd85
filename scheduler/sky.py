"""Clear sky and measured sun side by side, quarter hour by quarter hour."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from solard.core.calibration import Calibration
from solard.core.site_slot import SLOT_S, SiteSlot
from solard.core.units import SECONDS_PER_HOUR

DAYLIGHT_SHARE = 0.03
"""Of the brightest slot: darker ones say nothing about the sky."""
THROTTLED_SHARE = 0.05
"""A slot held back for longer than this share of it teaches nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkySlot:
    """What the model says of one quarter hour without clouds."""

    starts_at: datetime
    clear_w: float
    """Mean power of all panels."""
    azimuth_deg: float
    """Where the sun stands in the middle of it; 180 = south."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSlot:
    """A past quarter hour of daylight that was measured well and not held back."""

    starts_at: datetime
    pv_w: float
    clear_w: float
    azimuth_deg: float

    @property
    def share(self) -> float:
        """Return how much of a clear sky there was."""
        return self.pv_w / self.clear_w


def see(history: Sequence[SiteSlot], sky: Sequence[SkySlot]) -> tuple[SeenSlot, ...]:
    """Return the quarter hours that teach something, in order of time."""
    brightest_w = max((slot.clear_w for slot in sky), default=0.0)
    seen = [
        SeenSlot(
            starts_at=slot.starts_at,
            pv_w=slot.pv_wh * SECONDS_PER_HOUR / slot.good_s,
            clear_w=clear.clear_w,
            azimuth_deg=clear.azimuth_deg,
        )
        for slot, clear in zip(history, sky, strict=True)
        if slot.pv_wh is not None
        and slot.good_s >= SLOT_S / 2
        and slot.throttled_s <= THROTTLED_SHARE * SLOT_S
        and clear.clear_w > DAYLIGHT_SHARE * brightest_w
    ]
    return tuple(sorted(seen, key=lambda slot: slot.starts_at))


def correct(seen: Sequence[SeenSlot], calibration: Calibration) -> tuple[SeenSlot, ...]:
    """Return the slots against the clear sky as this site has it."""
    return tuple(
        SeenSlot(
            starts_at=slot.starts_at,
            pv_w=slot.pv_w,
            clear_w=slot.clear_w * calibration.shape_at(slot.azimuth_deg),
            azimuth_deg=slot.azimuth_deg,
        )
        for slot in seen
    )


class PastSky:
    """Answers how much of a clear sky there was between two moments, quickly."""

    def __init__(self, seen: Sequence[SeenSlot]) -> None:
        self._starts = [slot.starts_at for slot in seen]
        self._pv = [0.0, *accumulate(min(slot.pv_w, slot.clear_w) for slot in seen)]
        self._clear = [0.0, *accumulate(slot.clear_w for slot in seen)]

    def share(self, after: datetime, before: datetime) -> float | None:
        """Return the share over all slots that start in `after..before`, 0..1; None = unknown."""
        first = bisect_left(self._starts, after)
        last = bisect_left(self._starts, before)
        clear = self._clear[last] - self._clear[first]
        return (self._pv[last] - self._pv[first]) / clear if clear > 0.0 else None

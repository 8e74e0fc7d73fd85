"""What the time after a moment is worth, by the charge of the battery and the cards that work."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from solard.core.units import clamp


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureSlot:
    """The worth of everything that comes after a moment."""

    at: datetime
    worths: tuple[tuple[float, ...], ...]
    """Money: for each count of working cards from 0 on, for each charge of `Future.grid_soc`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Future:
    """The next hours' worth, linear between its moments and charges.

    Its slope over the charge is the water value; its steps over the cards are what a card that
    already works is worth, at most a start.
    """

    capacity_wh: float
    """0 = no battery."""
    start_cost: float
    grid_soc: tuple[float, ...]
    """Rising, evenly spaced; a single one without a battery."""
    slots: tuple[FutureSlot, ...]
    """In order of time."""

    def covers(self, moment: datetime) -> bool:
        """Say whether the worth at a moment is known."""
        return bool(self.slots) and self.slots[0].at <= moment <= self.slots[-1].at

    def worth(self, moment: datetime, cards_on: int, soc: float) -> float:
        """Return the worth of what follows a moment that `covers` knows."""
        early, late, share = self._around(moment)
        one = self._over_charge(early, cards_on, soc)
        return one + share * (self._over_charge(late, cards_on, soc) - one)

    def water_value_per_kwh(self, moment: datetime, cards_on: int, soc: float) -> float:
        """Return the worth of one more kWh in the battery; 0 without one."""
        if len(self.grid_soc) < 2 or self.capacity_wh <= 0.0:
            return 0.0
        step = self.grid_soc[1] - self.grid_soc[0]
        low = clamp(soc - step / 2.0, self.grid_soc[0], self.grid_soc[-1] - step)
        gained = self.worth(moment, cards_on, low + step) - self.worth(moment, cards_on, low)
        return gained / (step * self.capacity_wh / 1000.0)

    def _around(self, moment: datetime) -> tuple[FutureSlot, FutureSlot, float]:
        for early, late in pairwise(self.slots):
            if moment <= late.at:
                return early, late, max(0.0, (moment - early.at) / (late.at - early.at))
        return self.slots[-1], self.slots[-1], 0.0

    def _over_charge(self, slot: FutureSlot, cards_on: int, soc: float) -> float:
        worths = slot.worths[min(cards_on, len(slot.worths) - 1)]
        if len(worths) < 2:
            return worths[0]
        step = self.grid_soc[1] - self.grid_soc[0]
        place = clamp((soc - self.grid_soc[0]) / step, 0.0, len(worths) - 1.0)
        low = min(int(place), len(worths) - 2)
        return worths[low] + (place - low) * (worths[low + 1] - worths[low])

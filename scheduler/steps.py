"""The plan's time grid: fine soon, coarse later, and the forecast averaged onto it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from solard.core.forecast import Forecast, ForecastSlot
from solard.core.units import SECONDS_PER_HOUR

GRID = ((48, 900.0), (24, 1800.0), (24, 3600.0))
"""12 h in quarter hours, 12 h in half hours, 24 h in hours: 96 steps instead of 192."""
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the plan: mean powers in W."""

    starts_at: datetime
    ends_at: datetime
    pv_w: float
    pv_low_w: float
    pv_high_w: float
    house_w: float
    house_spread_w: float = 0.0

    @property
    def hours(self) -> float:
        """Return the step's length in hours."""
        return (self.ends_at - self.starts_at).total_seconds() / SECONDS_PER_HOUR

    @property
    def quarters(self) -> tuple[datetime, ...]:
        """Return the quarter hours inside, by their starts."""
        count = round((self.ends_at - self.starts_at) / QUARTER)
        return tuple(self.starts_at + QUARTER * index for index in range(count))


def make_steps(forecast: Forecast) -> tuple[Step, ...]:
    """Return the grid from the forecast's first slot on, as far as the forecast reaches."""
    steps: list[Step] = []
    starts_at = forecast.slots[0].starts_at if forecast.slots else forecast.issued_at
    for count, length_s in GRID:
        for _ in range(count):
            ends_at = starts_at + timedelta(seconds=length_s)
            inside = [slot for slot in forecast.slots if starts_at <= slot.starts_at < ends_at]
            if not inside:
                return tuple(steps)
            steps.append(_mean(starts_at, ends_at, inside))
            starts_at = ends_at
    return tuple(steps)


def _mean(starts_at: datetime, ends_at: datetime, slots: list[ForecastSlot]) -> Step:
    return Step(
        starts_at=starts_at,
        ends_at=ends_at,
        pv_w=fmean(slot.pv_w for slot in slots),
        pv_low_w=fmean(slot.pv_low_w for slot in slots),
        pv_high_w=fmean(slot.pv_high_w for slot in slots),
        house_w=fmean(slot.house_w for slot in slots),
        house_spread_w=fmean(slot.house_spread_w for slot in slots),
    )

"""When the battery should be full: every evening, or once in so many days."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from solard.core.sun import sun_elevation_deg

PANELS_END_DEG = 5.0
"""Below it panels give nothing worth counting: the evening ends there."""
LOOK_EVERY = timedelta(minutes=5)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FullCharge:
    """What the owner wants of the battery's charge."""

    by_sunset: bool = False
    every_s: float | None = None
    """At least once in so long; None = never for its own sake."""

    def moments(
        self, evenings: tuple[datetime, ...], now: datetime, full_at: datetime | None
    ) -> tuple[datetime, ...]:
        """Return which of the coming evenings should end with a full battery.

        `full_at` is when it was last full; where nobody knows, it counts as full just now. The
        last evening before the time is over counts, and once it is over the next one.
        """
        if self.by_sunset or self.every_s is None:
            return evenings if self.by_sunset else ()
        due_at = (now if full_at is None else full_at) + timedelta(seconds=self.every_s)
        in_time = tuple(one for one in evenings if one <= due_at)
        if not in_time:
            return evenings[:1]
        return in_time[-1:] if due_at - in_time[-1] < ONE_DAY else ()


def find_evenings(
    after: datetime, until: datetime, latitude_deg: float, longitude_deg: float
) -> tuple[datetime, ...]:
    """Return when panels stop giving, evening by evening."""
    found = []
    moment = after
    was_up = sun_elevation_deg(moment, latitude_deg, longitude_deg) >= PANELS_END_DEG
    while moment < until:
        moment += LOOK_EVERY
        is_up = sun_elevation_deg(moment, latitude_deg, longitude_deg) >= PANELS_END_DEG
        if was_up and not is_up:
            found.append(moment)
        was_up = is_up
    return tuple(found)

"""How old a source is, and what its age makes of the values that it said last."""

from dataclasses import replace

from solard.core.readings import DeviceReading, PointReading, Quality

STALE_PERIODS = 3.0
MISSING_PERIODS = 6.0
_AGING = (Quality.GOOD, Quality.SUSPECT)
"""What a source that still answers would have said anew; other qualities are news themselves."""


class Age:
    """The silence of a source, against the pace at which it is read. All seconds are the site's."""

    def __init__(self, silent_s: float, period_s: float, at_most_s: float) -> None:
        self.silent_s = silent_s
        self.is_missing = silent_s > max(at_most_s, MISSING_PERIODS * period_s)
        self.is_stale = silent_s > STALE_PERIODS * period_s

    @classmethod
    def of(cls, reading: DeviceReading, now_s: float, at_most_s: float) -> "Age":
        """Return how old a reading is."""
        return cls(now_s - reading.measured_s, reading.period_s, at_most_s)


def aged(points: tuple[PointReading, ...], age: Age, *, sleeps: bool) -> tuple[PointReading, ...]:
    """Return points with what their age leaves of them.

    `sleeps` says that the source may be silent now, as inverters are at night.
    """
    if age.is_missing:
        quality = Quality.ASLEEP if sleeps else Quality.MISSING
        return tuple(replace(point, value=None, quality=quality) for point in points)
    if age.is_stale:
        return tuple(
            replace(point, quality=Quality.STALE) if point.quality in _AGING else point
            for point in points
        )
    return points

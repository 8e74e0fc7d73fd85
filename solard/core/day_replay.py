"""A day three times: as it was, as it was planned, and as hindsight would have had it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStep:
    """Means over a part of the day, in W with the signs of `SiteState`; None = not known."""

    starts_at: datetime
    ends_at: datetime
    pv_w: float | None
    house_w: float | None
    rig_w: float | None
    """With its jobs."""
    grid_w: float | None
    battery_w: float | None
    soc: float | None
    """At the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCourse:
    """One way in which the day went, or might have gone."""

    name: str
    steps: tuple[DayStep, ...]
    sun_kwh: float
    house_kwh: float
    rig_kwh: float
    import_kwh: float
    export_kwh: float
    end_soc: float | None
    value: float
    """Work and export less import and wear, and what is left in the battery; money, or where
    energy has no price a figure to compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReplay:
    """All of them, and how much of the day is known."""

    day: str
    """ISO date at the site."""
    currency: str | None
    courses: tuple[DayCourse, ...]
    known_quarters: int
    quarters: int
    notes: tuple[str, ...] = ()
    """What is missing, in sentences."""

"""The site's clock: real time, or a simulated day that runs faster."""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Protocol

from solard.core.errors import SolardError

CLOCK_VARIABLE = "SOLARD_CLOCK"
"""`<site start, ISO UTC>,<CLOCK_MONOTONIC at start>,<speed>`: all processes of a run share it."""

MIN_PERIOD_S = 0.2
"""No periodic work runs more often than this in real time, however fast the site's clock."""


class ClockSettingInvalid(SolardError):
    """SOLARD_CLOCK does not say a start, a monotonic start and a speed."""


class Clock(Protocol):
    """Site time. Core never sees it; it gets moments."""

    @property
    def speed(self) -> float:
        """Return site seconds per real second."""
        ...

    def now(self) -> datetime:
        """Return the site's wall time, aware UTC; labels only."""
        ...

    def monotonic_s(self) -> float:
        """Return site seconds that only grow, at a steady pace."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    speed: float = 1.0

    def now(self) -> datetime:
        """Return the wall time, aware UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return CLOCK_MONOTONIC in seconds."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """A simulated day that started at a real moment and runs at a constant speed."""

    site_start: datetime
    started_s: float
    """CLOCK_MONOTONIC at `site_start`."""
    speed: float

    def now(self) -> datetime:
        """Return the simulated wall time, aware UTC."""
        return self.site_start + timedelta(seconds=self.monotonic_s())

    def monotonic_s(self) -> float:
        """Return site seconds since the simulated day started."""
        return (time.monotonic() - self.started_s) * self.speed

    def variable(self) -> str:
        """Return the value of SOLARD_CLOCK that lets another process share this clock."""
        return f"{self.site_start.isoformat()},{self.started_s!r},{self.speed!r}"


def clock_from_environment() -> Clock:
    """Return the clock that SOLARD_CLOCK describes, or the system's where it is unset."""
    text = os.environ.get(CLOCK_VARIABLE)
    if not text:
        return SystemClock()
    try:
        start, monotonic, speed = text.split(",")
        clock = ScaledClock(datetime.fromisoformat(start), float(monotonic), float(speed))
        if not (isfinite(clock.started_s) and isfinite(clock.speed)):
            raise ValueError("not finite")
    except ValueError as err:
        raise ClockSettingInvalid(
            f"{CLOCK_VARIABLE}={text!r} is not START,MONOTONIC,SPEED; unset it to use real time"
        ) from err
    if clock.site_start.tzinfo is None or clock.speed <= 0:
        raise ClockSettingInvalid(
            f"{CLOCK_VARIABLE}={text!r} needs a start with a UTC offset and a speed above 0"
        )
    return clock


def real_period_s(clock: Clock, period_s: float, minimum_s: float = MIN_PERIOD_S) -> float:
    """Return how many real seconds lie between two runs of work with a period in site seconds."""
    return max(period_s / clock.speed, minimum_s, MIN_PERIOD_S)

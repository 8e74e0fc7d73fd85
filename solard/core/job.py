"""Jobs: work that can wait, until a deadline, for the sun."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDemand:
    """What the plan must know of one job that has not ended."""

    job_id: str
    power_w: float
    """At the wall and above idle, all its cards together, while it runs; it is not throttled."""
    cards: int
    """How many cards it takes for itself; 0 = it runs on the processor."""
    remaining_s: float
    """Site seconds of running that it still needs."""
    earliest_at: datetime | None = None
    deadline_at: datetime | None = None
    """It is worth something only if it is done by then; None = whenever."""
    value: float = 0.0
    """Money for having it done in time."""
    mandatory: bool = False
    """It must be done by its deadline, whatever the energy costs."""
    interruptible: bool = True
    """It may be stopped and go on later without losing what it has done."""
    is_running: bool = False
    """It runs now: one that is not interruptible is never moved again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWindow:
    """When the plan lets a job run."""

    job_id: str
    starts_at: datetime
    ends_at: datetime

    def holds(self, moment: datetime) -> bool:
        """Say whether `moment` lies in the window, its end excluded."""
        return self.starts_at <= moment < self.ends_at

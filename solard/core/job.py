"""Jobs: work that can wait, until a deadline, for the sun."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from solard.core.units import energy_wh

CARD_W = 300.0
"""Of each card at the wall and above idle, where nobody says what a job takes."""
PROCESSOR_W = 60.0
"""Of a job without cards, where nobody says."""


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    """For its window, for power, or for its next try."""
    RUNNING = "running"
    PAUSED = "paused"
    """It has done a part, was stopped at a checkpoint and goes on later."""
    DONE = "done"
    FAILED = "failed"
    MISSED = "missed"
    """Its deadline came first."""
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Say whether nothing more will come of the job."""
        return self in {JobState.DONE, JobState.FAILED, JobState.MISSED, JobState.CANCELLED}


START_MARGIN = timedelta(minutes=1)
"""Of a job that waits: planned to the second it would be too late when its program starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """What is to be done, and on what terms."""

    name: str
    """Lower-case letters, digits and dashes; its runs are numbered."""
    command: tuple[str, ...]
    duration_s: float
    """Site seconds that it is expected to run."""
    power_w: float
    """At the wall and above idle, all its cards together, while it runs."""
    env: tuple[tuple[str, str], ...] = ()
    cards: int = 0
    """Cards that it takes for itself; 0 = it runs on the processor."""
    earliest_at: datetime | None = None
    deadline_at: datetime | None = None
    """None = whenever there is sun."""
    value: float | None = None
    """Money for having it done in time; None = nobody says: as much as the rig's best work would
    make of its energy, so that it runs on sun and is never bought for."""
    pay_at_most_per_kwh: float | None = None
    """It runs only where its energy would earn or save no more than this elsewhere."""
    mandatory: bool = False
    interruptible: bool = True
    """It saves what it has done when it is told to stop, and goes on from there."""
    checkpoint_signal: str = "SIGTERM"
    """How an interruptible job is told to save and end."""
    grace_s: float = 60.0
    """Real seconds that saving may take before it is killed."""
    retries: int = 0
    """How often it is tried again after it failed."""


def assumed_power_w(cards: int) -> float:
    """Return what a job on so many cards takes, where nobody says."""
    return cards * CARD_W if cards else PROCESSOR_W


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job and how far it is."""

    job_id: str
    """Its name and a number: `retrain-7`."""
    spec: JobSpec
    state: JobState
    added_at: datetime
    started_at: datetime | None = None
    """When it first ran."""
    since_at: datetime | None = None
    """Since when it is in its state; None = since it was added."""
    ended_at: datetime | None = None
    ran_s: float = 0.0
    """Site seconds of work that count: what an uninterruptible run lost does not."""
    failures: int = 0
    not_before_at: datetime | None = None
    """When it may be tried again after it failed."""
    exit_status: int | None = None
    """Of its last run that ended by itself; a negative one is the signal that ended it."""
    gpu_ids: tuple[str, ...] = ()
    """The cards that it runs on now."""
    at_once: bool = False
    """The operator wants it now, whatever the plan says."""
    note: str = ""
    """Why it is where it is, in a sentence."""

    @property
    def remaining_s(self) -> float:
        """Return the site seconds that it is expected to need still, at least a minute."""
        return max(60.0, self.spec.duration_s - self.ran_s)

    @property
    def is_running(self) -> bool:
        """Say whether its program runs now."""
        return self.state is JobState.RUNNING

    @property
    def _worth(self) -> float | None:
        """Return what the rest of it may cost: its value, and no more than its owner pays a kWh."""
        value, most = self.spec.value, self.spec.pay_at_most_per_kwh
        if most is None:
            return value
        paid = most * energy_wh(self.spec.power_w, self.remaining_s) / 1000.0
        return paid if value is None else min(value, paid)

    @property
    def _plan_by(self) -> datetime | None:
        """Return by when the plan is to have it done: a start takes its moment, too."""
        deadline = self.spec.deadline_at
        return deadline if deadline is None or self.is_running else deadline - START_MARGIN

    def demand(self) -> "JobDemand":
        """Return the job as the plan sees it."""
        return JobDemand(
            job_id=self.job_id,
            power_w=self.spec.power_w,
            cards=self.spec.cards,
            remaining_s=self.remaining_s,
            earliest_at=self.not_before_at or self.spec.earliest_at,
            deadline_at=self._plan_by,
            value=self._worth,
            mandatory=self.spec.mandatory,
            interruptible=self.spec.interruptible,
            is_running=self.is_running,
        )


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
    value: float | None = None
    """Money for having it done in time; None = what the rig's best work makes of its energy."""
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

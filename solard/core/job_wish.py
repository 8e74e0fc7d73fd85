"""What one job wants of a moment, whatever other jobs want: to run now, or to wait, and why."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from solard.core.job import START_MARGIN, Job, JobSpec
from solard.core.modes import WorkMode
from solard.core.plan import Plan
from solard.core.wording import say_duration, say_power, say_when

LATEST_MARGIN_S = 900.0
"""A mandatory job starts so long before it would be too late."""
SPARES_RESERVE_S = 1800.0
"""A job with so much time to spare waits rather than take from a battery below its reserve."""


class Move(StrEnum):
    """What is done with a job."""

    WAIT = "wait"
    START = "start"
    GO_ON = "go on"
    PAUSE = "pause"
    """It saves what it has done, and goes on later."""
    STOP = "stop"
    """It loses what it has done, and starts afresh later."""
    MISS = "miss"
    """Its deadline is past, or cannot be met any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMove:
    """One answer for one job."""

    move: Move
    note: str
    """A sentence for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRoom:
    """What there is at a moment for all jobs together, those that run included."""

    now_at: datetime
    utc_offset_s: int
    live: bool
    """False in observe mode: nothing is started."""
    mode: WorkMode
    """The most that the rules above all jobs allow."""
    why: str
    """The decision's own reason."""
    spare_w: float
    """What the rules leave above an idle rig, at the wall."""
    sun_w: float | None
    """What house and idle rig leave of the sun; None = unknown."""
    cards: int
    plan: Plan | None
    """None where there is no fresh one."""
    below_reserve: bool = False
    """Whether the battery is below its reserve: then it feeds no work that can wait."""
    start_margin: timedelta = START_MARGIN
    """How long a program may take to start."""

    def say_time(self, moment: datetime) -> str:
        """Return a moment as people at the site read it."""
        offset = timedelta(seconds=self.utc_offset_s)
        return say_when(moment + offset, self.now_at + offset)

    def holds(self, spec: JobSpec) -> bool:
        """Say whether there are cards and watts for a job."""
        return spec.cards <= self.cards and spec.power_w <= self.spare_w

    def without(self, spec: JobSpec) -> "JobRoom":
        """Return what is left beside a job."""
        return replace(
            self,
            spare_w=self.spare_w - spec.power_w,
            sun_w=None if self.sun_w is None else self.sun_w - spec.power_w,
            cards=self.cards - spec.cards,
        )


def say_missed(job: Job, room: JobRoom) -> str | None:
    """Say why a job can no longer be in time; a mandatory one that runs is let finish."""
    deadline = job.spec.deadline_at
    if deadline is None or (job.spec.mandatory and job.is_running):
        return None
    if room.now_at >= deadline:
        return f"Its deadline, {room.say_time(deadline)}, is past."
    left_s = (deadline - room.now_at).total_seconds()
    if job.spec.mandatory or job.is_running or job.remaining_s <= left_s:
        return None
    needs, left = say_duration(job.remaining_s), say_duration(left_s)
    return f"It needs {needs} and has {left} until its deadline, {room.say_time(deadline)}."


def slack_s(job: Job, now_at: datetime) -> float | None:
    """Return how long a job can still wait; None = for ever."""
    deadline = job.spec.deadline_at
    return None if deadline is None else (deadline - now_at).total_seconds() - job.remaining_s


def must_run_now(job: Job, now_at: datetime) -> bool:
    """Say whether a job cannot wait: the operator asked for it, or it is mandatory and due."""
    return job.at_once or _is_due(job, now_at)


def wish_of(job: Job, room: JobRoom, sun_share: float) -> JobMove:
    """Return START where a job is to run now: asked for, due, planned, or fed by the sun.

    The sun feeds it where it gives `sun_share` of its power.
    """
    if job.at_once:
        return JobMove(move=Move.START, note="The operator asked for it.")
    if _is_due(job, room.now_at):
        return JobMove(move=Move.START, note="It must start now to be in time.")
    if room.plan is not None:
        wish = _planned(job, room, room.plan)
        if wish.move is Move.START and _spares_reserve(job, room, sun_share):
            note = "The battery is below its reserve; it waits for sun while it can."
            return JobMove(move=Move.WAIT, note=note)
        return wish
    if room.sun_w is None:
        return JobMove(move=Move.WAIT, note="Sun or load is unknown, and there is no plan.")
    if room.sun_w >= sun_share * job.spec.power_w:
        return JobMove(move=Move.START, note="The sun feeds it.")
    has, needs = say_power(max(0.0, room.sun_w)), say_power(job.spec.power_w)
    return JobMove(move=Move.WAIT, note=f"It needs {needs} of sun; there are {has}.")


def _is_due(job: Job, now_at: datetime) -> bool:
    """Say whether a mandatory job would be late if it waited any longer."""
    left_s = slack_s(job, now_at)
    return job.spec.mandatory and left_s is not None and left_s <= LATEST_MARGIN_S


def _spares_reserve(job: Job, room: JobRoom, sun_share: float) -> bool:
    """Say whether a job would take from a battery below its reserve and may as well wait."""
    if not room.below_reserve:
        return False
    left_s = slack_s(job, room.now_at)
    if left_s is not None and left_s < SPARES_RESERVE_S:
        return False
    return room.sun_w is None or room.sun_w < sun_share * job.spec.power_w


def _planned(job: Job, room: JobRoom, plan: Plan) -> JobMove:
    if plan.runs_job(job.job_id, room.now_at):
        return JobMove(move=Move.START, note="The plan gives it this time.")
    later = [one for one in plan.jobs if one.job_id == job.job_id and one.starts_at > room.now_at]
    left_s = slack_s(job, room.now_at)
    if later and left_s is not None and left_s <= room.start_margin.total_seconds():
        return JobMove(move=Move.START, note="The plan wants it, and it must start now.")
    if later:
        return JobMove(move=Move.WAIT, note=f"Planned for {room.say_time(later[0].starts_at)}.")
    if plan.made_at < job.added_at:
        return JobMove(move=Move.WAIT, note="The next plan will give it a time.")
    return JobMove(move=Move.WAIT, note="The plan has no time for it: not enough sun in sight.")

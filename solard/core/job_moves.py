"""What to do with a job now: start it, let it run, pause it, give it up; and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from solard.core.decision import Decision, Verdict
from solard.core.job import START_MARGIN, Job
from solard.core.modes import WorkMode, lower_mode
from solard.core.plan import Plan
from solard.core.wording import say_duration, say_power, say_when

MIN_RUN_S = 600.0
"""Site seconds that a job runs before a plan or a cloud pauses it: saving costs work."""
LATEST_MARGIN_S = 900.0
"""A mandatory job starts so long before it would be too late."""
SUN_LOST_SHARE = 0.7
"""Without a plan a job pauses when the sun gives less than this share of its power."""


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
    """What there is for one job at a moment."""

    now_at: datetime
    utc_offset_s: int
    live: bool
    """False in observe mode: nothing is started."""
    mode: WorkMode
    """The most that the rules above all jobs allow."""
    why: str
    """The decision's own reason."""
    spare_w: float
    """What the rules leave above an idle rig and the other jobs that run, at the wall."""
    sun_w: float | None
    """What house, idle rig and the other jobs leave of the sun; None = unknown."""
    free_cards: int
    plan: Plan | None
    """None where there is no fresh one."""

    def say_time(self, moment: datetime) -> str:
        """Return a moment as people at the site read it."""
        offset = timedelta(seconds=self.utc_offset_s)
        return say_when(moment + offset, self.now_at + offset)


def next_move(job: Job, room: JobRoom) -> JobMove:
    """Return what is done with a job that is not over."""
    late = _too_late(job, room)
    if late is not None:
        return JobMove(move=Move.MISS, note=late)
    return _while_running(job, room) if job.is_running else _while_waiting(job, room)


def allowed_mode(decision: Decision) -> WorkMode:
    """Return the most that the rules allow, whether a card works just now or not."""
    mode = WorkMode.FULL
    for heard in decision.heard:
        mode = lower_mode(mode, heard.proposal.mode)
    return mode


def ceiling_w(decision: Decision) -> float:
    """Return the most that the rules let the whole rig draw."""
    tops = [
        heard.proposal.bounds.max_w
        for heard in decision.heard
        if heard.verdict is not Verdict.OVERRULED
    ]
    return min(tops, default=0.0)


def _too_late(job: Job, room: JobRoom) -> str | None:
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


def _while_running(job: Job, room: JobRoom) -> JobMove:
    if room.mode is WorkMode.OFF:
        move = Move.PAUSE if job.spec.interruptible else Move.STOP
        return JobMove(move=move, note=room.why)
    if not job.spec.interruptible:
        return JobMove(move=Move.GO_ON, note="It runs; it cannot be interrupted.")
    if room.mode is WorkMode.STANDBY:
        return JobMove(move=Move.PAUSE, note=room.why)
    wanted = _wanted(job, room, SUN_LOST_SHARE)
    ran_s = (room.now_at - (job.since_at or job.added_at)).total_seconds()
    if wanted.move is Move.START or ran_s < MIN_RUN_S:
        return JobMove(move=Move.GO_ON, note="It runs.")
    return JobMove(move=Move.PAUSE, note=wanted.note)


def _while_waiting(job: Job, room: JobRoom) -> JobMove:
    for reason in (_early(job, room), _no_room(job, room)):
        if reason is not None:
            return JobMove(move=Move.WAIT, note=reason)
    return _wanted(job, room, 1.0)


def _early(job: Job, room: JobRoom) -> str | None:
    moments = [one for one in (job.spec.earliest_at, job.not_before_at) if one is not None]
    latest = max(moments, default=room.now_at)
    return None if latest <= room.now_at else f"Not before {room.say_time(latest)}."


def _no_room(job: Job, room: JobRoom) -> str | None:
    """Say what keeps any job from starting, whatever the plan says."""
    spec = job.spec
    if not room.live:
        return "Observe mode starts nothing; `solard live` does."
    if room.mode.rank < WorkMode.ECO.rank:
        return room.why
    if room.free_cards < spec.cards:
        return f"It needs {_cards(spec.cards)}; {room.free_cards} can be had now."
    if room.spare_w < spec.power_w:
        return f"It needs {say_power(spec.power_w)}; the rules leave {say_power(room.spare_w)}."
    return None


def _wanted(job: Job, room: JobRoom, sun_share: float) -> JobMove:
    """Return START where the job is to run now: asked for, due, planned, or fed by the sun."""
    if job.at_once:
        return JobMove(move=Move.START, note="The operator asked for it.")
    if _is_due(job, room):
        return JobMove(move=Move.START, note="It must start now to be in time.")
    if room.plan is not None:
        return _planned(job, room, room.plan)
    if room.sun_w is None:
        return JobMove(move=Move.WAIT, note="Sun or load is unknown, and there is no plan.")
    if room.sun_w >= sun_share * job.spec.power_w:
        return JobMove(move=Move.START, note="The sun feeds it.")
    has, needs = say_power(max(0.0, room.sun_w)), say_power(job.spec.power_w)
    return JobMove(move=Move.WAIT, note=f"It needs {needs} of sun; there are {has}.")


def _is_due(job: Job, room: JobRoom) -> bool:
    """Say whether a mandatory job would be late if it waited any longer."""
    if not job.spec.mandatory or job.spec.deadline_at is None:
        return False
    latest = job.spec.deadline_at - timedelta(seconds=job.remaining_s + LATEST_MARGIN_S)
    return room.now_at >= latest


def _planned(job: Job, room: JobRoom, plan: Plan) -> JobMove:
    if plan.runs_job(job.job_id, room.now_at):
        return JobMove(move=Move.START, note="The plan gives it this time.")
    later = [one for one in plan.jobs if one.job_id == job.job_id and one.starts_at > room.now_at]
    deadline = job.spec.deadline_at
    if later and deadline is not None:
        latest = deadline - START_MARGIN - timedelta(seconds=job.remaining_s)
        if room.now_at >= latest:
            return JobMove(move=Move.START, note="The plan wants it, and it must start now.")
    if later:
        return JobMove(move=Move.WAIT, note=f"Planned for {room.say_time(later[0].starts_at)}.")
    if plan.made_at < job.added_at:
        return JobMove(move=Move.WAIT, note="The next plan will give it a time.")
    return JobMove(move=Move.WAIT, note="The plan has no time for it: not enough sun in sight.")


def _cards(count: int) -> str:
    return "1 card" if count == 1 else f"{count} cards"

"""What is done with all jobs at a moment: started, run on, paused, given up; and why.

The daemon asks each second tick or so, `solard simulate` at each tick of a recording: one answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from math import inf

from solard.core.job import Job
from solard.core.job_wish import JobMove, JobRoom, Move, must_run_now, say_missed, slack_s, wish_of
from solard.core.modes import WorkMode
from solard.core.wording import say_power

MIN_RUN_S = 600.0
"""Site seconds that a job runs before a plan or a cloud pauses it: saving costs work."""
SUN_LOST_SHARE = 0.7
"""A job that runs on sun pauses when the sun gives less than this share of its power."""


class _Turn(IntEnum):
    """Whose claim is heard first."""

    HOLDS = 0
    """It runs, and would lose all that it has done."""
    MUST = 1
    """The operator asked for it, or it is mandatory and due."""
    MAY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ledger:
    """What is left for those whose turn comes later."""

    left: JobRoom
    """Beside all that was promised so far."""
    free: JobRoom
    """Beside all that runs or starts now: nothing starts on what another has yet to give back."""
    pressed_by: str | None = None
    """A job that must start and waits until others have given it room."""


def next_moves(jobs: Sequence[Job], room: JobRoom) -> tuple[JobMove, ...]:
    """Return what is done with each of the jobs, in their order; none of them is over.

    A block that runs comes first: it is never moved. Then who must run, then the others; of equals
    who runs already, of those who must start who has least time. What must start makes
    interruptible jobs save and go.
    """
    free = room
    for job in jobs:
        free = free.without(job.spec) if job.is_running else free
    ledger = _Ledger(left=room, free=free)
    moves = {}
    for job in sorted(jobs, key=lambda job: _order(job, room)):
        moves[job.job_id], ledger = _take_turn(job, ledger)
    return tuple(moves[job.job_id] for job in jobs)


def _order(job: Job, room: JobRoom) -> tuple[_Turn, bool, float]:
    turn = _turn(job, room)
    left_s = slack_s(job, room.now_at) if turn is _Turn.MUST else None
    return turn, not job.is_running, inf if left_s is None else left_s


def _turn(job: Job, room: JobRoom) -> _Turn:
    if job.is_running and not job.spec.interruptible:
        return _Turn.HOLDS
    return _Turn.MUST if must_run_now(job, room.now_at) else _Turn.MAY


def _take_turn(job: Job, ledger: _Ledger) -> tuple[JobMove, _Ledger]:
    missed = say_missed(job, ledger.left)
    if missed is not None:
        return JobMove(move=Move.MISS, note=missed), ledger
    if not job.is_running:
        return _while_waiting(job, ledger)
    move = _while_running(job, ledger)
    if move.move is not Move.GO_ON:
        return move, ledger
    return move, replace(ledger, left=ledger.left.without(job.spec))


def _while_running(job: Job, ledger: _Ledger) -> JobMove:
    room = ledger.left
    if room.mode is WorkMode.OFF:
        move = Move.PAUSE if job.spec.interruptible else Move.STOP
        return JobMove(move=move, note=room.why)
    if not job.spec.interruptible:
        return JobMove(move=Move.GO_ON, note="It runs; it cannot be interrupted.")
    if room.mode is WorkMode.STANDBY:
        return JobMove(move=Move.PAUSE, note=room.why)
    if ledger.pressed_by is not None and not room.holds(job.spec):
        note = f"It gives way to {ledger.pressed_by}, which cannot wait."
        return JobMove(move=Move.PAUSE, note=note)
    wish = wish_of(job, room, SUN_LOST_SHARE)
    ran_s = (room.now_at - (job.since_at or job.added_at)).total_seconds()
    if wish.move is Move.START or ran_s < MIN_RUN_S:
        return JobMove(move=Move.GO_ON, note="It runs.")
    return JobMove(move=Move.PAUSE, note=wish.note)


def _while_waiting(job: Job, ledger: _Ledger) -> tuple[JobMove, _Ledger]:
    room = ledger.left
    reason = _too_early(job, room) or _no_room(job, room)
    if reason is not None:
        return JobMove(move=Move.WAIT, note=reason), ledger
    wish = wish_of(job, room, 1.0)
    if wish.move is not Move.START:
        return wish, ledger
    ledger = replace(ledger, left=room.without(job.spec))
    if ledger.free.holds(job.spec):
        return wish, replace(ledger, free=ledger.free.without(job.spec))
    waits = JobMove(move=Move.WAIT, note="Jobs that can wait make room for it.")
    if must_run_now(job, room.now_at):
        ledger = replace(ledger, pressed_by=job.job_id)
    return waits, ledger


def _too_early(job: Job, room: JobRoom) -> str | None:
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
    if room.cards < spec.cards:
        return f"It needs {_cards(spec.cards)}; {max(0, room.cards)} can be had now."
    if room.spare_w < spec.power_w:
        left = say_power(max(0.0, room.spare_w))
        return f"It needs {say_power(spec.power_w)}; the rules leave {left}."
    return None


def _cards(count: int) -> str:
    return "1 card" if count == 1 else f"{count} cards"

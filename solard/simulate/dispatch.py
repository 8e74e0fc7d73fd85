"""Jobs of a recording, started, paused and resumed by the function that the daemon asks."""

from collections.abc import Sequence
from datetime import datetime

from solard.core.job import Job, JobSpec, JobState
from solard.core.job_changes import interrupt, start
from solard.core.job_moves import next_moves
from solard.core.job_wish import JobRoom, Move
from solard.simulate.recording import TICK, TICK_S
from solard.simulate.tasks import Task, TaskBook

STOPS = (Move.PAUSE, Move.STOP)


def run_jobs(book: TaskBook, tick: int, begins_at: datetime, room: JobRoom) -> tuple[Task, ...]:
    """Return the jobs that run in this tick.

    The daemon asks every few seconds, so what one job gives back another has within a tick: here
    the same question is asked until nothing changes.
    """
    tasks = book.open_at(tick)
    jobs = [_job(book, task, begins_at) for task in tasks]
    for _ in range(len(jobs) + 1):
        moved = _ask(jobs, room)
        if moved == jobs:
            break
        jobs = moved
    return tuple(task for task, job in zip(tasks, jobs, strict=True) if job.is_running)


def _ask(jobs: Sequence[Job], room: JobRoom) -> list[Job]:
    moved = []
    for job, one in zip(jobs, next_moves(jobs, room), strict=True):
        if one.move is Move.START:
            moved.append(start(job, room.now_at, (), one.note))
        else:
            stops = one.move in STOPS
            moved.append(interrupt(job, room.now_at, one.note) if stops else job)
    return moved


def _job(book: TaskBook, task: Task, begins_at: datetime) -> Job:
    """Return a row of JOBS as the daemon would keep it, on the grid of ticks."""
    row, runs = task.job, task.index in book.running
    since = book.since(task)
    return Job(
        job_id=str(task.index),
        spec=JobSpec(
            name=str(task.index),
            command=(),
            duration_s=task.ticks * TICK_S,
            power_w=row.power_w,
            cards=row.cards,
            deadline_at=begins_at + task.end * TICK,
            value=row.value,
            mandatory=row.mandatory,
            interruptible=row.interruptible,
        ),
        state=JobState.RUNNING if runs else JobState.WAITING,
        added_at=begins_at + task.first * TICK,
        since_at=None if since is None else begins_at + since * TICK,
        ran_s=(task.ticks - book.left(task)) * TICK_S,
    )

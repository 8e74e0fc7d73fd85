"""How a job changes when it starts, pauses, ends, fails or is given up: job in, job out."""

from dataclasses import replace
from datetime import datetime, timedelta

from solard.core.job import Job, JobState
from solard.core.wording import say_duration

RETRY_AFTER_S = 60.0
"""Site seconds before the first new try; doubled for each further one."""


def start(job: Job, now_at: datetime, gpu_ids: tuple[str, ...], note: str) -> Job:
    """Return the job as it starts, or goes on, on some cards."""
    return replace(
        job,
        state=JobState.RUNNING,
        started_at=job.started_at or now_at,
        since_at=now_at,
        gpu_ids=gpu_ids,
        not_before_at=None,
        note=note,
    )


def run_on(job: Job, ran_s: float) -> Job:
    """Return a running job with more site seconds done."""
    return replace(job, ran_s=job.ran_s + ran_s)


def interrupt(job: Job, now_at: datetime, note: str) -> Job:
    """Return a job that was stopped: what it has done counts only where it saves it."""
    keeps = job.spec.interruptible
    return replace(
        job,
        state=JobState.PAUSED if keeps else JobState.WAITING,
        ran_s=job.ran_s if keeps else 0.0,
        since_at=now_at,
        gpu_ids=(),
        note=note,
    )


def end(job: Job, now_at: datetime, exit_status: int | None) -> Job:
    """Return a job whose program ended by itself; None = it vanished and said nothing."""
    if exit_status == 0:
        return _over(job, JobState.DONE, now_at, "Done.", exit_status)
    failures = job.failures + 1
    said = "It vanished" if exit_status is None else _say_status(exit_status)
    left = job.spec.retries - failures + 1
    failing = replace(job, failures=failures)
    if left <= 0:
        note = f"{said}; no tries are left."
        return _over(failing, JobState.FAILED, now_at, note, exit_status)
    wait_s = RETRY_AFTER_S * 2.0 ** (failures - 1)
    return replace(
        interrupt(failing, now_at, f"{said}; again in {say_duration(wait_s)}, {left} tries left."),
        state=JobState.WAITING,
        exit_status=exit_status,
        not_before_at=now_at + timedelta(seconds=wait_s),
    )


def miss(job: Job, now_at: datetime, note: str) -> Job:
    """Return a job that is given up because of its deadline."""
    return _over(job, JobState.MISSED, now_at, note, job.exit_status)


def cancel(job: Job, now_at: datetime) -> Job:
    """Return a job that the operator took back."""
    return _over(job, JobState.CANCELLED, now_at, "Cancelled by the operator.", job.exit_status)


def _over(job: Job, state: JobState, now_at: datetime, note: str, status: int | None) -> Job:
    return replace(
        job,
        state=state,
        since_at=now_at,
        ended_at=now_at,
        exit_status=status,
        gpu_ids=(),
        at_once=False,
        note=note,
    )


def _say_status(status: int) -> str:
    return f"Signal {-status} ended it" if status < 0 else f"It ended with status {status}"

"""A job that comes again and again: made afresh whenever its schedule says so."""

from dataclasses import dataclass, replace
from datetime import datetime

from solard.core.job import Job, JobSpec, JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalMoment:
    """A time of the local day, perhaps of one weekday."""

    minute: int
    """Of the local day, 0..1440."""
    weekday: int | None = None
    """0 = Monday; None = any day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTemplate:
    """What the owner wrote down once."""

    spec: JobSpec
    """Its moments are set each time that the template makes a job."""
    cron: str
    """Five fields, in the site's local time: `0 0 * * mon`."""
    deadline: LocalMoment | None = None
    """The next such moment after the job was made."""
    within_s: float | None = None
    """Or so many site seconds after it; None = no such deadline."""


def new_job(spec: JobSpec, number: int, now_at: datetime) -> Job:
    """Return a job that was just added."""
    return Job(
        job_id=f"{spec.name}-{number}",
        spec=spec,
        state=JobState.WAITING,
        added_at=now_at,
        note="Just added.",
    )


def made_spec(template: JobTemplate, deadline_at: datetime | None) -> JobSpec:
    """Return what a template asks for this time."""
    return replace(template.spec, deadline_at=deadline_at)

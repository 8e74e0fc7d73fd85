"""Jobs and rooms that tests of jobs start from."""

from dataclasses import replace
from typing import Any

from solard.core.job import Job, JobSpec, JobState
from solard.core.job_template import new_job
from solard.core.job_wish import JobRoom
from solard.core.modes import WorkMode
from tests.core.sites import NOON


def spec_of(**changes: Any) -> JobSpec:
    """Two hours on one card at 300 W."""
    values: dict[str, Any] = {
        "name": "retrain",
        "command": ("/opt/train.sh",),
        "duration_s": 7200.0,
        "power_w": 300.0,
        "cards": 1,
    }
    return JobSpec(**{**values, **changes})


def job_of(**changes: Any) -> Job:
    return new_job(spec_of(**changes), 1, NOON)


def running(job: Job, *gpu_ids: str) -> Job:
    return replace(job, state=JobState.RUNNING, since_at=NOON, gpu_ids=gpu_ids or ("gpu-1",))


def room_of(**changes: Any) -> JobRoom:
    """Noon in full sun: two cards, 2 kW to spare, no plan."""
    values: dict[str, Any] = {
        "now_at": NOON,
        "utc_offset_s": 7200,
        "live": True,
        "mode": WorkMode.FULL,
        "why": "Sun for everything.",
        "spare_w": 2000.0,
        "sun_w": 2000.0,
        "cards": 2,
        "plan": None,
    }
    return JobRoom(**{**values, **changes})

"""When a plan lets a job run."""

from datetime import UTC, datetime

from solard.core.job import JobWindow
from solard.core.plan import Plan

NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)
ONE = datetime(2024, 5, 6, 13, tzinfo=UTC)


def test_a_job_runs_in_its_window_and_not_at_its_end() -> None:
    window = JobWindow(job_id="train-1", starts_at=NOON, ends_at=ONE)
    plan = Plan(made_at=NOON, solve_s=0.1, gap=0.0, slots=(), jobs=(window,))

    assert plan.runs_job("train-1", NOON)
    assert not plan.runs_job("train-1", ONE)
    assert not plan.runs_job("train-2", NOON)

"""When a plan lets a job run."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from solard.core.job import JobSpec, JobWindow
from solard.core.job_template import new_job
from solard.core.plan import Plan

NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)
ONE = datetime(2024, 5, 6, 13, tzinfo=UTC)


def test_a_job_runs_in_its_window_and_not_at_its_end() -> None:
    window = JobWindow(job_id="train-1", starts_at=NOON, ends_at=ONE)
    plan = Plan(made_at=NOON, solve_s=0.1, gap=0.0, slots=(), jobs=(window,))

    assert plan.runs_job("train-1", NOON)
    assert not plan.runs_job("train-1", ONE)
    assert not plan.runs_job("train-2", NOON)


def test_what_a_job_pays_is_for_the_energy_that_it_still_needs() -> None:
    spec = JobSpec(
        name="tune", command=("true",), duration_s=7200.0, power_w=500.0, pay_at_most_per_kwh=0.1
    )
    half_done = replace(new_job(spec, 1, NOON), ran_s=3600.0)

    assert new_job(spec, 1, NOON).demand().value == pytest.approx(0.10)
    assert half_done.demand().value == pytest.approx(0.05)
    assert new_job(replace(spec, value=0.03), 1, NOON).demand().value == 0.03
    assert new_job(replace(spec, pay_at_most_per_kwh=None), 1, NOON).demand().value is None

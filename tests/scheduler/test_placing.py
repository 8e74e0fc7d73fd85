"""Where the plan puts jobs: into sun that is worth little otherwise, and in time."""

from datetime import timedelta
from typing import Any

from scheduler.planner import make_plan
from solard.core.job import JobDemand
from solard.core.plan import Plan
from tests.scheduler.plans import MIDNIGHT, request_of

DARK = (0.0, 200.0)
SUN = (1000.0, 200.0)
"""700 W are left beside house and idle rig."""
DAY = [DARK] * 8 + [SUN] * 8 + [DARK] * 8
"""Two hours of night, two of sun, two of night; import costs 0.30, export pays 0.08."""


def hours(number: float) -> Any:
    return MIDNIGHT + timedelta(hours=number)


def job(**changes: Any) -> JobDemand:
    """An hour of 500 W on the processor, within six hours."""
    values: dict[str, Any] = {
        "job_id": "retrain-1",
        "power_w": 500.0,
        "cards": 0,
        "remaining_s": 3600.0,
        "deadline_at": hours(6),
    }
    return JobDemand(**{**values, **changes})


def plan_with(*jobs: JobDemand, **changes: Any) -> Plan:
    return make_plan(request_of(DAY, jobs=jobs, workloads=(), **changes))


def windows(plan: Plan) -> list[tuple[float, float]]:
    return [
        (
            (one.starts_at - MIDNIGHT) / timedelta(hours=1),
            (one.ends_at - MIDNIGHT) / timedelta(hours=1),
        )
        for one in plan.jobs
    ]


def test_a_job_of_unstated_value_runs_on_sun() -> None:
    ((first, last),) = windows(plan_with(job(interruptible=False)))

    assert (first >= 2.0, last <= 4.0, last - first) == (True, True, 1.0)


def test_a_job_of_unstated_value_is_not_bought_for() -> None:
    assert windows(plan_with(job(deadline_at=hours(2)))) == []


def test_a_mandatory_job_is_done_in_time_whatever_it_costs() -> None:
    ((_, last),) = windows(plan_with(job(deadline_at=hours(2), mandatory=True)))

    assert last <= 2.0


def test_a_job_that_is_worth_its_import_is_bought_for() -> None:
    """Half a kWh costs 0.15."""
    assert windows(plan_with(job(deadline_at=hours(2), value=0.10))) == []
    assert windows(plan_with(job(deadline_at=hours(2), value=0.20))) != []


def test_a_job_longer_than_its_window_has_no_place() -> None:
    assert windows(plan_with(job(remaining_s=7201.0, deadline_at=hours(2), value=9.0))) == []


def test_a_block_that_runs_is_never_moved() -> None:
    running = job(interruptible=False, is_running=True, remaining_s=5400.0)

    assert windows(plan_with(running)) == [(0.0, 1.5)]


def test_an_interruptible_job_takes_only_the_sunny_hours() -> None:
    pieces = windows(plan_with(job(remaining_s=7200.0)))

    assert sum(last - first for first, last in pieces) == 2.0
    assert all(first >= 2.0 and last <= 4.0 for first, last in pieces)


def test_two_jobs_on_one_card_take_turns() -> None:
    pair = (job(job_id="a", cards=1, power_w=300.0), job(job_id="b", cards=1, power_w=300.0))

    first, second = sorted(plan_with(*pair).jobs, key=lambda one: one.starts_at)

    assert first.job_id != second.job_id
    assert first.ends_at <= second.starts_at

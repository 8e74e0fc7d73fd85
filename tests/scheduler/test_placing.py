"""Where the plan puts jobs: into sun that is worth little otherwise, and in time."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from scheduler.backward import Loads, find_worths, make_search
from scheduler.case import make_case
from scheduler.forward import follow
from scheduler.planner import make_plan
from solard.core.job import JobDemand
from solard.core.plan import Plan
from tests.scheduler.plans import MIDNIGHT, battery_of, request_of, rig_of

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


HAZE = (500.0, 200.0)
"""200 W are left: less than the job takes."""


@pytest.mark.parametrize(("is_running", "first"), [(False, 0.15), (True, 0.0)])
def test_a_part_of_a_step_lies_beside_the_next_one(is_running: bool, first: float) -> None:
    """An hour of sun after a quarter of haze, for a job of 66 min: 6 min lie in the haze."""
    sky = [HAZE] + [SUN] * 4 + [DARK] * 19
    one = job(remaining_s=3960.0, value=1.0, is_running=is_running)

    ((starts, ends),) = windows(make_plan(request_of(sky, jobs=(one,), workloads=())))

    assert (starts, ends) == (pytest.approx(first), pytest.approx(first + 1.1))


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


BRIGHT = [DARK] * 16 + [(3000.0, 200.0)] * 16 + [DARK] * 16
"""Four hours of night, four of sun, four of night."""


def train(**changes: Any) -> JobDemand:
    """An hour of 600 W on one card, in one run, any time within twelve hours."""
    values = {"cards": 1, "power_w": 600.0, "deadline_at": hours(12), "value": 0.10}
    return job(**{**values, "interruptible": False, **changes})


def bright_plan(*jobs: JobDemand, **changes: Any) -> Plan:
    return make_plan(request_of(BRIGHT, rig=rig_of(2), jobs=jobs, **changes))


def test_jobs_never_take_more_cards_than_there_are() -> None:
    crowd = [train(job_id=f"j{index}", cards=2, value=0.50) for index in range(4)]

    spans = sorted(windows(bright_plan(*crowd)))

    assert len(spans) >= 3
    assert all(first[1] <= second[0] + 1e-9 for first, second in pairwise(spans))


def test_card_of_a_job_does_no_other_work() -> None:
    plan = bright_plan(train(cards=2, value=1.0))
    ((first, last),) = windows(plan)

    busy = [slot for slot in plan.slots if hours(first) <= slot.starts_at < hours(last - 0.01)]
    assert [slot.cards_on for slot in busy] == [0] * len(busy)
    assert all(slot.jobs_w == pytest.approx(600.0) for slot in busy)


def test_jobs_spare_the_reserve() -> None:
    """Complaint 7: sun comes in time, the battery need not feed the job below its reserve."""
    spec = replace(battery_of(work_above_soc=0.1, standby_soc=0.1), reserve_soc=0.5)

    ((first, _),) = windows(bright_plan(train(value=0.5), battery=spec, soc=0.3))

    assert first >= 4.0


def test_path_that_is_followed_from_a_job_on_is_the_whole_path() -> None:
    case = make_case(request_of(BRIGHT, rig=rig_of(2), battery=battery_of(), soc=0.6))
    search = make_search(case)
    none = Loads.none(len(case.steps))
    worths = find_worths(search, none)
    before = follow(search, none, worths)
    busy = replace(none, powers_kw=none.powers_kw.copy())
    busy.powers_kw[20:24] = 0.6

    assert follow(search, busy, worths, before, 20) == follow(search, busy, worths)


def test_job_that_pays_too_little_for_the_cheapest_hour_waits() -> None:
    """Half a kWh displaces 0.04 of export: 0.15 per kWh buys it, 0.05 does not."""
    assert windows(plan_with(job(value=0.5 * 0.05))) == []
    assert len(windows(plan_with(job(value=0.5 * 0.15)))) == 1


def test_a_job_that_can_wait_gives_its_best_hours_to_one_that_cannot() -> None:
    """Both want both cards in the sun; the better paid one is also done in the evening."""
    patient = train(job_id="patient", cards=2, remaining_s=4 * 3600.0, value=3.0)
    hurried = train(
        job_id="hurried",
        cards=2,
        remaining_s=2 * 3600.0,
        value=1.0,
        earliest_at=hours(4),
        deadline_at=hours(6.5),
    )

    plan = bright_plan(patient, hurried)

    assert {one.job_id for one in plan.jobs} == {"patient", "hurried"}

"""A machine with nothing to do sleeps where idling costs more than silence."""

from dataclasses import replace
from datetime import timedelta

from scheduler.planner import make_plan
from solard.core.host_sleep import HostSleep
from solard.core.job import JobDemand
from solard.core.plan import Plan
from tests.scheduler.plans import GOLD, MIDNIGHT, QUARTER, battery_of, request_of

DARK = (0.0, 200.0)
SUN = (2500.0, 200.0)
NIGHT_AND_DAY = [DARK] * 24 + [SUN] * 16 + [DARK] * 8
"""Six hours of night, four of sun, two of night."""
SLEEP = HostSleep(wake_for_s=3600.0, asleep_w=5.0)


def plan_for(quarters: list[tuple[float, float]] = NIGHT_AND_DAY, **changes: object) -> Plan:
    values: dict[str, object] = {
        "battery": battery_of(),
        "soc": 0.45,
        "workloads": (GOLD,),
        "sleep": SLEEP,
    }
    return make_plan(request_of(quarters, **{**values, **changes}))


def asleep(plan: Plan) -> list[int]:
    return [index for index, slot in enumerate(plan.slots) if slot.asleep]


def test_machine_sleeps_through_the_night_and_is_awake_for_the_sun() -> None:
    plan = plan_for()

    assert set(range(24)) <= set(asleep(plan))
    assert not set(range(30, 39)) & set(asleep(plan))
    assert {round(slot.rig_w) for slot in plan.slots[:24]} == {5}
    assert {round(slot.house_w) for slot in plan.slots[:24]} == {200}


def test_energy_that_sleep_saves_is_still_there_in_the_morning() -> None:
    """95 W for six hours are 570 Wh of 10 kWh."""
    awake, sleeping = plan_for(sleep=None), plan_for()

    assert abs(sleeping.slots[23].soc - awake.slots[23].soc - 0.057) < 0.002


def test_nobody_sleeps_without_leave() -> None:
    assert asleep(plan_for(sleep=None)) == []


def test_silence_that_costs_more_than_idling_keeps_it_awake() -> None:
    answering = replace(GOLD, outage_per_h=5.0)

    assert asleep(plan_for(workloads=(answering,))) == []


def test_half_an_hour_of_work_wakes_nobody() -> None:
    quarters = [DARK] * 12 + [SUN] * 2 + [DARK] * 12

    assert set(asleep(plan_for(quarters, soc=0.31))) == set(range(26))


def test_job_keeps_it_awake() -> None:
    job = JobDemand(
        job_id="backup-1",
        power_w=100.0,
        cards=0,
        remaining_s=3600.0,
        deadline_at=MIDNIGHT + timedelta(hours=1),
        mandatory=True,
    )

    assert not set(range(4)) & set(asleep(plan_for(jobs=(job,))))


def test_owner_wants_it_awake_in_the_sun_of_the_day() -> None:
    """From 07:00 on, whatever the plan makes of a dull day."""
    dull = [DARK] * 24 + [(60.0, 200.0)] * 16
    late = replace(SLEEP, wake_by_minute=7 * 60)

    assert asleep(plan_for(dull)) == list(range(40))
    assert asleep(plan_for(dull, sleep=late)) == list(range(28))


def test_plan_says_until_when_it_sleeps() -> None:
    plan = plan_for()

    last = max(index for index in asleep(plan) if index < 30)

    assert plan.sleeps_until(MIDNIGHT + QUARTER) == plan.slots[last].ends_at
    assert plan.sleeps_until(MIDNIGHT + 30 * QUARTER) is None

"""When a job starts, waits, pauses and is given up, and the sentence that says why."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from solard.core.job import Job, JobState, JobWindow
from solard.core.job_moves import next_moves
from solard.core.job_wish import JobMove, Move
from solard.core.modes import WorkMode
from solard.core.plan import Plan
from tests.core.jobs import job_of, room_of, running
from tests.core.sites import NOON


def in_h(hours: float) -> Any:
    return NOON + timedelta(hours=hours)


def plan_with(*windows: tuple[float, float], made_h: float = 0.0) -> Plan:
    return Plan(
        made_at=in_h(made_h),
        solve_s=0.1,
        gap=0.0,
        slots=(),
        jobs=tuple(
            JobWindow(job_id="retrain-1", starts_at=in_h(a), ends_at=in_h(b)) for a, b in windows
        ),
    )


def move(job: Job, **room: Any) -> JobMove:
    (only,) = next_moves((job,), room_of(**room))
    return only


def moves(*jobs: Job, **room: Any) -> list[Move]:
    return [one.move for one in next_moves(jobs, room_of(**room))]


def test_enough_sun_starts_a_job_where_there_is_no_plan() -> None:
    assert move(job_of()) == JobMove(move=Move.START, note="The sun feeds it.")


def test_too_little_sun_makes_it_wait() -> None:
    assert move(job_of(), sun_w=120.0) == JobMove(
        move=Move.WAIT, note="It needs 300 W of sun; there are 120 W."
    )


def test_unknown_sun_starts_nothing() -> None:
    waits = move(job_of(), sun_w=None)

    assert waits.move is Move.WAIT
    assert waits.note == "Sun or load is unknown, and there is no plan."


def test_the_plan_decides_where_there_is_one() -> None:
    planned = plan_with((-0.5, 1.0))

    assert move(job_of(), sun_w=0.0, plan=planned).move is Move.START
    assert move(job_of(), plan=plan_with((1.0, 3.0))) == JobMove(
        move=Move.WAIT, note="Planned for 13:00."
    )
    assert "no time for it" in move(job_of(), plan=plan_with()).note
    assert "next plan" in move(job_of(), plan=plan_with(made_h=-1.0)).note


def test_a_mandatory_job_starts_at_the_latest_moment_whatever_the_plan_says() -> None:
    due = job_of(mandatory=True, deadline_at=in_h(2.2))
    early = job_of(mandatory=True, deadline_at=in_h(4.0))

    assert move(due, plan=plan_with((2.0, 4.0)), sun_w=0.0).note == (
        "It must start now to be in time."
    )
    assert move(early, plan=plan_with((2.0, 4.0)), sun_w=0.0).move is Move.WAIT


def test_a_job_that_the_plan_wants_later_than_it_can_be_in_time_starts_now() -> None:
    """Two hours, and a deadline in two hours and a minute: no later window is in time."""
    tight = job_of(deadline_at=in_h(2.0 + 1.0 / 60.0))
    later = plan_with((0.25, 2.25))

    assert move(tight, plan=later) == JobMove(
        move=Move.START, note="The plan wants it, and it must start now."
    )
    assert move(job_of(deadline_at=in_h(2.1)), plan=later).move is Move.WAIT
    assert move(tight, plan=plan_with()).move is Move.WAIT


def test_a_waiting_job_is_planned_with_a_minute_to_start_in() -> None:
    waiting = job_of(deadline_at=in_h(4.0))

    assert waiting.demand().deadline_at == in_h(4.0) - timedelta(minutes=1)
    assert running(waiting).demand().deadline_at == in_h(4.0)
    assert job_of().demand().deadline_at is None


def test_the_operator_comes_before_the_plan_but_not_before_the_rules() -> None:
    urgent = replace(job_of(), at_once=True)

    assert move(urgent, plan=plan_with(), sun_w=0.0).note == "The operator asked for it."
    assert move(urgent, mode=WorkMode.STANDBY, why="Generator runs.") == JobMove(
        move=Move.WAIT, note="Generator runs."
    )


def test_a_job_waits_for_its_time_for_cards_and_for_watts() -> None:
    assert move(job_of(earliest_at=in_h(1.0))).note == "Not before 13:00."
    assert move(replace(job_of(), not_before_at=in_h(0.5))).note == "Not before 12:30."
    assert move(job_of(cards=2), cards=1).note == "It needs 2 cards; 1 can be had now."
    assert move(job_of(), cards=0).note == "It needs 1 card; 0 can be had now."
    assert move(job_of(), spare_w=250.0).note == "It needs 300 W; the rules leave 250 W."


def test_observe_mode_starts_nothing() -> None:
    assert move(job_of(), live=False).note == "Observe mode starts nothing; `solard live` does."


def test_an_optional_job_that_cannot_be_in_time_is_given_up() -> None:
    missed = move(job_of(deadline_at=in_h(1.0)))

    assert missed == JobMove(
        move=Move.MISS, note="It needs 2 h and has 1 h until its deadline, 13:00."
    )


def test_a_mandatory_job_is_tried_until_its_deadline_and_then_missed() -> None:
    late = job_of(mandatory=True, deadline_at=in_h(1.0))

    assert move(late).move is Move.START
    assert move(replace(late, spec=replace(late.spec, deadline_at=NOON))).note == (
        "Its deadline, 12:00, is past."
    )


def test_a_running_mandatory_job_finishes_late_rather_than_never() -> None:
    late = running(job_of(mandatory=True, deadline_at=in_h(-0.1)))

    assert move(late).move is Move.GO_ON


def test_a_running_optional_job_ends_at_its_deadline() -> None:
    assert move(running(job_of(deadline_at=NOON))).move is Move.MISS


def test_a_running_job_goes_on_while_the_plan_says_so() -> None:
    job = replace(running(job_of()), since_at=in_h(-1.0))

    assert move(job, plan=plan_with((-1.0, 1.0)), sun_w=0.0).move is Move.GO_ON
    assert move(job, plan=plan_with((1.0, 2.0))) == JobMove(
        move=Move.PAUSE, note="Planned for 13:00."
    )


def test_a_passing_cloud_pauses_no_job() -> None:
    job = replace(running(job_of()), since_at=in_h(-1.0))

    assert move(job, sun_w=220.0).move is Move.GO_ON
    assert move(job, sun_w=200.0).move is Move.PAUSE
    assert move(running(job_of()), sun_w=0.0).move is Move.GO_ON  # it has just begun


def test_without_power_for_work_a_job_pauses_at_once() -> None:
    assert move(running(job_of()), mode=WorkMode.STANDBY, why="Grid lost.") == JobMove(
        move=Move.PAUSE, note="Grid lost."
    )


def test_an_uninterruptible_job_is_only_stopped_where_all_work_stops() -> None:
    block = running(job_of(interruptible=False))

    assert move(block, plan=plan_with((5.0, 6.0))).move is Move.GO_ON
    assert move(block, mode=WorkMode.STANDBY).move is Move.GO_ON
    assert move(block, mode=WorkMode.OFF, why="Battery 19 %.") == JobMove(
        move=Move.STOP, note="Battery 19 %."
    )
    assert move(running(job_of()), mode=WorkMode.OFF).move is Move.PAUSE


def named(name: str, **changes: Any) -> Job:
    return job_of(name=name, **changes)


def test_two_jobs_share_the_sun_that_there_is_and_the_second_waits() -> None:
    first, second = next_moves((named("one"), named("two")), room_of(sun_w=500.0))

    assert first.move is Move.START
    assert second.note == "It needs 300 W of sun; there are 200 W."


def test_sun_for_one_of_two_running_jobs_pauses_only_the_second() -> None:
    one, two = (
        replace(running(named(name), f"gpu-{name}"), since_at=in_h(-1.0)) for name in ("one", "two")
    )

    assert moves(one, two, sun_w=400.0) == [Move.GO_ON, Move.PAUSE]


def test_a_job_that_runs_comes_before_one_that_waits() -> None:
    """Both are planned for now, and there is one card."""
    waiting = job_of()
    runs = replace(running(named("render")), since_at=in_h(-1.0))
    both = replace(
        plan_with((-1.0, 2.0)),
        jobs=(
            *plan_with((-1.0, 2.0)).jobs,
            JobWindow(job_id="render-1", starts_at=in_h(-1.0), ends_at=in_h(2.0)),
        ),
    )

    assert moves(waiting, runs, cards=1, plan=both) == [Move.WAIT, Move.GO_ON]


def test_a_mandatory_job_that_is_due_makes_an_interruptible_one_give_way() -> None:
    due = job_of(mandatory=True, cards=2, deadline_at=in_h(2.2))
    optional = running(named("render"), "gpu-0")

    waits, gives_way = next_moves((due, optional), room_of())

    assert waits == JobMove(move=Move.WAIT, note="Jobs that can wait make room for it.")
    assert gives_way == JobMove(
        move=Move.PAUSE, note="It gives way to retrain-1, which cannot wait."
    )
    assert moves(due, replace(optional, state=JobState.PAUSED)) == [Move.START, Move.WAIT]


def test_of_two_that_are_due_the_one_with_less_time_comes_first() -> None:
    """Two hours each, for the one card that there is."""
    later = named("later", mandatory=True, deadline_at=in_h(2.2))
    sooner = named("sooner", mandatory=True, deadline_at=in_h(2.1))

    assert moves(later, sooner, cards=1) == [Move.WAIT, Move.START]


def test_nothing_makes_a_running_block_give_way() -> None:
    due = job_of(mandatory=True, cards=2, deadline_at=in_h(2.2))
    block = running(named("render", interruptible=False), "gpu-0")

    waits, goes_on = next_moves((due, block), room_of())

    assert waits.note == "It needs 2 cards; 1 can be had now."
    assert goes_on.move is Move.GO_ON


def test_below_its_reserve_the_battery_feeds_no_job_that_can_wait() -> None:
    planned = plan_with((-0.5, 4.0))
    low: dict[str, Any] = {"plan": planned, "below_reserve": True}

    assert move(job_of(), sun_w=299.0, **low) == JobMove(
        move=Move.WAIT, note="The battery is below its reserve; it waits for sun while it can."
    )
    assert move(job_of(), sun_w=300.0, **low).move is Move.START
    assert move(job_of(deadline_at=in_h(2.4)), sun_w=0.0, **low).move is Move.START
    assert move(running(job_of(interruptible=False)), sun_w=0.0, **low).move is Move.GO_ON


def test_what_began_without_a_plan_runs_ten_minutes_and_then_follows_the_first_plan() -> None:
    first_plan = plan_with((1.0, 3.0))
    young = replace(running(job_of()), since_at=in_h(-0.15))
    older = replace(young, since_at=in_h(-0.17))
    block = replace(running(job_of(interruptible=False)), since_at=in_h(-0.5))

    assert move(young, plan=first_plan).move is Move.GO_ON
    assert move(older, plan=first_plan) == JobMove(move=Move.PAUSE, note="Planned for 13:00.")
    assert move(block, plan=first_plan).move is Move.GO_ON

"""What becomes of a job when it starts, pauses, ends, fails or is given up."""

from dataclasses import replace
from datetime import timedelta

from solard.core.job import JobState
from solard.core.job_changes import cancel, end, interrupt, miss, run_on, start
from tests.core.jobs import job_of, running
from tests.core.sites import NOON


def test_a_job_remembers_when_it_first_ran_and_where_it_runs() -> None:
    first = start(job_of(), NOON, ("gpu-0",), "The sun feeds it.")
    again = start(interrupt(first, NOON, "Cloud."), NOON + timedelta(hours=1), ("gpu-1",), "Sun.")

    assert (first.state, first.started_at, first.gpu_ids) == (JobState.RUNNING, NOON, ("gpu-0",))
    assert (again.started_at, again.since_at) == (NOON, NOON + timedelta(hours=1))


def test_a_paused_job_keeps_what_it_has_done_and_a_stopped_block_does_not() -> None:
    saved = interrupt(run_on(running(job_of()), 3600.0), NOON, "Cloud.")
    lost = interrupt(run_on(running(job_of(interruptible=False)), 3600.0), NOON, "Off.")

    assert (saved.state, saved.ran_s, saved.remaining_s) == (JobState.PAUSED, 3600.0, 3600.0)
    assert (lost.state, lost.ran_s, lost.gpu_ids) == (JobState.WAITING, 0.0, ())


def test_a_job_that_takes_longer_than_said_needs_a_minute_more() -> None:
    assert run_on(job_of(), 9000.0).remaining_s == 60.0


def test_status_0_is_done() -> None:
    done = end(running(job_of()), NOON, 0)

    assert (done.state, done.ended_at, done.exit_status) == (JobState.DONE, NOON, 0)


def test_a_failed_job_is_tried_again_later_each_time_after_a_longer_wait() -> None:
    once = end(running(job_of(retries=2)), NOON, 3)
    twice = end(running(once), NOON, -9)
    thrice = end(running(twice), NOON, None)

    assert once.note == "It ended with status 3; again in 1 min, 2 tries left."
    assert once.not_before_at == NOON + timedelta(seconds=60)
    assert twice.note == "Signal 9 ended it; again in 2 min, 1 tries left."
    assert (thrice.state, thrice.note) == (JobState.FAILED, "It vanished; no tries are left.")


def test_what_is_over_says_why() -> None:
    urgent = replace(job_of(), at_once=True)

    assert miss(urgent, NOON, "Too late.").note == "Too late."
    assert cancel(urgent, NOON).state is JobState.CANCELLED
    assert not cancel(urgent, NOON).at_once
    assert cancel(urgent, NOON).state.is_over
    assert not urgent.state.is_over

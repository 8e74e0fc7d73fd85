"""One thread per card."""

import threading

import pytest

from hardware.gpu.lane import Lane


def test_work_runs_in_order_and_answers():
    lane, seen = Lane("0"), []

    futures = [lane.submit(lambda n=number: seen.append(n)) for number in range(5)]
    futures[-1].result(timeout=5)

    assert seen == [0, 1, 2, 3, 4]


def test_an_error_belongs_to_whoever_asked_and_the_lane_goes_on():
    lane = Lane("0")

    failed = lane.submit(lambda: 1 / 0)
    after = lane.submit(lambda: "still here")

    with pytest.raises(ZeroDivisionError):
        failed.result(timeout=5)
    assert after.result(timeout=5) == "still here"


def test_cancelled_work_is_never_done():
    lane, gate, seen = Lane("0"), threading.Event(), []
    running = lane.submit(lambda: gate.wait(5))
    late = lane.submit(lambda: seen.append("late"))

    assert late.cancel()
    gate.set()
    running.result(timeout=5)
    lane.submit(lambda: None).result(timeout=5)

    assert seen == []


def test_a_lane_knows_that_it_is_busy():
    lane, gate, started = Lane("0"), threading.Event(), threading.Event()
    future = lane.submit(lambda: (started.set(), gate.wait(5)))
    started.wait(5)

    assert not lane.is_idle
    assert lane.busy_s >= 0.0
    gate.set()
    future.result(timeout=5)

"""Down at once, up slowly."""

from solard.core.bounds import PowerBounds
from solard.core.ramp import RampMemory, ramp

ROOM = PowerBounds(min_w=100.0, max_w=1100.0)


def test_first_budget_is_the_least() -> None:
    assert ramp(600.0, ROOM, RampMemory(), 0.0).budget_w == 100.0


def test_fall_is_followed_at_once() -> None:
    assert ramp(200.0, ROOM, RampMemory(budget_w=900.0, rising_since_s=1.0), 5.0) == RampMemory(
        budget_w=200.0
    )


def test_rise_waits_ten_seconds() -> None:
    first = ramp(600.0, ROOM, RampMemory(budget_w=500.0), 0.0)
    early = ramp(600.0, ROOM, first, 9.9)
    due = ramp(600.0, ROOM, early, 10.0)

    assert (first.budget_w, early.budget_w, due.budget_w) == (500.0, 500.0, 600.0)


def test_rise_takes_at_most_a_quarter_of_the_range() -> None:
    waiting = RampMemory(budget_w=100.0, rising_since_s=0.0)

    assert ramp(1100.0, ROOM, waiting, 20.0).budget_w == 350.0


def test_next_rise_waits_fifteen_seconds() -> None:
    risen = RampMemory(budget_w=350.0, rising_since_s=0.0, rose_s=20.0)

    assert ramp(1100.0, ROOM, risen, 34.9).budget_w == 350.0
    assert ramp(1100.0, ROOM, risen, 35.0).budget_w == 600.0


def test_small_rise_is_not_worth_a_write() -> None:
    assert ramp(519.0, ROOM, RampMemory(budget_w=500.0, rising_since_s=0.0), 60.0) == RampMemory(
        budget_w=500.0
    )


def test_budget_outside_a_smaller_room_comes_inside() -> None:
    smaller = PowerBounds(min_w=100.0, max_w=400.0)

    assert ramp(400.0, smaller, RampMemory(budget_w=900.0), 0.0).budget_w == 400.0


def test_room_of_one_point_stays_there() -> None:
    point = PowerBounds(min_w=100.0, max_w=100.0)

    assert ramp(100.0, point, RampMemory(), 0.0).budget_w == 100.0

"""Jobs that crowd: whose order is worth more."""

from datetime import timedelta
from typing import Any

import numpy as np

from scheduler.crowding import Bid, find_order
from scheduler.dynamics import Array
from solard.core.job import JobDemand
from tests.scheduler.plans import MIDNIGHT

HOURS = 6


def bid(name: str, need_h: float, worth: float, window: tuple[int, int], **more: Any) -> Bid:
    """Six steps of an hour, each of which costs 0.1 unless `cost` says otherwise."""
    cost = np.array(more.pop("cost", [0.1] * HOURS))
    owed = more.pop("owed", False)
    job = JobDemand(
        job_id=name,
        power_w=300.0,
        cards=more.pop("cards", 1),
        remaining_s=3600.0 * need_h,
        deadline_at=MIDNIGHT + timedelta(hours=window[1]),
        value=worth,
        interruptible=more.pop("interruptible", False),
    )
    return Bid(
        job=job,
        owed=owed,
        worth=worth,
        least_gain=0.01,
        hours=hours_of(window),
        cost_per_h=cost,
    )


def hours_of(window: tuple[int, int]) -> Array:
    return np.array([1.0 if window[0] <= hour < window[1] else 0.0 for hour in range(HOURS)])


def names(order: tuple[JobDemand, ...] | None) -> list[str] | None:
    return None if order is None else [job.job_id for job in order]


def test_order_stays_while_everybody_finds_room() -> None:
    assert find_order([bid("a", 2, 1.0, (0, 6)), bid("b", 2, 0.5, (0, 6))], cards=1) is None


def test_who_is_in_a_hurry_goes_before_who_pays_more_and_can_wait() -> None:
    # The better paid would take the two cheap hours in the middle, and the other has no others.
    cheap_midday = [0.3, 0.1, 0.1, 0.3, 0.3, 0.3]
    patient = bid("patient", 2, 2.0, (0, 6), cost=cheap_midday)
    hurried = bid("hurried", 2, 1.0, (1, 3), cost=cheap_midday)

    assert names(find_order([patient, hurried], cards=1)) == ["hurried", "patient"]


def test_two_that_share_the_cards_go_before_one_that_takes_all_of_them() -> None:
    wide = bid("wide", 6, 3.0, (0, 6), cards=4, cost=[0.0] * HOURS)
    narrow = [bid(name, 6, 2.0, (0, 6), cards=2, cost=[0.0] * HOURS) for name in ("b", "c")]

    order = names(find_order([wide, *narrow], cards=4))

    assert order is not None
    assert order[-1] == "wide"


def test_who_must_run_stays_in_front_of_all_who_may() -> None:
    owed = bid("owed", 4, 0.0, (0, 6), owed=True)
    first, second = bid("first", 2, 0.6, (0, 6)), bid("second", 2, 0.9, (0, 6))

    assert names(find_order([owed, first, second], cards=1)) == ["owed", "second", "first"]


def test_hours_in_which_a_job_cannot_run_are_not_counted() -> None:
    barred = [np.inf, np.inf, 0.1, 0.1, np.inf, np.inf]
    one = bid("one", 2, 1.0, (0, 6), cost=barred, interruptible=True)
    other = bid("other", 1, 2.0, (0, 6), interruptible=True)

    # `other` first takes the first hour of equals, which `one` cannot have: both find room.
    assert find_order([other, one], cards=1) is None

"""A job that makes no sense is refused with a sentence."""

from datetime import timedelta
from typing import Any

import pytest

from solard.core.job import assumed_power_w
from solard.core.job_checks import find_fault
from tests.core.jobs import spec_of
from tests.core.sites import NOON

IN_1_H = NOON + timedelta(hours=1)


def test_a_sound_job_has_no_fault() -> None:
    assert find_fault(spec_of(deadline_at=NOON + timedelta(hours=2)), NOON) is None
    assert find_fault(spec_of(), NOON) is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "Re train"}, "'Re train' is no name of a job"),
        ({"command": ()}, "job retrain has no command"),
        ({"command": ("",)}, "job retrain has no command"),
        ({"duration_s": 0.0}, "cannot run 0 s: 1 min to 30 days"),
        ({"duration_s": float("nan")}, "cannot run nan s"),
        ({"power_w": -5.0}, "cannot take -5 W"),
        ({"cards": 65}, "cannot take 65 cards: 0 to 64"),
        ({"deadline_at": NOON}, "its deadline is past before it may start"),
        ({"deadline_at": IN_1_H}, "takes 2 h and its window is 1 h; give it a later deadline"),
        ({"mandatory": True}, "is mandatory and has no deadline"),
        ({"value": float("inf")}, "cannot be worth inf"),
        ({"checkpoint_signal": "SIGKILL"}, "SIGKILL is no checkpoint; use one of SIGINT"),
        ({"grace_s": 0.0}, "a grace of 0 s is not within 1 h"),
        ({"retries": -1}, "cannot be tried -1 times more"),
    ],
)
def test_a_fault_is_said(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in (find_fault(spec_of(**changes), NOON) or "")


def test_the_window_counts_from_when_it_may_start() -> None:
    late = spec_of(earliest_at=IN_1_H, deadline_at=NOON + timedelta(hours=2))

    assert "its window is 1 h" in (find_fault(late, NOON) or "")


def test_power_is_assumed_where_nobody_says() -> None:
    assert (assumed_power_w(2), assumed_power_w(0)) == (600.0, 60.0)

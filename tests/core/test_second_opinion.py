"""A second opinion is followed as far as it was right, and never out of what is likely."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from solard.core.forecast import Forecast, ForecastSlot
from solard.core.second_opinion import Said, Trust, learned, mixed, opinions
from solard.core.told import ToldPower

NOON = datetime(2024, 6, 20, 12, tzinfo=UTC)
SLOT = timedelta(minutes=15)


def slot(place: int, pv_w: float = 1000.0) -> ForecastSlot:
    return ForecastSlot(
        starts_at=NOON + SLOT * place,
        ends_at=NOON + SLOT * (place + 1),
        pv_w=pv_w,
        pv_low_w=600.0,
        pv_high_w=2000.0,
        house_w=300.0,
    )


FORECAST = Forecast(issued_at=NOON, source="own", slots=tuple(map(slot, range(4))))


def word(place: int, power_w: float) -> ToldPower:
    begins = NOON + SLOT * place
    return ToldPower(starts_at=begins, ends_at=begins + SLOT, power_w=power_w)


def said(own_w: float, theirs_w: float) -> Said:
    return Said(starts_at=NOON, own_w=own_w, theirs_w=theirs_w, scale_w=2000.0)


def test_nobody_is_followed_who_has_not_been_right_yet() -> None:
    theirs = opinions(FORECAST, [word(1, 1500.0)])

    assert mixed(FORECAST, theirs, Trust(), "they") == FORECAST


def test_who_was_right_eight_times_is_followed_half_way() -> None:
    trust = Trust()
    for _ in range(8):
        trust = trust.after(said(1000.0, 1200.0), 1200.0)

    # 0.1 of the best each time, so 0.01 a time: 7.7 of 8 are left, against a doubt of 8.
    assert trust.share == pytest.approx(0.0773 / (0.0773 + 0.08), abs=0.001)
    moved = mixed(FORECAST, opinions(FORECAST, [word(1, 1500.0)]), trust, "they")
    assert moved.slots[1].pv_w == pytest.approx(1000.0 + 500.0 * trust.share)
    assert [moved.slots[0], *moved.slots[2:]] == [FORECAST.slots[0], *FORECAST.slots[2:]]
    assert moved.source == "own; they by 49%"


def test_who_was_wrong_is_not_followed_again() -> None:
    trust = Trust(gain=1.0, total=1.0)
    for _ in range(20):
        trust = trust.after(said(1000.0, 2000.0), 800.0)

    assert trust.share == 0.0


def test_agreeing_proves_nothing() -> None:
    assert Trust().after(said(1000.0, 1000.0), 1700.0) == Trust()


def test_opinion_moves_nothing_out_of_what_is_likely() -> None:
    low, high = opinions(FORECAST, [word(1, -50.0), word(2, 9e9)])

    assert (low.theirs_w, high.theirs_w) == (600.0, 2000.0)


def test_what_has_begun_or_is_dark_is_no_matter_of_opinion() -> None:
    dark = replace(slot(1), pv_w=0.0, pv_low_w=0.0, pv_high_w=0.0)
    forecast = replace(FORECAST, slots=(slot(0), dark))

    assert opinions(forecast, [word(0, 900.0), word(1, 900.0), word(9, 900.0)]) == ()


def test_trust_is_learned_from_what_came_true_and_from_nothing_else() -> None:
    theirs = (said(1000.0, 1200.0), replace(said(1000.0, 5.0), starts_at=NOON + SLOT))

    assert learned(Trust(), theirs, {NOON: 1200.0}) == Trust().after(theirs[0], 1200.0)

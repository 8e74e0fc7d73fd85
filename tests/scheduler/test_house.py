"""The base load that a house is expected to have."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.house import UNKNOWN_W, expected_house_w, learn_house
from solard.core.site_slot import SiteSlot
from tests.scheduler.skies import MONDAY, quarters, slot_at

PARIS = ZoneInfo("Europe/Paris")
SEVEN = timedelta(hours=5)
"""07:00 in Paris in summer, from midnight UTC."""


def weeks(count: int, *, sunday_w: float = 300.0) -> tuple[SiteSlot, ...]:
    """300 W day and night, 1500 W from 06:00 to 08:00 local; Sundays as told."""
    slots = []
    for moment in quarters(MONDAY - timedelta(days=7 * count), MONDAY):
        local = moment.astimezone(PARIS)
        morning = 6 <= local.hour < 8
        usual_w = 1500.0 if morning else 300.0
        slots.append(slot_at(moment, None, sunday_w if local.weekday() == 6 else usual_w))
    return tuple(slots)


def test_house_of_which_nothing_is_known_has_an_assumed_load() -> None:
    assert expected_house_w(learn_house((), PARIS), MONDAY, PARIS) == UNKNOWN_W


def test_breakfast_comes_at_its_local_time() -> None:
    profile = learn_house(weeks(3), PARIS)

    assert expected_house_w(profile, MONDAY + SEVEN, PARIS) > 1300.0
    assert expected_house_w(profile, MONDAY + 2 * SEVEN, PARIS) == pytest.approx(300.0)


def test_weekday_with_a_life_of_its_own_is_learned() -> None:
    profile = learn_house(weeks(6), PARIS)
    sunday, wednesday = MONDAY + timedelta(days=6), MONDAY + timedelta(days=2)

    on_sunday_w = expected_house_w(profile, sunday + SEVEN, PARIS)

    assert on_sunday_w < 600.0
    assert expected_house_w(profile, wednesday + SEVEN, PARIS) > 1400.0


def test_one_day_of_history_serves_every_day_of_the_week() -> None:
    profile = learn_house(weeks(1)[: 4 * 24], PARIS)
    thursday = MONDAY + timedelta(days=3)

    assert expected_house_w(profile, thursday + SEVEN, PARIS) == pytest.approx(1500.0)


def test_breakfast_stays_at_seven_when_summer_time_ends() -> None:
    profile = learn_house(weeks(3), PARIS)
    winter = MONDAY + timedelta(days=7 * 30)

    assert expected_house_w(profile, winter + timedelta(hours=6), PARIS) > 1300.0
    assert expected_house_w(profile, winter + timedelta(hours=4), PARIS) < 500.0

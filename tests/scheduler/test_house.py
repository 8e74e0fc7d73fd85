"""The base load that a house is expected to have."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from scheduler.house import (
    UNKNOWN_SPREAD,
    UNKNOWN_W,
    expect_house,
    learn_house,
    learn_house_spread,
    quarters_of_week,
)
from scheduler.sky import Floats
from tests.scheduler.skies import MONDAY

PARIS = ZoneInfo("Europe/Paris")
SEVEN = timedelta(hours=5)
"""07:00 in Paris in summer, from midnight UTC."""
NOTHING = np.full(4, np.nan)


def week_of(moment: datetime, count: int = 1) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return quarters_of_week(int(moment.timestamp()), count, PARIS)


def learned(
    weeks: int, *, sunday_w: float = 300.0, quarters: int | None = None
) -> tuple[float, ...]:
    """300 W day and night, 1500 W from 06:00 to 08:00 local; Sundays as told."""
    count = weeks * 7 * 96
    week = week_of(MONDAY - timedelta(weeks=weeks), count)
    hour, day = week % 96 / 4, week // 96
    house_w = np.where((hour >= 6) & (hour < 8), 1500.0, 300.0)
    return learn_house(np.where(day == 6, sunday_w, house_w)[:quarters], week[:quarters])


def expected_w(profile: tuple[float, ...], moment: datetime, recent_w: Floats = NOTHING) -> float:
    week = week_of(moment - timedelta(hours=1), 5)
    return float(expect_house(profile, recent_w, week[:4], week[4:])[0])


def test_house_of_which_nothing_is_known_has_an_assumed_load() -> None:
    assert expected_w(learn_house(NOTHING, week_of(MONDAY, 4)), MONDAY) == UNKNOWN_W


def test_first_hour_of_a_house_is_what_is_expected_of_it() -> None:
    assert expected_w((), MONDAY, np.array([np.nan, np.nan, 400.0, 500.0])) == 450.0


def test_breakfast_comes_at_its_local_time() -> None:
    profile = learned(3)

    assert expected_w(profile, MONDAY + SEVEN) > 1300.0
    assert expected_w(profile, MONDAY + 2 * SEVEN) == pytest.approx(300.0)


def test_weekday_with_a_life_of_its_own_is_learned() -> None:
    profile = learned(6)
    sunday, wednesday = MONDAY + timedelta(days=6), MONDAY + timedelta(days=2)

    assert expected_w(profile, sunday + SEVEN) < 600.0
    assert expected_w(profile, wednesday + SEVEN) > 1400.0


def test_one_day_of_history_serves_every_day_of_the_week() -> None:
    profile = learned(1, quarters=96)

    assert expected_w(profile, MONDAY + timedelta(days=3) + SEVEN) == pytest.approx(1500.0)


def test_breakfast_stays_at_seven_when_summer_time_ends() -> None:
    profile = learned(3)
    winter = MONDAY + timedelta(days=7 * 30)

    assert expected_w(profile, winter + timedelta(hours=6)) > 1300.0
    assert expected_w(profile, winter + timedelta(hours=4)) < 500.0


def test_unusual_hour_is_believed_now_and_fades() -> None:
    """800 W above the usual for an hour: 720 W above it now, 720 / e after an hour and a half."""
    profile = learned(3)
    noon = MONDAY + 2 * SEVEN
    week = week_of(noon - timedelta(hours=1), 13)

    expected = expect_house(profile, np.full(4, 1100.0), week[:4], week[4:])

    assert expected[0] == pytest.approx(300.0 + 720.0, abs=10.0)
    assert expected[6] == pytest.approx(300.0 + 720.0 / np.e, abs=10.0)


def test_days_that_differ_are_expected_to_go_on_a_little() -> None:
    """400 W more for three days: 100 W of them, and 100 W as at the same time of yesterday."""
    profile = learned(3)
    week = week_of(MONDAY, 4 * 96)
    recent_w = np.array(profile)[week[:288]] + 400.0
    recent_w[-4:] -= 400.0

    expected = expect_house(profile, recent_w, week[:288], week[288:])

    assert expected[48] - profile[week[288 + 48]] == pytest.approx(200.0, abs=5.0)


def test_heating_that_ended_two_weeks_ago_is_forgotten() -> None:
    count = 5 * 7 * 96
    week = week_of(MONDAY - timedelta(weeks=5), count)
    house_w = np.where(np.arange(count) < 3 * 7 * 96, 2000.0, 300.0)

    assert expected_w(learn_house(house_w, week), MONDAY + SEVEN) < 750.0


def spread_of(daily_w: list[float]) -> float:
    """The spread learned from days that each have one load all day."""
    house_w = np.repeat(np.array(daily_w), 96)
    week = week_of(MONDAY - timedelta(days=len(daily_w)), len(house_w))
    return learn_house_spread(learn_house(house_w, week), house_w, week)


def test_house_of_which_nothing_is_known_strays_by_as_much_as_is_assumed() -> None:
    assert learn_house_spread((), NOTHING, week_of(MONDAY, 4)) == UNKNOWN_SPREAD
    assert spread_of([np.nan] * 9) == UNKNOWN_SPREAD


def test_house_that_is_always_the_same_strays_little() -> None:
    """Nothing for 30 days less six hours, against two fifths for two days."""
    assert spread_of([400.0] * 60) == pytest.approx(0.4 * 2.0 / (29.75 + 2.0), abs=0.001)


def test_house_strays_by_as_much_as_its_days_differ() -> None:
    """300 and 500 W in turn are 400 W and a quarter of it; days to come count a quarter more."""
    assert spread_of([300.0, 500.0] * 30) == pytest.approx(1.25 * 0.25, abs=0.04)


def test_hours_that_were_not_measured_say_nothing_about_the_spread() -> None:
    known, gaps = [400.0] * 60, [400.0] * 60
    gaps[40] = np.nan

    assert spread_of(gaps) == pytest.approx(spread_of(known), abs=0.01)


@pytest.mark.parametrize(("day", "quarters"), [((2024, 3, 31), 92), ((2024, 10, 27), 100)])
def test_23_days_with_a_changed_clock_have_as_many_quarters_as_hours(
    day: tuple[int, int, int], quarters: int
) -> None:
    midnight = datetime(*day, tzinfo=PARIS)
    sunday = week_of(midnight, 110) // 96 == 6

    assert int(sunday.sum()) == quarters


def sunday_after(noise_w: float) -> float:
    """What seven o'clock of a Sunday is expected to be after six weeks of quiet Sundays."""
    count = 6 * 7 * 96
    week = week_of(MONDAY - timedelta(weeks=6), count)
    day, hour = week // 96, week % 96 // 4
    noise = np.random.default_rng(1).uniform(-noise_w, noise_w, count // 4).repeat(4)
    house_w = np.where((hour == 7) & (day != 6), 1500.0, 1000.0) + noise
    return expected_w(learn_house(house_w, week), MONDAY + timedelta(days=6) + SEVEN)


def test_weekday_is_believed_the_less_the_more_weeks_differ() -> None:
    assert sunday_after(noise_w=0.0) < 1100.0
    assert sunday_after(noise_w=900.0) > 1200.0

"""A battery that should be full: on which evenings, and what is an evening."""

from datetime import UTC, datetime, timedelta

from solard.core.full_charge import FullCharge, find_evenings

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
TODAY, TOMORROW = NOON + timedelta(hours=7), NOON + timedelta(hours=31)
EVENINGS = (TODAY, TOMORROW)
WEEKLY = FullCharge(every_s=7 * 86400.0)


def days_ago(days: float) -> datetime:
    return NOON - timedelta(days=days)


def test_every_evening_counts_where_it_should_be_full_by_sunset() -> None:
    assert FullCharge(by_sunset=True).moments(EVENINGS, NOON, None) == EVENINGS


def test_nothing_counts_where_nobody_asked() -> None:
    assert FullCharge().moments(EVENINGS, NOON, days_ago(100)) == ()


def test_last_evening_before_a_week_is_over_counts() -> None:
    assert WEEKLY.moments(EVENINGS, NOON, days_ago(3)) == ()
    assert WEEKLY.moments(EVENINGS, NOON, days_ago(5)) == (TOMORROW,)
    assert WEEKLY.moments(EVENINGS, NOON, days_ago(6)) == (TODAY,)


def test_week_that_is_over_makes_the_next_evening_count() -> None:
    assert WEEKLY.moments(EVENINGS, NOON, days_ago(9)) == (TODAY,)


def test_battery_that_nobody_has_seen_counts_as_full() -> None:
    assert WEEKLY.moments(EVENINGS, NOON, None) == ()


def test_evening_is_when_the_sun_stands_at_five_degrees() -> None:
    evenings = find_evenings(NOON, NOON + timedelta(days=2), 48.1, 11.6)

    assert [one.hour for one in evenings] == [18, 18]
    assert evenings[1] - evenings[0] < timedelta(hours=24, minutes=10)


def test_polar_night_has_no_evening() -> None:
    december = datetime(2024, 12, 20, tzinfo=UTC)

    assert find_evenings(december, december + timedelta(days=2), 78.0, 15.6) == ()

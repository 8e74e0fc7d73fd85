"""The share of a clear sky to expect, in figures checked by hand."""

from datetime import UTC, datetime, timedelta
from math import exp

import pytest

from scheduler.outlook import expect_share, usual_share
from scheduler.sky import PastSky, SeenSlot

NOON = datetime(2024, 6, 10, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def seen(ago: timedelta, share: float) -> SeenSlot:
    return SeenSlot(starts_at=NOON - ago, pv_w=1000.0 * share, clear_w=1000.0, azimuth_deg=180.0)


def past(*slots: SeenSlot) -> PastSky:
    return PastSky(sorted(slots, key=lambda slot: slot.starts_at))


def test_site_that_has_seen_nothing_expects_the_assumed_share() -> None:
    assert expect_share(past(), NOON, 0.0) == 0.7


def test_sky_of_this_moment_is_what_the_next_moment_gets() -> None:
    sky = past(seen(QUARTER, 0.2), seen(6 * QUARTER, 0.9))

    assert expect_share(sky, NOON, 0.0) == pytest.approx(0.2)
    assert expect_share(sky, NOON, -1.0) == pytest.approx(0.2)


def test_sky_of_this_moment_fades_into_that_of_the_last_hours() -> None:
    """The two hours hold 0.2 and 0.8: 0.5, and so does the day, into which both fade."""
    sky = past(seen(QUARTER, 0.2), seen(6 * QUARTER, 0.8))

    assert expect_share(sky, NOON, 1.25) == pytest.approx(0.5 - 0.3 * exp(-1.0) * exp(-1.25 / 6.0))


def test_last_hours_fade_into_the_usual_sky() -> None:
    """Yesterday held 0.9; today, with 0.3, counts 0.5 ** 0 and yesterday 0.5 ** 0.2."""
    sky = past(seen(6 * QUARTER, 0.3), seen(timedelta(hours=30), 0.9))
    yesterday = 0.5**0.2
    usual = (0.3 + yesterday * 0.9) / (1.0 + yesterday)

    assert usual_share(sky, NOON) == pytest.approx(usual)
    assert expect_share(sky, NOON, 6.0) == pytest.approx(usual + (0.3 - usual) * exp(-1.0))


def test_gap_in_the_last_minutes_leaves_the_last_hours() -> None:
    assert expect_share(past(seen(6 * QUARTER, 0.3)), NOON, 0.0) == pytest.approx(0.3)


def test_morning_before_any_light_expects_the_usual_sky() -> None:
    assert expect_share(past(seen(timedelta(hours=20), 0.4)), NOON, 0.0) == pytest.approx(0.4)


def test_sky_of_a_fortnight_ago_is_forgotten() -> None:
    assert usual_share(past(seen(timedelta(days=15), 0.1)), NOON) == 0.7


def test_slots_that_start_later_are_not_known() -> None:
    assert expect_share(past(seen(-QUARTER, 0.1)), NOON, 0.0) == 0.7

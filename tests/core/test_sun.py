"""The sun stands where an almanac says it does."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solard.core.sun import is_dark, sun_elevation_deg


@pytest.mark.parametrize(
    ("at", "latitude", "longitude", "elevation"),
    [
        # 90° less the latitude, plus the tilt of the axis: no almanac needed.
        (datetime(2024, 6, 20, 12, 2, tzinfo=UTC), 47.0, 0.0, 66.44),
        (datetime(2024, 12, 21, 11, 58, tzinfo=UTC), 47.0, 0.0, 19.56),
        (datetime(2024, 3, 20, 12, 7, tzinfo=UTC), 0.0, 0.0, 90.0),
        (datetime(2024, 6, 21, 0, 2, tzinfo=UTC), 47.0, 0.0, -19.56),
        # Midnight sun at the North Cape, and polar night.
        (datetime(2024, 6, 20, 22, 18, tzinfo=UTC), 71.17, 25.78, 4.6),
        (datetime(2024, 12, 21, 10, 14, tzinfo=UTC), 71.17, 25.78, -4.6),
        # Sydney's noon stands in the north.
        (datetime(2024, 12, 21, 1, 53, tzinfo=UTC), -33.87, 151.21, 79.57),
    ],
)
def test_elevation_is_that_of_an_almanac(at, latitude, longitude, elevation):
    assert sun_elevation_deg(at, latitude, longitude) == pytest.approx(elevation, abs=0.6)


def test_sunrise_over_zurich_at_midsummer_is_at_half_past_five():
    """5:29 CEST by the almanac, where refraction lifts the sun by half a degree."""
    at = datetime(2024, 6, 21, 3, 29, tzinfo=UTC)

    assert sun_elevation_deg(at, 47.37, 8.54) == pytest.approx(-0.83, abs=0.5)


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.floats(-90, 90, allow_nan=False),
    st.floats(-180, 180, allow_nan=False),
)
def test_elevation_is_a_right_angle_at_most(at, latitude, longitude):
    assert -90 <= sun_elevation_deg(at, latitude, longitude) <= 90


def test_dark_begins_while_the_sun_still_touches_the_horizon():
    noon, dusk = (datetime(2024, 6, 21, hour, 0, tzinfo=UTC) for hour in (11, 19))

    assert not is_dark(noon, 47.37, 8.54)
    assert is_dark(dusk, 47.37, 8.54)

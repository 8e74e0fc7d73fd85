"""The plant's own little sun stands where the almanac says."""

from datetime import UTC, datetime

import pytest

from hardware.sim.clear_sky import Roof, clear_sky_w_m2, sun_position

GREENWICH = Roof(latitude=51.48, longitude=0.0, tilt_deg=40.0, azimuth_deg=180.0)


def test_midsummer_noon_is_as_high_as_the_tropic_allows() -> None:
    # 90 − 51.48 + 23.44; solar noon is 12:02 by the equation of time.
    sun = sun_position(GREENWICH, datetime(2024, 6, 20, 12, 2, tzinfo=UTC))

    assert sun.elevation_deg == pytest.approx(61.96, abs=0.1)
    assert sun.azimuth_deg == pytest.approx(180.0, abs=0.7)


def test_equinox_sun_rises_in_the_east_at_six() -> None:
    # The equation of time is +7 min 26 s on 20 March 2024.
    sun = sun_position(GREENWICH, datetime(2024, 3, 20, 6, 7, tzinfo=UTC))

    assert sun.elevation_deg == pytest.approx(0.0, abs=0.3)
    assert sun.azimuth_deg == pytest.approx(90.0, abs=0.5)


def test_southern_noon_stands_in_the_north() -> None:
    sydney = Roof(latitude=-33.87, longitude=151.21, tilt_deg=27.0, azimuth_deg=323.0)

    sun = sun_position(sydney, datetime(2012, 1, 11, 2, 3, tzinfo=UTC))

    assert sun.elevation_deg == pytest.approx(77.9, abs=0.2)
    assert min(sun.azimuth_deg, 360.0 - sun.azimuth_deg) < 3.0


def test_clear_noon_gives_about_a_kilowatt_and_night_nothing() -> None:
    assert 900.0 < clear_sky_w_m2(GREENWICH, datetime(2024, 6, 20, 12, tzinfo=UTC)) < 1150.0
    assert clear_sky_w_m2(GREENWICH, datetime(2024, 6, 20, 0, tzinfo=UTC)) == 0.0


def test_roof_that_faces_away_keeps_its_diffuse_light() -> None:
    north = Roof(latitude=51.48, longitude=0.0, tilt_deg=60.0, azimuth_deg=0.0)

    assert 5.0 < clear_sky_w_m2(north, datetime(2024, 12, 21, 12, tzinfo=UTC)) < 60.0

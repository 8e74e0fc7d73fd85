"""A small clear sky: where the sun stands, and what a tilted roof would get without clouds.

Only its shape matters: it carries measured half-hours from minute to minute, so a degree of sun and
a tenth of its strength are near enough, and the plant need not load a library for it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import asin, atan2, cos, degrees, pi, pow, radians, sin

_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_SOLAR_CONSTANT_W_M2 = 1361.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """Where panels lie and how they are turned, in degrees."""

    latitude: float
    """+ north."""
    longitude: float
    """+ east."""
    tilt_deg: float
    """0 = flat."""
    azimuth_deg: float
    """0 = north, 90 = east, 180 = south."""


@dataclass(frozen=True, slots=True)
class SunPosition:
    """Height and direction of the sun in degrees; azimuth 180 = south."""

    elevation_deg: float
    azimuth_deg: float


def sun_position(roof: Roof, at: datetime) -> SunPosition:
    """Return where the sun stands at `at` (aware), to about 0.1°; without refraction.

    Source: low-precision formulas of the Astronomical Almanac.
    """
    days = (at - _J2000).total_seconds() / 86400.0
    anomaly = radians(357.528 + 0.9856003 * days)
    longitude = radians(
        280.460 + 0.9856474 * days + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly)
    )
    obliquity = radians(23.439 - 4e-7 * days)
    ascension = atan2(cos(obliquity) * sin(longitude), cos(longitude))
    declination = asin(sin(obliquity) * sin(longitude))

    sidereal = radians((18.697374558 + 24.06570982441908 * days) * 15.0 % 360.0 + roof.longitude)
    hour_angle = sidereal - ascension
    latitude = radians(roof.latitude)
    sin_elevation = sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(
        hour_angle
    )
    azimuth = atan2(
        -cos(declination) * sin(hour_angle),
        cos(latitude) * sin(declination) - sin(latitude) * cos(declination) * cos(hour_angle),
    )
    return SunPosition(degrees(asin(sin_elevation)), degrees(azimuth % (2 * pi)))


def clear_sky_w_m2(roof: Roof, at: datetime) -> float:
    """Return the irradiance in the roof's plane without clouds, W/m²; 0 at night.

    Beam by Meinel's air-mass law, diffuse as a tenth of it from the whole sky.
    """
    sun = sun_position(roof, at)
    if sun.elevation_deg <= 0.0:
        return 0.0
    height = sin(radians(sun.elevation_deg))
    air_mass = 1.0 / (height + 0.50572 * pow(sun.elevation_deg + 6.07995, -1.6364))
    beam = _SOLAR_CONSTANT_W_M2 * pow(0.7, pow(air_mass, 0.678))
    tilt = radians(roof.tilt_deg)
    turn = radians(sun.azimuth_deg - roof.azimuth_deg)
    incidence = height * cos(tilt) + cos(radians(sun.elevation_deg)) * sin(tilt) * cos(turn)
    diffuse = 0.1 * beam * (0.5 + 0.5 * height) * (1.0 + cos(tilt)) / 2.0
    return beam * max(0.0, incidence) + diffuse

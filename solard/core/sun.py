"""Where the sun stands: enough to tell night from a device that ought to speak."""

from datetime import UTC, datetime
from math import asin, cos, degrees, pi, radians, sin

SLEEP_BELOW_DEG = 5.0
"""Inverters start on some 20 to 50 W/m², which a clear sky gives from about here on."""


def sun_elevation_deg(at: datetime, latitude_deg: float, longitude_deg: float) -> float:
    """Return how high the sun stands, −90..90, to half a degree and without refraction.

    Declination and equation of time after Spencer, Search 2 (1971), as in NOAA's general solar
    position calculations.
    """
    moment = at.astimezone(UTC)
    hour = moment.hour + moment.minute / 60 + moment.second / 3600
    angle = 2 * pi / 365 * (moment.timetuple().tm_yday - 1 + (hour - 12) / 24)
    declination = (
        0.006918
        - 0.399912 * cos(angle)
        + 0.070257 * sin(angle)
        - 0.006758 * cos(2 * angle)
        + 0.000907 * sin(2 * angle)
        - 0.002697 * cos(3 * angle)
        + 0.00148 * sin(3 * angle)
    )
    equation_minutes = 229.18 * (
        0.000075
        + 0.001868 * cos(angle)
        - 0.032077 * sin(angle)
        - 0.014615 * cos(2 * angle)
        - 0.040849 * sin(2 * angle)
    )
    solar_minutes = hour * 60 + equation_minutes + 4 * longitude_deg
    hour_angle = radians(solar_minutes / 4 - 180)
    latitude = radians(latitude_deg)
    height = sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(hour_angle)
    return degrees(asin(max(-1.0, min(1.0, height))))


def is_dark(at: datetime, latitude_deg: float, longitude_deg: float) -> bool:
    """Say whether the sun stands so low that panels give nothing worth counting."""
    return sun_elevation_deg(at, latitude_deg, longitude_deg) < SLEEP_BELOW_DEG

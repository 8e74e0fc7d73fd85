"""Where the sun stands and what a clear sky gives, to about a tenth of a degree."""

from datetime import UTC, datetime, timedelta
from math import asin, atan2, cos, degrees, exp, radians, sin

from miner.subnets.slots import SLOT

_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)


def sun_elevation(moment: datetime, latitude: float, longitude: float) -> float:
    """Return the sun's height above the horizon in degrees (Astronomical Almanac, low precision).

    Args:
        moment: aware time.
        latitude: degrees, north positive.
        longitude: degrees, east positive.
    """
    days = (moment - _J2000).total_seconds() / 86400.0
    mean_longitude = 280.460 + 0.9856474 * days
    anomaly = radians(357.528 + 0.9856003 * days)
    ecliptic = radians(mean_longitude + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    tilt = radians(23.439 - 0.0000004 * days)
    right_ascension = degrees(atan2(cos(tilt) * sin(ecliptic), cos(ecliptic)))
    declination = asin(sin(tilt) * sin(ecliptic))
    sidereal = 280.46062 + 360.98564737 * days + longitude
    hour_angle = radians(sidereal - right_ascension)
    place = radians(latitude)
    height = sin(place) * sin(declination) + cos(place) * cos(declination) * cos(hour_angle)
    return degrees(asin(max(-1.0, min(1.0, height))))


def clear_sky_w_m2(moment: datetime, latitude: float, longitude: float) -> float:
    """Return the irradiance on level ground under a clear sky (Haurwitz 1945)."""
    height = sin(radians(sun_elevation(moment, latitude, longitude)))
    return 1098.0 * height * exp(-0.057 / height) if height > 0.01 else 0.0


def clear_sky_wh_m2(starts_at: datetime, latitude: float, longitude: float) -> float:
    """Return the clear-sky energy of one quarter hour, by its middle and its thirds."""
    moments = [starts_at + SLOT * part for part in (1 / 6, 1 / 2, 5 / 6)]
    mean = sum(clear_sky_w_m2(moment, latitude, longitude) for moment in moments) / len(moments)
    return mean * (SLOT / timedelta(hours=1))

"""Open-Meteo's weather: what to ask for."""

from urllib.parse import urlencode

BASE = "https://api.open-meteo.com/v1/forecast"
QUANTITIES = (
    "shortwave_radiation",
    "direct_normal_irradiance",
    "diffuse_radiation",
    "temperature_2m",
    "wind_speed_10m",
)


def open_meteo_url(
    latitude_deg: float, longitude_deg: float, *, base: str = BASE, key: str | None = None
) -> str:
    """Return the address of three days of quarter hours; coordinates to 1 km, which is its grid."""
    query = {
        "latitude": f"{latitude_deg:.2f}",
        "longitude": f"{longitude_deg:.2f}",
        "minutely_15": ",".join(QUANTITIES),
        "forecast_days": "3",
        "wind_speed_unit": "ms",
        "timeformat": "unixtime",
    }
    if key is not None:
        query["apikey"] = key
    return f"{base}?{urlencode(query)}"

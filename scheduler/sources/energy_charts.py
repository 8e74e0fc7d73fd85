"""The address of Energy-Charts' prices at the exchange (Fraunhofer ISE)."""

from urllib.parse import quote

BASE = "https://api.energy-charts.info/price"


def energy_charts_url(zone: str, base: str = BASE) -> str:
    """Return the address for a bidding zone such as `DE-LU`; the days are asked for each time."""
    return f"{base}?bzn={quote(zone)}"

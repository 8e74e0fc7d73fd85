"""A small site for tests, and what is wrong with variations of it."""

from solard.config.load import Settings, read_settings
from solard.config.problems import ConfigInvalid

ISLAND = """\
site: {latitude: 46.81, longitude: 9.84, timezone: Europe/Zurich, supply: off-grid}
devices:
  gx: {profile: victron-gx, host: 192.168.8.20}
battery: {capacity: 10 kWh}
"""

HOME = """\
site: {latitude: 48.14, longitude: 11.58, timezone: Europe/Berlin, supply: grid}
devices:
  meter: {profile: sunspec, host: 192.168.1.50}
battery: {capacity: 10 kWh}
"""


def read(text: str) -> Settings:
    return read_settings(text, "s.yaml")


def problems(text: str) -> list[str]:
    """Return every line that `solard check` would print."""
    try:
        read_settings(text, "s.yaml")
    except ConfigInvalid as err:
        return str(err).splitlines()
    return []

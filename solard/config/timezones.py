"""Time zones by their IANA names."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from solard.config.problems import say_nearest
from solard.config.quantities import QuantityInvalid
from solard.config.reader import Plain

EXAMPLE = "Europe/Zurich"


def read_timezone(value: Plain) -> str:
    """Return the name of a time zone that this machine knows; raise QuantityInvalid."""
    if not isinstance(value, str):
        raise QuantityInvalid(f"{value} is no time zone; write it like {EXAMPLE}")
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise QuantityInvalid(f"{value[:40]} is no time zone; {_nearest(value[:40])}") from err
    return value


def _nearest(name: str) -> str:
    zones = {zone.lower(): zone for zone in available_timezones()}
    said = say_nearest(name, zones)
    if not said.startswith("did you mean"):
        return f"write it like {EXAMPLE}"
    return f'did you mean "{zones[said.split(chr(34))[1]]}"?'

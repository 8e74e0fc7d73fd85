"""What several devices of one site say together: powers add up, the lowest battery decides."""

from collections.abc import Iterable

from solard.core.readings import DeviceReading, Quality
from solard.core.state import BatteryState, Seen

BATTERIES = ("battery", "battery2")
"""Some inverters serve two."""
_BATTERY_POWERS = tuple(f"{one}_power" for one in BATTERIES)


def total(readings: Iterable[DeviceReading], name: str, *, dark: bool = False) -> float | None:
    """Return the sum over all devices that measure a quantity; one unknown makes it unknown.

    In the dark, what sleeps gives 0 W: an inverter without sun says nothing instead.
    """
    found = [_share(r, name, dark=dark) for r in readings if _tells(r, name)]
    if not found or None in found:
        return None
    return sum(value for value in found if value is not None)


def first(readings: Iterable[DeviceReading], name: str) -> float | None:
    """Return the first known value; for what one device says for the whole site."""
    return next((v for r in readings if (v := r.number(name)) is not None), None)


def flag(readings: Iterable[DeviceReading], name: str) -> bool | None:
    """Return whether any device raises a flag; None where none can tell."""
    found = [value for r in readings if (value := r.number(name)) is not None]
    return any(found) if found else None


def sleeps(reading: DeviceReading, name: str) -> bool:
    """Say whether a device does not tell a quantity because it sleeps."""
    return any(p.name == name and p.quality is Quality.ASLEEP for p in reading.points)


def load(readings: Iterable[DeviceReading], *, dark: bool = False) -> float | None:
    """Return what the site takes: as its devices say, else as its flows add up.

    A load that is not told because an inverter sleeps, or by no device at all, is what sun, grid,
    battery and generator give together.
    """
    readings = tuple(readings)
    telling = [r for r in readings if _tells(r, "load_power")]
    if telling and not (dark and any(sleeps(r, "load_power") for r in telling)):
        return total(telling, "load_power")
    flows = ("pv_power", "grid_power", *_BATTERY_POWERS, "generator_power")
    told = [name for name in flows if any(_tells(r, name) for r in readings)]
    parts = [total(readings, name, dark=dark) for name in told]
    if not {"pv_power", "grid_power"} <= set(told) or None in parts:
        return None
    return max(0.0, sum(part for part in parts if part is not None))


def battery(readings: Iterable[DeviceReading]) -> BatteryState | None:
    """Return all batteries as one: the lowest charge and voltage, the sum of what they do.

    One that has become unknown makes the whole unknown: it may be the empty one.
    """
    readings = tuple(readings)
    if not readings:
        return None
    percent = _lowest(readings, "soc")
    return BatteryState(
        soc=None if percent is None else percent / 100.0,
        power_w=_sum_of_batteries(readings),
        voltage_v=_lowest(readings, "voltage"),
        temperature_c=first(readings, "battery_temperature"),
        max_charge_w=total(readings, "max_charge_power"),
        max_discharge_w=total(readings, "max_discharge_power"),
    )


def seen(readings: Iterable[DeviceReading]) -> tuple[Seen, ...]:
    """Return what single devices tell that enters no sum, as far as it is known."""
    return tuple(
        Seen(
            device_id=reading.device_id,
            power_w=reading.number("power"),
            temperature_c=reading.number("temperature"),
        )
        for reading in readings
        if _tells(reading, "power") or _tells(reading, "temperature")
    )


def phases(readings: Iterable[DeviceReading]) -> tuple[float, ...]:
    """Return the grid's power by phase, as far as it is known."""
    readings = tuple(readings)
    found = [first(readings, f"grid_power_l{phase}") for phase in (1, 2, 3)]
    return tuple(value for value in found if value is not None)


def _tells(reading: DeviceReading, name: str) -> bool:
    return any(point.name == name for point in reading.points)


def _share(reading: DeviceReading, name: str, *, dark: bool) -> float | None:
    return 0.0 if dark and sleeps(reading, name) else reading.number(name)


def _lowest(readings: tuple[DeviceReading, ...], what: str) -> float | None:
    names = [f"{one}_{what}" for one in BATTERIES]
    found = [r.number(name) for r in readings for name in names if _tells(r, name)]
    known = [value for value in found if value is not None]
    return min(known) if known and len(known) == len(found) else None


def _sum_of_batteries(readings: tuple[DeviceReading, ...]) -> float | None:
    told = [name for name in _BATTERY_POWERS if any(_tells(r, name) for r in readings)]
    parts = [total(readings, name) for name in told]
    if not parts or None in parts:
        return None
    return sum(part for part in parts if part is not None)

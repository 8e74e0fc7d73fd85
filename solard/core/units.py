"""Arithmetic on watts, seconds, watt-hours and rao that every room shares."""

from math import isfinite

SECONDS_PER_HOUR = 3600.0
RAO_PER_TAO = 1_000_000_000


def clamp(value: float, low: float, high: float) -> float:
    """Return `value` moved into `low..high`; `low` wins when the interval is empty."""
    return max(low, min(value, high))


def energy_wh(power_w: float, duration_s: float) -> float:
    """Return the energy in Wh of a constant power in W over a time in s."""
    return power_w * duration_s / SECONDS_PER_HOUR


def finite_or_none(value: float | None) -> float | None:
    """Return `value`, or None where it is unknown, NaN or infinite."""
    if value is None or not isfinite(value):
        return None
    return value

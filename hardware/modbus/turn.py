"""Count a quantity the other way: for a meter or clamp that was mounted backwards."""

from collections.abc import Iterable
from dataclasses import replace

from hardware.modbus.derive import rests_on
from hardware.modbus.description import Profile
from hardware.modbus.points import Point


def turn(profile: Profile, quantities: Iterable[str]) -> Profile:
    """Return a profile in which these quantities, and all that they are made of, change sign."""
    names = {name for quantity in quantities for name in _parts(profile, quantity)}
    if not names:
        return profile
    variants = tuple(
        replace(variant, points=tuple(_turned(point, names) for point in variant.points))
        for variant in profile.variants
    )
    points = tuple(_turned(point, names) for point in profile.points)
    return replace(profile, points=points, variants=variants)


def _turned(point: Point, names: set[str]) -> Point:
    if point.name not in names:
        return point
    low, high = point.bounds.minimum, point.bounds.maximum
    bounds = replace(
        point.bounds,
        minimum=None if high is None else -high,
        maximum=None if low is None else -low,
    )
    return replace(point, sign=-point.sign, bounds=bounds)


def _parts(profile: Profile, quantity: str) -> set[str]:
    """Return the power points that a quantity rests on."""
    seen = rests_on(quantity, profile.derived, (point.name for point in profile.points))
    return {point.name for point in profile.points if point.name in seen and point.unit == "W"}

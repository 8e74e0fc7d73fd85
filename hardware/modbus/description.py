"""A device family as a value: what its profile says about connection, points and tests."""

from dataclasses import dataclass

from hardware.modbus.derive import Derived
from hardware.modbus.limits import LinkLimits
from hardware.modbus.points import Point, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRole:
    """Another unit on the same connection, such as a battery behind a gateway."""

    name: str
    default: int | None
    """Tried unless the owner names another; None = only when the owner names one."""
    candidates: tuple[int, ...] = ()
    """Other ids seen in the field, for messages."""
    models: tuple[int, ...] = ()
    """SunSpec models to look for here where the main unit has none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Points that differ on some devices of the family."""

    name: str
    point: str
    accepted: tuple[Value, ...]
    """It applies where `point` has one of these values after connecting."""
    points: tuple[Point, ...]
    """Replace the points of the same names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedBlock:
    """Words that a real device sent."""

    unit: int
    function: int
    address: int
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedTest:
    """A recording and what the profile must make of it."""

    name: str
    blocks: tuple[RecordedBlock, ...]
    units: tuple[tuple[str, int], ...]
    expect: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One device family."""

    profile_id: str
    products: tuple[str, ...]
    port: int
    unit: int
    candidates: tuple[int, ...]
    """Other unit ids seen in the field, for messages."""
    period_s: float
    """Poll period in site seconds."""
    limits: LinkLimits
    sunspec: bool
    roles: tuple[UnitRole, ...]
    points: tuple[Point, ...]
    derived: tuple[Derived, ...]
    """In order: each may use those before it."""
    variants: tuple[Variant, ...]
    tests: tuple[EmbeddedTest, ...]
    sources: tuple[str, ...]
    frozen_after: int | None = None
    """After this many polls with not one number changed, values count as stale."""

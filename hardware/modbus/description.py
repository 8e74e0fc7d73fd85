"""A device family as a value: what its profile says about connection, points and tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hardware.modbus.derive import Derived
from hardware.modbus.limits import LinkLimits
from hardware.modbus.points import Point, Value
from hardware.modbus.registers import Register


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
class Sign:
    """A register by which a device of the family is known."""

    register: Register
    minimum: float | None = None
    maximum: float | None = None
    accepted: tuple[Value, ...] = ()
    """The values that it may have; empty = any within the bounds."""

    def fits(self, words: Mapping[int, int]) -> bool:
        """Say whether the words of a device are those of this family."""
        raw = self.register.raw(words)
        value = None if raw is None else self.register.decode(raw)
        if value is None:
            return False
        if self.accepted:
            return value in self.accepted
        if isinstance(value, str):
            return True
        low = self.minimum is None or value >= self.minimum
        return low and (self.maximum is None or value <= self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialLine:
    """How the family speaks on a serial line."""

    baud: int = 9600
    parity: str = "N"
    stop_bits: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedBlock:
    """Words that a real device sent."""

    unit: int | None
    """None where the recording does not say; the only unit then."""
    function: int | None
    """None where the recording does not say."""
    address: int
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedTest:
    """A recording and what the profile must make of it."""

    name: str
    blocks: tuple[RecordedBlock, ...]
    units: tuple[tuple[str, int], ...]
    expect: tuple[tuple[str, Value], ...]
    variant: str = ""
    """What the recording says of the device where it does not hold the register that tells."""


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
    other_ports: tuple[int, ...] = ()
    """Where else it is found."""
    serial: SerialLine | None = None
    """None where the family speaks no RTU."""
    framers: tuple[str, ...] = ("mbap",)
    """`mbap` (Modbus TCP), `rtu` (serial lines and gateways that pass frames through)."""
    detect: tuple[Sign, ...] = ()
    """All of these fit a device of the family."""
    silent_ok: bool = False
    """The device may fall silent at night."""
    fc_same: bool = False
    """Functions 3 and 4 read the same registers."""
    source_names: Mapping[str, str] = field(default_factory=dict)
    """What the letters of `seen` stand for."""
    notes: tuple[str, ...] = ()
    """What an owner must know: where to switch it on, and its moods."""
    frozen_after: int | None = None
    """After this many polls with not one number changed, values count as stale."""

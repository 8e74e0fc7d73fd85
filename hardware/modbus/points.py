"""What a value means: scale, sign, sentinels, bounds; one line of a profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hardware.modbus.registers import Register

MAIN = "main"
"""The unit that the owner names; every other role is a unit beside it on the same connection."""

Value = float | str | None
"""None is unknown."""


class Confidence(StrEnum):
    """How well a register is known."""

    A = "A"
    """Two or more independent sources agree."""
    B = "B"
    """One source."""
    C = "C"
    """Sources disagree or nobody has proved it; never used for control."""


class Group(StrEnum):
    """How often a point is read."""

    FAST = "fast"
    """Every poll."""
    SLOW = "slow"
    """Every tenth poll."""
    ONCE = "once"
    """After each connect."""
    EXTRA = "extra"
    """Only for people who look, and in recordings; a daemon does not read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRef:
    """A point of a SunSpec model, found by walking the device."""

    models: tuple[int, ...]
    """The first of these that the device has."""
    point: str
    modules: str | None = None
    """Of model 160: `pv`, `charge` or `discharge` modules; of 714: `pv` or `storage` ports; None
    for the model's own points."""


def masked(raw: int, mask: int) -> int:
    """Return the field of a mask, from the mask's lowest bit on: 0xFF00 is the high byte."""
    return (raw & mask) // (mask & -mask)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignSource:
    """A register that says in which direction a magnitude runs."""

    register: Register
    mask: int | None
    plus: tuple[int, ...]
    """Values that mean import or discharge; empty = all that are not in `minus`."""
    minus: tuple[int, ...]
    """Values that mean export or charge; empty = all that are not in `plus`."""
    below_zero: int | None = None
    """What a negative number in the register means, +1 or −1, where its sign is what counts."""
    otherwise: "SignSource | None" = None
    """Asked where this one does not tell."""

    @property
    def addresses(self) -> tuple[int, ...]:
        """Return every address that it may need."""
        beyond = () if self.otherwise is None else self.otherwise.addresses
        return self.register.addresses + beyond

    def sign(self, words: Mapping[int, int]) -> int | None:
        """Return +1, −1, or None where no register tells."""
        own = self._own_sign(words)
        return own if own is not None or self.otherwise is None else self.otherwise.sign(words)

    def _own_sign(self, words: Mapping[int, int]) -> int | None:
        raw = self.register.raw(words)
        if raw is None:
            return None
        if self.below_zero is not None:
            number = self.register.decode(raw)
            negative = isinstance(number, float | int) and number < 0
            return self.below_zero if negative else -self.below_zero
        raw = raw if self.mask is None else masked(raw, self.mask)
        if raw in self.plus or (not self.plus and raw not in self.minus):
            return 1
        if raw in self.minus or (not self.minus and raw not in self.plus):
            return -1
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What is plausible for one quantity, measured or derived."""

    minimum: float | None = None
    maximum: float | None = None
    max_step: float | None = None
    """A larger jump from the last good value must be confirmed by a second sample."""
    zero_suspect: bool = False
    """A 0 after other values is believed when it comes three times."""
    zero_unless: tuple[str, ...] | None = None
    """A 0 means "unknown" unless one of these points is not 0; empty = always unknown."""
    monotonic: bool = False
    """A counter: it never falls but when it starts anew."""


NO_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One quantity of a device and how to read it."""

    name: str
    unit: str
    register: Register | None
    """None only for a SunSpec point before the device has been walked."""
    model: ModelRef | None = None
    scale_at: int | None = None
    """Address of a SunSpec scale factor, read in the same request as the value."""
    role: str = MAIN
    scale: float = 1.0
    offset: float = 0.0
    sentinels: tuple[int, ...] = ()
    """Raw words that mean "not available", as unsigned numbers."""
    sign: int = 1
    """−1 where the raw value counts export or charge as positive."""
    sign_from: SignSource | None = None
    absolute: bool = False
    mask: int | None = None
    bit: int | None = None
    meanings: tuple[tuple[int, Value], ...] | None = None
    """Raw value → text or number; a value that is not listed is unknown, unless `own_codes`."""
    own_codes: bool = False
    """Makers add codes of their own, and one that is not listed is told as its number."""
    bits: tuple[tuple[int, str], ...] | None = None
    """Number of a bit → its name: the value is the names of all bits that are set."""
    no_bits: Value = None
    """What such a value is where no bit is set."""
    bounds: Bounds = NO_BOUNDS
    group: Group = Group.FAST
    essential: bool = False
    """A device that refuses it is not what the profile describes."""
    optional: bool = False
    """Some devices of the family serve it without having it: until it has once been known, the
    device is one of those."""
    asleep: bool = False
    """A sentinel here means that the device sleeps, as inverters do at night."""
    confidence: Confidence | None = None
    """As stated; None = how many sources have it tells."""
    seen: tuple[str, ...] = ()
    """Which of the profile's sources have it; empty = the profile does not say."""

    @property
    def trust(self) -> Confidence:
        """Return the confidence as stated, or as its sources make it."""
        if self.confidence is not None:
            return self.confidence
        return Confidence.A if len(self.seen) > 1 else Confidence.B

    @property
    def is_coded(self) -> bool:
        """Say whether it is some bits of its register, or what its codes or bits mean."""
        parts = (self.mask, self.bit, self.meanings, self.bits)
        return any(part is not None for part in parts)

    @property
    def first(self) -> int:
        """Return the lowest address that belongs in one request."""
        return min(self._addresses())

    @property
    def last(self) -> int:
        """Return the highest address that belongs in one request."""
        return max(self._addresses())

    def value(self, words: Mapping[int, int]) -> Value:
        """Return the value in canonical sign and unit; None where the device does not say."""
        raw = None if self.register is None else self.register.raw(words)
        if self.register is None or raw is None or raw in self.sentinels:
            return None
        if self.is_coded:
            return self._meaning(raw)
        decoded = self.register.decode(raw)
        if decoded is None or isinstance(decoded, str):
            return decoded
        number = self._scaled(decoded, words)
        return None if number is None else self._signed(number, words)

    def is_at_end(self, words: Mapping[int, int]) -> bool:
        """Say whether a measurement is the last number of its type: cut off, or a sentinel."""
        raw = None if self.register is None else self.register.raw(words)
        if self.register is None or raw is None or self.is_coded or not self.unit:
            return False
        return raw in self.register.ends

    def _meaning(self, raw: int) -> Value:
        if self.mask is not None:
            raw = masked(raw, self.mask)
        if self.bit is not None:
            raw = raw >> self.bit & 1
        if self.bits is not None:
            return ", ".join(_names_of(raw, self.bits)) or self.no_bits
        if self.meanings is None:
            return float(raw)
        unlisted = float(raw) if self.own_codes else None
        return next((meaning for code, meaning in self.meanings if code == raw), unlisted)

    def _scaled(self, number: float, words: Mapping[int, int]) -> float | None:
        if self.scale_at is not None:
            exponent = _scale_factor(words.get(self.scale_at))
            if exponent is None:
                return None
            # Dividing keeps 4998·10⁻² at 49.98; multiplying by 0.01 does not.
            number = number * 10**exponent if exponent >= 0 else number / 10**-exponent
        if self.scale == 1.0 and self.offset == 0.0:
            return float(number)
        return round(number * self.scale + self.offset, 6)

    def _signed(self, number: float, words: Mapping[int, int]) -> float | None:
        number = abs(number) if self.absolute else number
        sign = self.sign
        if self.sign_from is not None:
            source = self.sign_from.sign(words)
            if source is None:
                return 0.0 if number == 0 else None
            sign *= source
        return number * sign + 0.0  # turns −0.0 into 0.0

    def _addresses(self) -> tuple[int, ...]:
        own = () if self.register is None else self.register.addresses
        scale = () if self.scale_at is None else (self.scale_at,)
        source = () if self.sign_from is None else self.sign_from.addresses
        return own + scale + source


def _names_of(raw: int, bits: tuple[tuple[int, str], ...]) -> Iterator[str]:
    """Yield the names of the bits that are set, lowest first; of those without one the number."""
    names = dict(bits)
    for number in range(raw.bit_length()):
        if raw >> number & 1:
            yield names.get(number, f"bit {number}")


def _scale_factor(word: int | None) -> int | None:
    """Return a SunSpec exponent, −10..10; None where it is missing or not implemented."""
    if word is None:
        return None
    exponent = word - 0x10000 if word & 0x8000 else word
    return exponent if -10 <= exponent <= 10 else None

"""One line of a profile's `points` to a Point."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hardware.modbus.fields import Fields, ProfileInvalid
from hardware.modbus.points import (
    MAIN,
    Bounds,
    Confidence,
    Group,
    ModelRef,
    Point,
    SignSource,
    Value,
)
from hardware.modbus.registers import Register, words_of

_PLUS = ("import", "discharge")
_MINUS = ("export", "charge")
_NO_BITS = "none"
_MOST_W_AT_ONCE = 20_000.0
"""A power of several words that jumps further must be confirmed: half of a number that crosses 0 is
65 kW off, and devices tear such numbers themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointDefaults:
    """What a profile says once for all of its points."""

    little: bool
    number_base: int
    """1 where addresses are the vendor's register numbers, which start at 1."""
    function: int
    sunspec: bool
    confidence: Mapping[str, str]
    sentinels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By type: raw values that mean "not available" everywhere in the family."""
    plausible: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """By unit: lowest and highest value where a point states none of its own."""
    asleep: bool = False
    """Whether such a value means that the device sleeps."""
    tables: Mapping[str, object] = field(default_factory=dict)
    """Tables of codes or bits that several points name."""


def parse_point(fields: Fields, name: str, defaults: PointDefaults) -> Point:
    """Return the point; raise ProfileInvalid with the place."""
    modelled = fields.has("model")
    if modelled and not defaults.sunspec:
        raise ProfileInvalid(f"{fields.where}.model: needs `sunspec: {{use: true}}`")
    register = None if modelled else parse_register(fields, defaults)
    usual = () if register is None else defaults.sentinels.get(register.kind, ())
    unit = fields.text("unit", "")
    bits, no_bits = _parse_bits(fields, defaults) if fields.has("bits") else (None, None)
    point = Point(
        name=name,
        unit=unit,
        register=register,
        model=_parse_model(fields) if modelled else None,
        role=fields.text("role", MAIN),
        scale=fields.number("scale", 1.0),
        offset=fields.number("offset", 0.0),
        sentinels=(*usual, *fields.integers("nan")),
        sign=_parse_sign(fields),
        sign_from=_parse_sign_source(fields, register, defaults),
        absolute=fields.flag("abs"),
        mask=fields.integer("mask") if fields.has("mask") else None,
        bit=fields.integer("bit") if fields.has("bit") else None,
        meanings=_parse_meanings(fields, defaults) if fields.has("enum") else None,
        bits=bits,
        no_bits=no_bits,
        bounds=_parse_point_bounds(fields, register, defaults.plausible.get(unit), unit),
        group=Group(_one_of(fields, "group", "fast", tuple(Group))),
        essential=fields.flag("essential"),
        optional=fields.flag("optional"),
        asleep=fields.flag("asleep") if fields.has("asleep") else defaults.asleep,
        confidence=_parse_confidence(fields, defaults.confidence.get(name)),
        seen=tuple(fields.text("seen", "")),
    )
    fields.done()
    return point


def _parse_point_bounds(
    fields: Fields, register: Register | None, usual: tuple[float, float] | None, unit: str
) -> Bounds:
    bounds = parse_bounds(fields, usual)
    is_long = register is not None and len(register.addresses) > 1
    if unit == "W" and is_long and bounds.max_step is None:
        return replace(bounds, max_step=_MOST_W_AT_ONCE)
    return bounds


def parse_bounds(fields: Fields, usual: tuple[float, float] | None = None) -> Bounds:
    """Take the keys of plausibility out of a point or a derived value."""
    low, high = fields.optional_number("min"), fields.optional_number("max")
    if usual is not None:
        low, high = usual[0] if low is None else low, usual[1] if high is None else high
    return Bounds(
        minimum=low,
        maximum=high,
        max_step=fields.optional_number("max_step"),
        zero_suspect=fields.flag("zero_suspect"),
        zero_unless=fields.texts("zero_unless") if fields.has("zero_unless") else None,
        monotonic=fields.flag("monotonic"),
    )


def parse_register(fields: Fields, defaults: PointDefaults) -> Register:
    """Take the keys of a register: `addr` or `addrs`, `type`, `words`, `fc`."""
    kind = fields.text("type", "u16")
    words = words_of(kind)
    if words is None:
        raise fields.fault("type", "u16 i16 u32 i32 u64 i64 f32 or strN", kind)
    addresses = fields.integers("addrs")
    if not addresses:
        first = fields.integer("addr")
        addresses = tuple(range(first, first + words))
    addresses = tuple(address - defaults.number_base for address in addresses)
    if len(addresses) != words or not all(0 <= address <= 0xFFFF for address in addresses):
        raise ProfileInvalid(f"{fields.where}: {kind} takes {words} words from 0..65535")
    order = _one_of(fields, "words", "little" if defaults.little else "big", ("big", "little"))
    function = fields.integer("fc", defaults.function)
    if function not in (3, 4):
        raise fields.fault("fc", "3 (holding) or 4 (input registers)", function)
    return Register(function=function, addresses=addresses, kind=kind, little=order == "little")


def _parse_model(fields: Fields) -> ModelRef:
    modules = _one_of(fields, "modules", "", ("", "pv", "charge", "discharge", "storage"))
    return ModelRef(
        models=fields.integers("model"), point=fields.text("point"), modules=modules or None
    )


def _parse_sign(fields: Fields) -> int:
    return -1 if _one_of(fields, "sign", "import", _PLUS + _MINUS) in _MINUS else 1


def _parse_sign_source(
    fields: Fields, register: Register | None, defaults: PointDefaults
) -> SignSource | None:
    if not fields.has("sign_from"):
        return None
    if register is not None:
        # It stands beside the point: read by the same function, and in the same request.
        defaults = replace(defaults, function=register.function)
    return _parse_sign_register(fields.fields("sign_from"), defaults)


def _parse_sign_register(inner: Fields, defaults: PointDefaults) -> SignSource:
    below = _one_of(inner, "negative", "", ("", *_PLUS, *_MINUS))
    source = SignSource(
        register=parse_register(inner, defaults),
        mask=inner.integer("mask") if inner.has("mask") else None,
        plus=tuple(value for key in _PLUS for value in inner.integers(key)),
        minus=tuple(value for key in _MINUS for value in inner.integers(key)),
        below_zero=None if not below else -1 if below in _MINUS else 1,
        otherwise=(
            _parse_sign_register(inner.fields("else"), defaults) if inner.has("else") else None
        ),
    )
    if not source.plus and not source.minus and source.below_zero is None:
        raise ProfileInvalid(f"{inner.where}: say which values mean {' '.join(_PLUS + _MINUS)}")
    inner.done()
    return source


def _parse_meanings(fields: Fields, defaults: PointDefaults) -> tuple[tuple[int, Value], ...]:
    pairs: list[tuple[int, Value]] = []
    for raw, meaning in _parse_table(fields, "enum", defaults).items():
        if isinstance(meaning, bool) or not isinstance(meaning, str | int | float):
            raise fields.fault(f"enum.{raw}", "a text or a number", meaning)
        value: Value = meaning if isinstance(meaning, str) else float(meaning)
        pairs.append((fields.to_integer("enum", raw), value))
    return tuple(pairs)


def _parse_bits(
    fields: Fields, defaults: PointDefaults
) -> tuple[tuple[tuple[int, str], ...], Value]:
    """Return the names of bits, and what it is called when none is set."""
    table = {
        key: fields.to_text(f"bits.{key}", name)
        for key, name in _parse_table(fields, "bits", defaults).items()
    }
    none = table.pop(_NO_BITS, None)
    return tuple((fields.to_integer("bits", key), name) for key, name in table.items()), none


def _parse_table(fields: Fields, key: str, defaults: PointDefaults) -> dict[object, object]:
    """Return a table that stands at the point itself, or under its name in `tables`."""
    data = fields.raw(key)
    if isinstance(data, str):
        if data not in defaults.tables:
            raise fields.fault(key, f"a table, or one of {', '.join(defaults.tables)}", data)
        data = defaults.tables[data]
    if not isinstance(data, dict):
        raise fields.fault(key, "raw values with their meanings", data)
    return data


def _parse_confidence(fields: Fields, listed: str | None) -> Confidence | None:
    text = fields.text("confidence", listed or "")
    if not text:
        return None
    if text not in tuple(Confidence):
        raise fields.fault("confidence", "A, B or C", text)
    return Confidence(text)


def _one_of(fields: Fields, key: str, default: str, choices: tuple[str, ...]) -> str:
    value = fields.text(key, default)
    if value not in choices:
        raise fields.fault(key, " or ".join(filter(None, choices)), value)
    return value

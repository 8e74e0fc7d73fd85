"""Values to words: what a device would have to serve, so that its profile reads just this."""

import struct
from math import isfinite

from hardware.modbus.points import Point, Value
from hardware.modbus.registers import Register


def encode(point: Point, value: Value) -> dict[int, int]:
    """Return the words by address that `point` decodes to `value`, or to the nearest it can say.

    Empty where there are none: no register, a meaning that the point does not know, a SunSpec
    scale factor that stands elsewhere.
    """
    if point.register is None or point.scale_at is not None or value is None:
        return {}
    raw = _raw(point, point.register, value)
    if raw is None or raw in point.sentinels:
        return {}
    words = place(point.register, raw)
    return {**words, **_direction(point, value)}


def place(register: Register, raw: int) -> dict[int, int]:
    """Return an unsigned number as the words of a register."""
    size = len(register.addresses)
    parts = [raw >> 16 * (size - 1 - at) & 0xFFFF for at in range(size)]
    backward = register.little and not register.kind.startswith("str")
    return dict(zip(register.addresses, reversed(parts) if backward else parts, strict=True))


def to_raw(register: Register, value: Value) -> int | None:
    """Return a number or text as a register's type has it, cut to its range; None = cannot."""
    size = 2 * len(register.addresses)
    if register.kind.startswith("str"):
        data = str(value).encode("latin-1", "replace")[:size]
        return int.from_bytes(data.ljust(size, b"\0"), "big")
    if not isinstance(value, float | int) or not isfinite(value):
        return None
    if register.kind == "f32":
        return int.from_bytes(struct.pack(">f", value), "big")
    bits = 8 * size
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1)
    if register.kind.startswith("u"):
        low, high = 0, (1 << bits) - 1
    return min(max(round(value), low), high) & ((1 << bits) - 1)


def _raw(point: Point, register: Register, value: Value) -> int | None:
    if point.bits is not None:
        return None
    if point.meanings is not None:
        code = next((raw for raw, meaning in point.meanings if meaning == value), None)
        if code is None and point.own_codes and isinstance(value, float | int):
            code = int(value)
        if code is None or point.bit is not None:
            return None if code is None else code << (point.bit or 0)
        return code if point.mask is None else code * _lowest_bit(point.mask)
    if point.bit is not None:
        return int(value == 1) << point.bit
    if point.mask is not None:
        return int(value) * _lowest_bit(point.mask) if isinstance(value, float | int) else None
    if isinstance(value, str) or register.kind.startswith("str"):
        return to_raw(register, value)
    number = abs(value) if point.sign_from is not None and value is not None else value
    if not isinstance(number, float | int):
        return None
    return to_raw(register, (number * point.sign - point.offset) / point.scale)


def _lowest_bit(mask: int) -> int:
    return mask & -mask if mask else 1


def _direction(point: Point, value: Value) -> dict[int, int]:
    """Return the words that give a magnitude its sign, where a code tells it."""
    source = point.sign_from
    if source is None or source.below_zero is not None or not isinstance(value, float | int):
        return {}
    codes = source.plus if value * point.sign >= 0 else source.minus
    if not codes:
        # Every other code means the other way.
        taken = source.plus + source.minus
        codes = (next(code for code in range(len(taken) + 1) if code not in taken),)
    shift = 1 if source.mask is None else _lowest_bit(source.mask)
    return place(source.register, codes[0] * shift)

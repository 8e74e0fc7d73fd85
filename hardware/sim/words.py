"""Numbers as 16-bit registers, high word first, held inside their type's range."""

from solard.core.units import clamp


def u16(value: float, scale: float = 1.0) -> int:
    """Return `value / scale` as an unsigned word; 0xFFFE is the largest that is not a sentinel."""
    return round(clamp(value / scale, 0.0, 0xFFFE))


def i16(value: float, scale: float = 1.0) -> int:
    """Return `value / scale` as a signed word in two's complement, within ±32767."""
    return round(clamp(value / scale, -0x7FFF, 0x7FFF)) & 0xFFFF


def u32(value: float, scale: float = 1.0) -> tuple[int, int]:
    """Return `value / scale` as two words."""
    raw = round(clamp(value / scale, 0.0, 0xFFFFFFFE))
    return raw >> 16, raw & 0xFFFF


def i32(value: float, scale: float = 1.0) -> tuple[int, int]:
    """Return `value / scale` as two words in two's complement."""
    raw = round(clamp(value / scale, -0x7FFFFFFF, 0x7FFFFFFF)) & 0xFFFFFFFF
    return raw >> 16, raw & 0xFFFF


def text(value: str, words: int) -> tuple[int, ...]:
    """Return ASCII text as `words` words, two letters each, NUL at the end."""
    raw = value.encode("ascii")[: 2 * words].ljust(2 * words, b"\0")
    return tuple(int.from_bytes(raw[at : at + 2], "big") for at in range(0, 2 * words, 2))

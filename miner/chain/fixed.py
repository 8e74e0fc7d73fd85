"""Numbers as the chain counts: I32F32, an integer of 1/2^32 steps (substrate-fixed)."""

from collections.abc import Sequence

FRACTION_BITS = 32
ONE = 1 << FRACTION_BITS
U16_MAX = 65535


def multiply(a: int, b: int) -> int:
    """Return a·b, truncated to 1/2^32."""
    return (a * b) >> FRACTION_BITS


def divide(a: int, b: int) -> int:
    """Return a/b, truncated; 0 where b is 0, as `safe_div` on the chain."""
    return (a << FRACTION_BITS) // b if b else 0


def from_u16(value: int) -> int:
    """Return value/65535 for a stored ratio."""
    return (value << FRACTION_BITS) // U16_MAX


def to_u16(value: int) -> int:
    """Return floor(value·65535), at most 65535."""
    return min(U16_MAX, (value * U16_MAX) >> FRACTION_BITS)


def normalize(values: Sequence[int]) -> list[int]:
    """Return values divided by their sum; all zero stays all zero."""
    total = sum(values)
    return [divide(value, total) for value in values]


def upscale_to_u16(values: Sequence[int]) -> list[int]:
    """Return values scaled so that the largest is 65535, rounded: weights, pruning scores."""
    largest = max(values, default=0)
    if not largest:
        return [0] * len(values)
    half = ONE >> 1
    return [(divide(value * U16_MAX, largest) + half) >> FRACTION_BITS for value in values]

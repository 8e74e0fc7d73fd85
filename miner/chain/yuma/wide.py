"""I32F32 arithmetic on whole arrays: exact products and quotients out of 64-bit integers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from miner.chain.fixed import ONE, U16_MAX

Bits = NDArray[np.uint64]
"""Non-negative numbers in steps of 1/2^32. Sums may pass 1; products and quotients below 2^48."""

_SHIFT = np.uint64(16)
_FRACTION = np.uint64(32)
_LOW = np.uint64(0xFFFF)
_ONE = np.uint64(ONE)


def product(a: Bits, b: Bits | np.uint64) -> Bits:
    """Return a·b truncated, element by element; `a` up to 2^47, `b` up to 2^32.

    The factor is taken in two halves, since 1.0 · 1.0 alone needs 65 bits. Give a row or column
    as `b`: it is then halved only once.
    """
    high = a * (b >> _SHIFT)
    low = a * (b & _LOW)
    low >>= _SHIFT
    high += low
    high >>= _SHIFT
    return high


def quotient(a: Bits, b: Bits | np.uint64) -> Bits:
    """Return a/b truncated; 0 where b is 0, as `safe_div` on the chain; both below 2^48."""
    divisor = np.maximum(b, np.uint64(1))
    if a.max(initial=0) < _ONE:
        whole = (a << _FRACTION) // divisor
    else:
        # 1.0 itself has no room for 32 more bits: in two steps of 16.
        shifted = a << _SHIFT
        whole = shifted // divisor
        shifted -= whole * divisor
        shifted <<= _SHIFT
        shifted //= divisor
        whole <<= _SHIFT
        whole += shifted
    return whole if np.all(b) else np.where(b == 0, np.uint64(0), whole)


def normalized(values: Bits) -> Bits:
    """Return values divided by their sum; all zero stays all zero."""
    return quotient(values, values.sum(dtype=np.uint64))


def columns_normalized(rows: Bits) -> Bits:
    """Return a matrix with each column divided by its sum."""
    return quotient(rows, rows.sum(axis=0, dtype=np.uint64))


def as_u16(values: Bits) -> NDArray[np.uint64]:
    """Return floor(value·65535), at most 65535."""
    scaled: Bits = (values * np.uint64(U16_MAX)) >> _FRACTION
    return np.minimum(scaled, np.uint64(U16_MAX))


def complement(values: Any) -> Any:
    """Return 1 - value, for values up to 1."""
    return _ONE - values

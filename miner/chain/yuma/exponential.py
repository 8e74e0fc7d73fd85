"""e^x as the chain computes it: the Taylor series of substrate-fixed, I32F32, truncated each step.

The last bit reaches consensus, so a more exact exponential would be a wrong one.
"""

import numpy as np
from numpy.typing import NDArray

from miner.chain.fixed import ONE

FARTHEST = 20 * ONE
"""The chain's `exp_safe` takes any larger or smaller x for ±20, where the series still fits."""
TERMS = range(2, 32)
E_BITS = 22802600 << 9
"""e as the library keeps it, in I9F23: what e^1.0 answers, unlike the series."""

_16 = np.uint64(16)
_32 = np.uint64(32)
_LOW_16 = np.uint64(0xFFFF)
_LOW_32 = np.uint64(0xFFFFFFFF)


def exponentials(x: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return e^x for I32F32 bits."""
    size = np.minimum(np.abs(x), FARTHEST).astype(np.uint64)
    result = size + np.uint64(ONE)
    term = size
    for place in TERMS:
        term = _product(term, size) // np.uint64(place)
        result += term
        if not term.any():
            break
    answer = np.where(x < 0, inverse(result), result)
    answer[x == 0] = ONE
    answer[x == ONE] = E_BITS
    return answer


def inverse(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return 1/value truncated, for values from 1 on."""
    # 2^64 // value out of 64 bits: one less than 2^64 first, then what the remainder says.
    quotient, rest = np.divmod(np.uint64((1 << 64) - 1), value)
    exact: NDArray[np.uint64] = quotient + (rest == value - np.uint64(1))
    return exact


def _product(term: NDArray[np.uint64], x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return term·x truncated, exact where the result has at most 63 bits and x at most 37."""
    low = term & _LOW_32
    middle = (low * (x >> _16) + ((low * (x & _LOW_16)) >> _16)) >> _16
    result: NDArray[np.uint64] = (term >> _32) * x + middle
    return result

"""Sparse rows of (uid, u16) as three arrays: what the chain stores of weights and bonds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

Row = Sequence[Sequence[int]]
"""Pairs (uid, u16), each uid once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """The entries of a matrix, row by row; an entry of 0 is not the same as none."""

    count: int
    """Rows, and columns."""
    rows: NDArray[np.int64]
    uids: NDArray[np.int64]
    values: NDArray[np.uint64]

    def holders(self) -> NDArray[np.bool_]:
        """Return which rows have entries."""
        held = np.zeros(self.count, bool)
        held[self.rows] = True
        return held

    def dense(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """Return the chosen rows as a matrix, and where an entry stood."""
        place = np.full(self.count, -1, np.int64)
        place[rows] = np.arange(len(rows))
        at = place[self.rows]
        chosen = at >= 0
        flat = at * self.count + self.uids
        values = self.values
        if not chosen.all():
            flat, values = flat[chosen], values[chosen]
        matrix = np.zeros(len(rows) * self.count, np.uint64)
        named = np.zeros(len(rows) * self.count, bool)
        matrix[flat] = values
        named[flat] = True
        shape = (len(rows), self.count)
        return matrix.reshape(shape), named.reshape(shape)

    def pairs(self) -> list[list[tuple[int, int]]]:
        """Return every row as (uid, u16) pairs."""
        both = list(zip(self.uids.tolist(), self.values.tolist(), strict=True))
        ends = np.searchsorted(self.rows, np.arange(self.count + 1)).tolist()
        return [both[start:end] for start, end in pairwise(ends)]


def entries_of(rows: Sequence[Row]) -> Entries:
    """Return rows of pairs as entries; uids outside the subnet are dropped, as on the chain."""
    lengths = [len(row) for row in rows]
    pairs = chain.from_iterable(rows)
    flat = np.fromiter(chain.from_iterable(pairs), np.int64, 2 * sum(lengths))
    where = np.repeat(np.arange(len(rows)), lengths)
    uids, values = flat[0::2], flat[1::2].astype(np.uint64)
    inside = uids < len(rows)
    return Entries(count=len(rows), rows=where[inside], uids=uids[inside], values=values[inside])

"""A linear program as plain lists: columns with gains and bounds, rows of terms."""

from collections.abc import Iterable
from dataclasses import dataclass, field

INFINITY = float("inf")


@dataclass(frozen=True, slots=True)
class Term:
    """A variable times a factor."""

    column: int
    factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`low <= sum of terms <= high`."""

    low: float
    high: float
    terms: tuple[Term, ...]


@dataclass(slots=True)
class Program:
    """To be maximized. Columns and rows are named by their index."""

    gains: list[float] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def column(self, gain: float = 0.0, *, low: float = 0.0, high: float = INFINITY) -> int:
        """Add a variable; return its index."""
        self.gains.append(gain)
        self.lows.append(low)
        self.highs.append(high)
        return len(self.gains) - 1

    def row(self, terms: Iterable[Term], *, low: float = -INFINITY, high: float = INFINITY) -> int:
        """Add a constraint; return its index."""
        self.rows.append(Row(low=low, high=high, terms=tuple(terms)))
        return len(self.rows) - 1

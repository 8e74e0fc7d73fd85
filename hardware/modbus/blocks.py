"""Which registers to ask for in one request: few requests, and no value ever torn."""

from collections.abc import Iterable
from dataclasses import dataclass

from hardware.modbus.limits import LinkLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Words that belong together: a value, with its scale factor and sign register."""

    name: str
    unit: int
    function: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One request, and the spans that it serves in order of address."""

    spans: tuple[Span, ...]

    @property
    def unit(self) -> int:
        """Return the unit that all its spans belong to."""
        return self.spans[0].unit

    @property
    def function(self) -> int:
        """Return the function code that all its spans are read with."""
        return self.spans[0].function

    @property
    def first(self) -> int:
        """Return its first address."""
        return self.spans[0].first

    @property
    def count(self) -> int:
        """Return how many words it reads."""
        return max(span.last for span in self.spans) - self.first + 1

    def halves(self) -> tuple["Block", "Block"]:
        """Return two smaller blocks that serve the same spans."""
        middle = len(self.spans) // 2
        return Block(spans=self.spans[:middle]), Block(spans=self.spans[middle:])


def plan_blocks(
    spans: Iterable[Span], limits: LinkLimits, cuts: frozenset[tuple[int, int, int]] = frozenset()
) -> tuple[Block, ...]:
    """Return requests that cover every span, within the limits.

    A span alone is read even where it breaks a limit (the profile's lint says so): a torn value
    would be worse. `cuts` are further places, (unit, function, address), not to reach across.
    """
    blocks: list[list[Span]] = []
    for span in sorted(spans, key=lambda one: (one.unit, one.function, one.first, one.last)):
        if blocks and _joins(blocks[-1], span, limits, cuts):
            blocks[-1].append(span)
        else:
            blocks.append([span])
    return tuple(Block(spans=tuple(block)) for block in blocks)


def _joins(
    block: list[Span],
    span: Span,
    limits: LinkLimits,
    cuts: frozenset[tuple[int, int, int]],
) -> bool:
    if (block[0].unit, block[0].function) != (span.unit, span.function):
        return False
    first, last = block[0].first, max(one.last for one in block)
    if span.first - last - 1 > limits.max_gap:
        return False
    last = max(last, span.last)
    here = [at for unit, function, at in cuts if (unit, function) == (span.unit, span.function)]
    return is_readable(first, last, limits) and not any(first < at <= last for at in here)


def is_readable(first: int, last: int, limits: LinkLimits) -> bool:
    """Say whether one request may cover `first..last`."""
    if last - first + 1 > limits.max_words:
        return False
    if any(first < border <= last for border in limits.no_cross):
        return False
    return not limits.ranges or any(low <= first and last <= high for low, high in limits.ranges)

"""What work is worth, as owners write it: an amount per hour, or what the chain says."""
# ruff: noqa: RUF009 - key is dataclasses.field with our metadata

from dataclasses import dataclass
from enum import StrEnum

from solard.config.reader import MappingNode, Node
from solard.config.reading import Reading
from solard.config.sections import SectionShape, key
from solard.config.shapes import REFUSED, MoneyShape

WORTH = MoneyShape(per="h", low=0.0, high=1000.0)


class WorthSource(StrEnum):
    """Who says what work earns."""

    CHAIN = "chain"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainWorth:
    """`worth: {from: chain, at_most: 0.10 EUR/h, when_price_unknown: 0 EUR/h}`."""

    source: WorthSource = key(name="from")
    at_most_per_h: float | None = key(WORTH, default=None)
    when_price_unknown_per_h: float | None = key(WORTH, default=None)

    @property
    def per_h(self) -> float | None:
        """Return what work counts: no chain that solard is on has tokens with a price."""
        return self.when_price_unknown_per_h


@dataclass(frozen=True, slots=True, kw_only=True)
class WorthShape:
    """An amount per hour, or what the chain says."""

    unit: str = "0.28 EUR/h or {from: chain, when_price_unknown: 0 EUR/h}"
    range_text: str = WORTH.range_text

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the amount; None where the export it displaces is what work is worth."""
        if not isinstance(node, MappingNode):
            return WORTH.read(node, reading, path)
        said = SectionShape(of=ChainWorth).read(node, reading, path)
        if not isinstance(said, ChainWorth):
            return REFUSED
        most, unknown = said.at_most_per_h, said.when_price_unknown_per_h
        if most is not None and unknown is not None and unknown > most:
            reading.refuse(node, path, "counts more when no price is known than at_most allows")
            return REFUSED
        return said.per_h

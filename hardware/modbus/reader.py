"""Read the spans of a device block by block, and find out what it does not serve."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from hardware.modbus.blocks import Block, Span, plan_blocks
from hardware.modbus.errors import BUSY, ILLEGAL, DeviceRefused
from hardware.modbus.limits import LinkLimits, RegisterLink

_log = logging.getLogger(__name__)

_ALL_ONES = 0xFFFF
_VOID_FROM_WORDS = 4
"""A block of this many words that is all ones is what a rebooting inverter sends."""


@dataclass(slots=True)
class Words:
    """What one poll has read, by unit and function."""

    _words: dict[tuple[int, int], dict[int, int]] = field(default_factory=dict)

    def of(self, unit: int, function: int) -> dict[int, int]:
        """Return address → word of one unit and function."""
        return self._words.setdefault((unit, function), {})

    def update(self, more: "Words") -> None:
        """Take over all words of another reading."""
        for (unit, function), words in more._words.items():
            self.of(unit, function).update(words)


class BlockReader:
    """Reads blocks of one connection; remembers which spans the device refuses."""

    def __init__(self, link: RegisterLink, limits: LinkLimits) -> None:
        self._link = link
        self._limits = limits
        self._cuts: set[tuple[int, int, int]] = set()
        self.refused: set[str] = set()
        """Names of spans that the device does not serve; kept until it connects again."""

    async def read(self, spans: Iterable[Span]) -> Words:
        """Return the words of all spans that the device serves; raise DeviceError."""
        words = Words()
        wanted = [span for span in spans if span.name not in self.refused]
        for block in plan_blocks(wanted, self._limits, frozenset(self._cuts)):
            await self._read(block, words)
        return words

    async def _read(self, block: Block, words: Words) -> None:
        try:
            values = await self._ask(block)
        except DeviceRefused as err:
            if err.code not in ILLEGAL:
                raise
            await self._bisect(block, words, err)
            return
        if len(values) >= _VOID_FROM_WORDS and all(value == _ALL_ONES for value in values):
            return
        words.of(block.unit, block.function).update(enumerate(values, start=block.first))

    async def _bisect(self, block: Block, words: Words, err: DeviceRefused) -> None:
        if len(block.spans) == 1:
            self.refused.add(block.spans[0].name)
            self._cut(block)
            _log.info("point left out: name=%s reason=%s", block.spans[0].name, err)
            return
        known = len(self.refused)
        left, right = block.halves()
        await self._read(left, words)
        await self._read(right, words)
        if len(self.refused) == known:
            # Each half is legal: it was the reach across that the device refused.
            self._cut(right)

    def _cut(self, block: Block) -> None:
        self._cuts.add((block.unit, block.function, block.first))

    async def _ask(self, block: Block) -> tuple[int, ...]:
        try:
            return await self._ask_once(block)
        except DeviceRefused as err:
            if err.code not in BUSY:
                raise
            await asyncio.sleep(self._limits.busy_wait_s)
            return await self._ask_once(block)

    async def _ask_once(self, block: Block) -> tuple[int, ...]:
        return await self._link.read(block.unit, block.function, block.first, block.count)

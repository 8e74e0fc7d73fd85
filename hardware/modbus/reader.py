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
"""This many words that are all ones are what a rebooting inverter sends; fewer may be a -1."""
_LONGEST_REST_S = 86400.0


@dataclass(frozen=True, slots=True)
class _Refusal:
    until_s: float
    length_s: float


def is_void(values: tuple[int, ...]) -> bool:
    """Say whether the words of a block are those of a device that restarts, and mean nothing."""
    return len(values) >= _VOID_FROM_WORDS and _is_ones(values)


def _is_ones(values: tuple[int, ...]) -> bool:
    return all(value == _ALL_ONES for value in values)


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

    def __init__(self, link: RegisterLink, limits: LinkLimits, had: set[str] | None = None) -> None:
        """Read within limits; `had` names the spans that the device has been known to serve."""
        self._link = link
        self._limits = limits
        self._had = set() if had is None else had
        self._cuts: set[tuple[int, int, int]] = set()
        self._refusals: dict[str, _Refusal] = {}
        self._ones: set[tuple[int, int, int]] = set()
        """Short blocks that were all ones twice in a row: that is what they hold."""

    @property
    def refused(self) -> frozenset[str]:
        """Return the names of spans that the device does not serve, as far as we know."""
        return frozenset(self._refusals)

    async def read(self, spans: Iterable[Span]) -> Words:
        """Return the words of all spans that the device serves; raise DeviceError."""
        heard: list[tuple[Block, tuple[int, ...]]] = []
        now_s = asyncio.get_running_loop().time()
        wanted = [span for span in spans if not self._is_left_out(span.name, now_s)]
        for block in plan_blocks(wanted, self._limits, frozenset(self._cuts)):
            await self._read(block, heard)
        ones = sum(len(values) for _, values in heard if _is_ones(values))
        others = any(not _is_ones(values) for _, values in heard)
        restarts = any(is_void(values) for _, values in heard) or (
            ones >= _VOID_FROM_WORDS and not others
        )
        words = Words()
        for block, values in heard:
            if restarts and _is_ones(values):
                continue
            sure = await self._confirm(block, values)
            words.of(block.unit, block.function).update(enumerate(sure, start=block.first))
        return words

    async def _confirm(self, block: Block, values: tuple[int, ...]) -> tuple[int, ...]:
        """Return the words of a block; where they are all ones, a second answer decides."""
        place = (block.unit, block.function, block.first)
        if _is_ones(values) and place not in self._ones:
            values = await self._ask(block)
        if _is_ones(values):
            self._ones.add(place)
        else:
            self._ones.discard(place)
        return values

    async def _read(self, block: Block, heard: list[tuple[Block, tuple[int, ...]]]) -> None:
        try:
            values = await self._ask(block)
        except DeviceRefused as err:
            if err.code not in ILLEGAL:
                raise
            await self._bisect(block, heard, err)
            return
        heard.append((block, values))
        self._had.update(span.name for span in block.spans)
        for span in block.spans:
            if self._refusals.pop(span.name, None) is not None:
                _log.info("point is back: name=%s", span.name)

    def _is_left_out(self, name: str, now_s: float) -> bool:
        refusal = self._refusals.get(name)
        return refusal is not None and now_s < refusal.until_s

    def _leave_out(self, name: str, err: DeviceRefused) -> None:
        """Leave a span out for a while, then twice as long, up to a day: firmware may bring it.

        One that was there is soon asked for again: devices that start refuse what they have.
        """
        before = self._refusals.get(name)
        limits = self._limits
        length_s = limits.unit_rest_s if name in self._had else limits.ask_again_s
        if before is not None:
            length_s = min(2 * before.length_s, _LONGEST_REST_S)
        until_s = asyncio.get_running_loop().time() + length_s
        self._refusals[name] = _Refusal(until_s, length_s)
        if before is None:
            _log.info("point left out: name=%s reason=%s", name, err)

    async def _bisect(
        self, block: Block, heard: list[tuple[Block, tuple[int, ...]]], err: DeviceRefused
    ) -> None:
        if len(block.spans) == 1:
            self._leave_out(block.spans[0].name, err)
            self._cut(block)
            return
        known = len(self._refusals)
        left, right = block.halves()
        await self._read(left, heard)
        await self._read(right, heard)
        if len(self._refusals) == known:
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

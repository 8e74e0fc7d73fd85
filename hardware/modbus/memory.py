"""A link that remembers what it has read, so that others may be answered without a question."""

import asyncio

from hardware.modbus.limits import RegisterLink


class RememberingLink:
    """Passes everything on to a link, and keeps each word with the moment it came."""

    def __init__(self, link: RegisterLink) -> None:
        self._link = link
        self._words: dict[tuple[int, int], dict[int, tuple[int, float]]] = {}

    @property
    def name(self) -> str:
        """Return the link's name."""
        return self._link.name

    @property
    def connects(self) -> int:
        """Return how often the link has connected."""
        return self._link.connects

    async def connect(self) -> None:
        """Connect where there is no connection; raise DeviceError."""
        await self._link.connect()

    async def read(self, unit: int, function: int, address: int, count: int) -> tuple[int, ...]:
        """Return `count` words from `address` on; raise DeviceError."""
        words = await self._link.read(unit, function, address, count)
        now_s = asyncio.get_running_loop().time()
        kept = self._words.setdefault((unit, function), {})
        for at, word in enumerate(words, start=address):
            kept[at] = (word, now_s)
        return words

    async def close(self) -> None:
        """End the connection; the next read opens a new one."""
        await self._link.close()

    def reset(self) -> None:
        """Begin anew, even where a task that nobody can end still holds the line."""
        self._link.reset()

    def words(self) -> dict[tuple[int, int], dict[int, int]]:
        """Return every word that was ever read, by unit and function."""
        return {
            place: {at: word for at, (word, _) in sorted(kept.items())}
            for place, kept in sorted(self._words.items())
        }

    def recall(
        self, unit: int, function: int, address: int, count: int, max_age_s: float
    ) -> tuple[int, ...] | None:
        """Return words read at most `max_age_s` real seconds ago, or None where one is older."""
        kept = self._words.get((unit, function), {})
        oldest_s = asyncio.get_running_loop().time() - max_age_s
        words = []
        for at in range(address, address + count):
            word, read_s = kept.get(at, (0, -1.0))
            if read_s < oldest_s or at not in kept:
                return None
            words.append(word)
        return tuple(words)

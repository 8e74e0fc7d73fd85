"""One source of other people's words: asked in time, within its quota, its last word kept."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from scheduler.sources.errors import SourceUnreachable, SourceUnreadable
from scheduler.sources.prices import read_prices
from scheduler.sources.quota import REFUSED_PAUSE_S, Quota
from scheduler.sources.shapes import Words, read_words
from scheduler.sources.web import MOST_BYTES
from solard.core.codec import Codec, CodecError
from solard.core.told import Told, ToldPrice, ToldPrices

T = TypeVar("T")
Get = Callable[[datetime], Awaitable[bytes]]
"""Asks once, at a moment of the site."""
Read = Callable[[bytes], T]
"""Returns what a body says; raises SourceUnreadable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word(Generic[T]):
    """The newest word of a source."""

    said: T | None
    """None = nothing yet."""
    asked_at: datetime
    problem: str | None = None
    """Why it is not newer."""


class Voice(Protocol[T]):
    """Anybody who has a word to say, and a name."""

    name: str

    async def newest(self, now: datetime) -> Word[T]:
        """Return the newest word with its age, and why it is not newer; raise nothing."""
        ...


class SunSource:
    """What a voice says about the sun to come."""

    def __init__(self, voice: Voice[Words]) -> None:
        self.voice = voice

    async def newest(self, now: datetime) -> Told:
        """Return the newest word with its age, and why it is not newer; raise nothing."""
        word = await self.voice.newest(now)
        words = word.said or Words()
        return Told(
            source=self.voice.name,
            asked_at=word.asked_at,
            power=words.power,
            weather=words.weather,
            problem=word.problem,
        )


class PriceSource:
    """What a voice says about prices."""

    def __init__(self, voice: Voice[tuple[ToldPrice, ...]]) -> None:
        self.voice = voice

    async def newest(self, now: datetime) -> ToldPrices:
        """Return the newest prices with their age, and why they are not newer; raise nothing."""
        word = await self.voice.newest(now)
        return ToldPrices(
            source=self.voice.name,
            asked_at=word.asked_at,
            prices=word.said or (),
            problem=word.problem,
        )


class WebVoice(Generic[T]):
    """A provider on the network. Its last word and its quota are files: restarts ask nothing."""

    def __init__(
        self,
        *,
        name: str,
        get: Get,
        read: Read[T],
        every_s: float,
        per_day: int,
        kept: Path,
    ) -> None:
        """Make a voice.

        Args:
            name: Whose word it is, for people.
            get: Asks once.
            read: Makes of an answer what is wanted.
            every_s: Site seconds between two requests.
            per_day: Requests a UTC day at most, failed ones among them.
            kept: Directory for its last word and its quota.
        """
        self.name = name
        self._get = get
        self._read = read
        self._every_s = every_s
        self._per_day = per_day
        self._body_file = kept / "told.body"
        self._quota_file = kept / "told.json"
        self._quota: Quota | None = None
        self._said: T | None = None

    async def newest(self, now: datetime) -> Word[T]:
        """Return the newest word; ask for a newer one where it is time and the quota allows it."""
        quota = self._quota
        if quota is None:
            quota = await asyncio.to_thread(self._recall)
        if quota.may_ask(now, self._every_s, self._per_day):
            quota = quota.count(now)
            await asyncio.to_thread(self._keep, quota, None)  # a crash must not forget a request
            quota = await self._ask(now, quota)
        self._quota = quota
        problem = self._problem(quota, now)
        return Word(said=self._said, asked_at=quota.last_at or now, problem=problem)

    def _problem(self, quota: Quota, now: datetime) -> str | None:
        said = quota.say(now, self._per_day)
        if said is None or (quota.problem is None and self._said is not None):
            return None  # a quota that is used up is no problem while its last word is good
        return f"{self.name}: {said}"

    async def _ask(self, now: datetime, quota: Quota) -> Quota:
        try:
            body = await self._get(now)
            self._said = await asyncio.to_thread(self._read, body)
        except SourceUnreachable as err:
            least_s = err.retry_after_s
            refused = "answered 429" in str(err) or "check the key" in str(err)
            quota = quota.fail(
                now, str(err), max(least_s or 0.0, REFUSED_PAUSE_S if refused else 0)
            )
            await asyncio.to_thread(self._keep, quota, None)
        except SourceUnreadable as err:
            quota = quota.fail(now, str(err), REFUSED_PAUSE_S)
            await asyncio.to_thread(self._keep, quota, None)
        else:
            quota = quota.succeed(now)
            await asyncio.to_thread(self._keep, quota, body)
        return quota

    def _recall(self) -> Quota:
        """Return the quota as the last daemon left it, and read its last word."""
        try:
            quota: Quota = Codec().loads(Quota, self._quota_file.read_text(encoding="utf-8"))
            self._said = self._read(self._body_file.read_bytes()[:MOST_BYTES])
        except FileNotFoundError:
            return Quota()
        except (OSError, CodecError, SourceUnreadable):
            return Quota()
        return quota

    def _keep(self, quota: Quota, body: bytes | None) -> None:
        """Write word and quota, each whole or not at all; without a disk go on in memory."""
        try:
            self._quota_file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            if body is not None:
                _replace(self._body_file, body)
            _replace(self._quota_file, Codec().dumps(quota).encode())
        except OSError:
            return


class FileVoice(Generic[T]):
    """A file that somebody else writes, in any shape that a provider's answer may have."""

    def __init__(self, path: Path, read: Read[T]) -> None:
        self.name = path.name
        self._path = path
        self._read = read
        self._said: T | None = None
        self._changed_at: datetime | None = None
        self._last_at: datetime | None = None

    async def newest(self, now: datetime) -> Word[T]:
        """Return what the file says, or said when it could last be read."""
        try:
            said, changed_at = await asyncio.to_thread(self._look)
        except (OSError, SourceUnreadable) as err:
            why = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
            last_at = self._last_at or now
            return Word(said=self._said, asked_at=last_at, problem=f"{self._path}: {why}")
        self._said, self._changed_at = said, changed_at
        # The file's time is the machine's; a simulated site may live in another year.
        self._last_at = min(changed_at, now)
        return Word(said=said, asked_at=self._last_at)

    def _look(self) -> tuple[T, datetime]:
        status = self._path.stat()
        changed_at = datetime.fromtimestamp(status.st_mtime, tz=UTC)
        if self._said is not None and changed_at == self._changed_at:
            return self._said, changed_at
        if not S_ISREG(status.st_mode):  # a pipe would be waited for
            raise SourceUnreadable("it is no plain file")
        if status.st_size > MOST_BYTES:
            raise SourceUnreadable(f"it is longer than {MOST_BYTES >> 20} MiB")
        return self._read(self._path.read_bytes()), changed_at


def reads_sun(timezone: str) -> Read[Words]:
    """Return what reads a word on the sun; stamps without an offset are local times."""
    return partial(read_words, zone=ZoneInfo(timezone))


def reads_prices(timezone: str) -> Read[tuple[ToldPrice, ...]]:
    """Return what reads prices; stamps without an offset are local times."""
    return partial(read_prices, zone=ZoneInfo(timezone))


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.write_bytes(content)
    fresh.replace(path)

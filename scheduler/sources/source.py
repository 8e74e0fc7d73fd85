"""One source of other people's words: asked in time, within its quota, its last word kept."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import Protocol
from zoneinfo import ZoneInfo

from scheduler.sources.errors import SourceUnreachable, SourceUnreadable
from scheduler.sources.quota import REFUSED_PAUSE_S, Quota
from scheduler.sources.shapes import Words, read_words
from scheduler.sources.web import MOST_BYTES
from solard.core.codec import Codec, CodecError
from solard.core.told import Told

Get = Callable[[], Awaitable[bytes]]


class Source(Protocol):
    """Anybody who has a word on the sun to come."""

    async def newest(self, now: datetime) -> Told:
        """Return the newest word with its age, and why it is not newer; raise nothing."""
        ...


class WebSource:
    """A provider on the network. Its last word and its quota are files: restarts ask nothing."""

    def __init__(
        self, *, name: str, get: Get, every_s: float, per_day: int, timezone: str, kept: Path
    ) -> None:
        """Make a source.

        Args:
            name: Whose word it is, for people.
            get: Asks once.
            every_s: Site seconds between two requests.
            per_day: Requests a UTC day at most, failed ones among them.
            timezone: IANA name, for stamps without an offset.
            kept: Directory for its last word and its quota.
        """
        self._name = name
        self._get = get
        self._every_s = every_s
        self._per_day = per_day
        self._zone = ZoneInfo(timezone)
        self._body_file = kept / "told.body"
        self._quota_file = kept / "told.json"
        self._quota: Quota | None = None
        self._words: Words | None = None

    async def newest(self, now: datetime) -> Told:
        """Return the newest word; ask for a newer one where it is time and the quota allows it."""
        quota = self._quota
        if quota is None:
            quota = await asyncio.to_thread(self._recall)
        if quota.may_ask(now, self._every_s, self._per_day):
            quota = quota.count(now)
            await asyncio.to_thread(self._keep, quota, None)  # a crash must not forget a request
            quota = await self._ask(now, quota)
        self._quota = quota
        words = self._words or Words()
        return Told(
            source=self._name,
            asked_at=quota.last_at or now,
            power=words.power,
            weather=words.weather,
            problem=self._problem(quota, now),
        )

    def _problem(self, quota: Quota, now: datetime) -> str | None:
        said = quota.say(now, self._per_day)
        if said is None or (quota.problem is None and self._words is not None):
            return None  # a quota that is used up is no problem while its last word is good
        return f"{self._name}: {said}"

    async def _ask(self, now: datetime, quota: Quota) -> Quota:
        try:
            body = await self._get()
            self._words = await asyncio.to_thread(read_words, body, self._zone)
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
            self._words = read_words(self._body_file.read_bytes()[:MOST_BYTES], self._zone)
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


class FileSource:
    """A file that somebody else writes, in any shape that a web source may have."""

    def __init__(self, path: Path, timezone: str) -> None:
        self._path = path
        self._zone = ZoneInfo(timezone)
        self._words: Words | None = None
        self._changed_at: datetime | None = None
        self._last: Told | None = None

    async def newest(self, now: datetime) -> Told:
        """Return what the file says, or said when it could last be read."""
        try:
            words, changed_at = await asyncio.to_thread(self._read)
        except (OSError, SourceUnreadable) as err:
            said = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
            last = self._last or Told(source=self._path.name, asked_at=now)
            return replace(last, problem=f"{self._path}: {said}")
        self._words, self._changed_at = words, changed_at
        # The file's time is the machine's; a simulated site may live in another year.
        self._last = Told(
            source=self._path.name,
            asked_at=min(changed_at, now),
            power=words.power,
            weather=words.weather,
        )
        return self._last

    def _read(self) -> tuple[Words, datetime]:
        status = self._path.stat()
        changed_at = datetime.fromtimestamp(status.st_mtime, tz=UTC)
        if self._words is not None and changed_at == self._changed_at:
            return self._words, changed_at
        if not S_ISREG(status.st_mode):  # a pipe would be waited for
            raise SourceUnreadable("it is no plain file")
        if status.st_size > MOST_BYTES:
            raise SourceUnreadable(f"it is longer than {MOST_BYTES >> 20} MiB")
        return read_words(self._path.read_bytes(), self._zone), changed_at


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.write_bytes(content)
    fresh.replace(path)

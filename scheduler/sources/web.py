"""One bounded HTTP GET: the scheduler's only door to aiohttp."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp

from scheduler.sources.errors import SourceUnreachable

TIMEOUT_S = 20.0
"""Real seconds for everything, name lookup to the last byte."""
MOST_BYTES = 2 << 20
"""Two days in 5 min steps are 100 kB; whatever sends more is no forecast."""
CHUNK = 1 << 16
TWO_DAYS = timedelta(days=2)


def asks(url: str, headers: Mapping[str, str]) -> Callable[[datetime], Awaitable[bytes]]:
    """Return what asks this address, whenever it is."""

    async def ask(_: datetime) -> bytes:
        return await get(url, headers)

    return ask


def asks_for_days(url: str, headers: Mapping[str, str]) -> Callable[[datetime], Awaitable[bytes]]:
    """Return what asks this address for today and the next two days, with its `start` and `end`."""

    async def ask(now: datetime) -> bytes:
        mark = "&" if "?" in url else "?"
        days = f"start={now.date()}&end={(now + TWO_DAYS).date()}"
        return await get(f"{url}{mark}{days}", headers)

    return ask


async def get(url: str, headers: Mapping[str, str]) -> bytes:
    """Return the body of an answer with status 200; raise SourceUnreachable with a sentence."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(url, headers=headers, max_redirects=3) as answer,
        ):
            if answer.status != 200:
                raise _refused(answer)
            return await _body(answer)
    except TimeoutError as err:
        raise SourceUnreachable(f"no answer in {TIMEOUT_S:g} s") from err
    except (aiohttp.ClientError, OSError, ValueError) as err:
        raise SourceUnreachable(f"no answer: {_say(err)}") from err


def _say(err: Exception) -> str:
    """Return what went wrong; only a connection's words are repeated, others quote the address.

    A key may stand in it.
    """
    if isinstance(err, aiohttp.TooManyRedirects):
        return "it sends us elsewhere again and again"
    if isinstance(err, aiohttp.ClientConnectorError):
        return " ".join(str(err).split())[:200]
    return type(err).__name__


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK):
        body += chunk
        if len(body) > MOST_BYTES:
            raise SourceUnreachable(f"the answer is longer than {MOST_BYTES >> 20} MiB")
        await asyncio.sleep(0)  # a fast source must not keep the loop from its ticks
    return bytes(body)


def _refused(answer: aiohttp.ClientResponse) -> SourceUnreachable:
    said = f"it answered {answer.status} {answer.reason or ''}".rstrip()
    if answer.status in (401, 403):
        said += "; check the key"
    return SourceUnreachable(said, _retry_after_s(answer.headers))


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return what RFC 9110 §10.2.3 lets a server ask for: seconds, or a date by its own clock."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isdigit():
        return float(asked)
    try:
        until, now = (parsedate_to_datetime(each) for each in (asked, headers.get("Date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None

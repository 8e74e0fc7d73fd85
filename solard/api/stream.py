"""Server-sent events: every new picture to everyone who listens and keeps up."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from solard.api.refusal import Refusal
from solard.api.source import ApiSource
from solard.core.records import RECORD_CODEC
from solard.core.view import SiteView


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTerms:
    """How streams are kept; real seconds."""

    keepalive_s: float = 15.0
    """A comment is sent after so long without a new picture."""
    write_s: float = 10.0
    """A client that has not taken a picture in this time is dropped."""
    streams: int = 32


class ViewText:
    """A picture as JSON, made once for all who ask for it."""

    def __init__(self) -> None:
        self._view: SiteView | None = None
        self._text = ""

    def of(self, view: SiteView) -> str:
        """Return the picture as one line of JSON."""
        if view is not self._view:
            self._view, self._text = view, RECORD_CODEC.dumps(view)
        return self._text


class Streams:
    """The streams that are open."""

    def __init__(self, source: ApiSource, text: ViewText, terms: StreamTerms) -> None:
        self._source = source
        self._text = text
        self._terms = terms
        self._tasks: set[asyncio.Task[object]] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Send pictures until the client goes away, falls behind, or the server closes."""
        if len(self._tasks) >= self._terms.streams:
            raise Refusal(503, f"{self._terms.streams} streams are open already: close one")
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            return await self._send_views(request)
        finally:
            self._tasks.discard(task)

    async def close(self) -> None:
        """End all streams."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_views(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        seq = self._first_seq(request)
        try:
            while True:
                seq, data = await self._next(seq)
                async with asyncio.timeout(self._terms.write_s):
                    await response.write(data.encode())
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # the client went away, as clients do
        return response

    async def _next(self, seq: int) -> tuple[int, str]:
        try:
            async with asyncio.timeout(self._terms.keepalive_s):
                view = await self._source.wait_view(seq)
        except TimeoutError:
            return seq, ": still here\n\n"
        return view.seq, f"event: status\nid: {view.seq}\ndata: {self._text.of(view)}\n\n"

    def _first_seq(self, request: web.Request) -> int:
        """Return what the client has seen, unless that was of an earlier daemon."""
        seen, view = request.headers.get("Last-Event-ID", ""), self._source.view()
        if not seen.isdecimal() or view is None or int(seen) > view.seq:
            return -1
        return int(seen)

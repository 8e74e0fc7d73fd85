"""Connections that are slow or too many are closed: an HTTP server alone lets them stay.

800 half-open requests stayed for more than 90 s on a bare aiohttp server. A guard stands between
the transport and the server's protocol and counts only from outside, on asyncio's public interface.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one server bears; real seconds."""

    header_s: float = 5.0
    """From a connection's start to the end of its first request's header."""
    idle_s: float = 10.0
    """From one answer's start to the end of the next request's header."""
    body_s: float = 5.0
    """From a header's end to its body's end."""
    connections: int = 256
    per_peer: int = 64
    """Connections of one address; those of the unix socket share only the total."""


class Gate:
    """Makes one guard per connection and keeps their number."""

    def __init__(self, limits: Limits, make_protocol: Callable[[], asyncio.Protocol]) -> None:
        self.limits = limits
        self._make_protocol = make_protocol
        self._open: Counter[str] = Counter()

    def local(self) -> "Guard":
        """Return the protocol of one connection on the unix socket."""
        return Guard(self, self._make_protocol(), is_local=True)

    def remote(self) -> "Guard":
        """Return the protocol of one connection over TCP."""
        return Guard(self, self._make_protocol(), is_local=False)

    def enter(self, peer: str | None) -> bool:
        """Count a connection in, and say whether there is room for it; None is the unix socket."""
        self._open[peer or ""] += 1
        if self._open.total() > self.limits.connections:
            return False
        return peer is None or self._open[peer] <= self.limits.per_peer

    def leave(self, peer: str | None) -> None:
        """Count a connection out."""
        self._open[peer or ""] -= 1
        self._open += Counter()  # drops the peers that have none left


class Guard(asyncio.Protocol):
    """Hands everything on to the server's protocol, and aborts the connection at its deadline."""

    def __init__(self, gate: Gate, inner: asyncio.Protocol, *, is_local: bool) -> None:
        self.is_local = is_local
        """Whether the file system decided who may connect."""
        self._gate = gate
        self._inner = inner
        self._peer: str | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._admitted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit a connection where there is room, and give it time for its first header."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._peer = None if self.is_local else str(transport.get_extra_info("peername")[0])
        self._admitted = self._gate.enter(self._peer)
        if not self._admitted:
            transport.abort()
            return
        self._inner.connection_made(transport)
        self._wait(self._gate.limits.header_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the connection out."""
        self.request_begins()
        self._gate.leave(self._peer)
        if self._admitted:
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand bytes on; they move no deadline, or dripping would be enough to stay."""
        if self._admitted:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Hand the end on."""
        return self._inner.eof_received() if self._admitted else None

    def pause_writing(self) -> None:
        """Hand back-pressure on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Hand the end of back-pressure on."""
        self._inner.resume_writing()

    def request_begins(self) -> None:
        """Stop the clock: a whole header has come, the handler has its own deadlines."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def request_ends(self) -> None:
        """Start the clock for taking the answer and sending the next header."""
        if self._transport is not None and not self._transport.is_closing():
            self._wait(self._gate.limits.idle_s)

    def _wait(self, longest_s: float) -> None:
        self.request_begins()
        if self._transport is not None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(longest_s, self._transport.abort)

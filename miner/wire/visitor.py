"""One connection: stands between the socket and the HTTP server behind it."""

import asyncio
import ipaddress
from collections.abc import Callable

from miner.wire.door import Door, DoorLimits


class Visitor(asyncio.Protocol):
    """Watches one caller's pace, and turns strangers of tired addresses away."""

    def __init__(self, door: Door, serve: Callable[[], asyncio.Protocol]) -> None:
        self.is_proven = False
        self.ip = ""
        self._door = door
        self._serve = serve
        self._server: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._is_asking = False
        self._has_asked = False
        self._waiting_since_s: float | None = None
        self._unread_since_s: float | None = None
        self._penalty: asyncio.TimerHandle | None = None
        self._is_dropped = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note who came; the HTTP server is set up with the first byte."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.ip = house_of(str((transport.get_extra_info("peername") or ("?",))[0]))
        self._waiting_since_s = self._door.now_s
        self._door.enter(self)

    def data_received(self, data: bytes) -> None:
        """Hand bytes on, unless a stranger is turned away."""
        if self._is_dropped or self._penalty is not None:
            return
        if self._waiting_since_s is None and not self._is_asking:
            self._waiting_since_s = self._door.now_s
        if not self.is_proven:
            said = self._door.turns_away(self.ip, data)
            if said is not None:
                self._turn_away(said)
                return
        if self._server is None:
            assert self._transport is not None
            self._server = self._serve()
            self._server.connection_made(self._transport)
        self._server.data_received(data)

    def eof_received(self) -> bool | None:
        """Hand on that the caller sends no more."""
        return None if self._server is None else self._server.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave."""
        if self._penalty is not None:
            self._penalty.cancel()
        self._door.leave(self)
        if self._server is not None:
            if not self._has_asked:
                self.has_failed()  # it sent bytes that are no request
            self._server.connection_lost(exc)
        self._transport = None

    def pause_writing(self) -> None:
        """Note that the caller does not read."""
        self._unread_since_s = self._door.now_s
        if self._server is not None:
            self._server.pause_writing()

    def resume_writing(self) -> None:
        """Note that the caller reads again."""
        self._unread_since_s = None
        if self._server is not None:
            self._server.resume_writing()

    def has_asked(self) -> None:
        """Say that a request's headers are here."""
        self._is_asking = self._has_asked = True
        self._waiting_since_s = None

    def has_been_heard(self) -> None:
        """Say that the answer is ready."""
        self._is_asking = False

    def has_proven(self) -> None:
        """Say that a request was signed by somebody who may ask."""
        self._door.prove(self)
        self.is_proven = True

    def has_failed(self) -> None:
        """Say that a request was refused."""
        if not self.is_proven:
            self._door.fail(self)

    def is_unwelcome(self) -> bool:
        """Tell whether this is a stranger of an address that was refused too often of late."""
        return not self.is_proven and self._door.is_tired_of(self.ip)

    def may_try(self) -> bool:
        """Tell whether this caller's signature is looked at."""
        return self.is_proven or self._door.tries(self.ip)

    async def wait_out(self) -> None:
        """Read nothing more, and let the caller wait for its refusal."""
        if self._transport is not None:
            self._transport.pause_reading()
        await asyncio.sleep(self._door.penalty_s())

    def is_overdue(self, now_s: float, limits: DoorLimits) -> bool:
        """Tell whether the caller is too slow at sending, or at reading."""
        waiting_s = 0.0 if self._waiting_since_s is None else now_s - self._waiting_since_s
        unread_s = 0.0 if self._unread_since_s is None else now_s - self._unread_since_s
        return waiting_s > limits.request_timeout_s or unread_s > limits.unread_timeout_s

    def drop(self) -> None:
        """End the connection without a word."""
        if not self._is_dropped:
            self._is_dropped = True
            self._door.leave(self)
            if self._transport is not None:
                self._transport.abort()

    def _turn_away(self, said: bytes) -> None:
        assert self._transport is not None
        transport = self._transport
        self._waiting_since_s = None
        transport.pause_reading()

        def say() -> None:
            transport.write(said)
            transport.close()

        self._penalty = self._door.after(self._door.penalty_s(), say)


def house_of(ip: str) -> str:
    """Return whom an address belongs to: of IPv6 the /64, which is what one customer gets."""
    if ":" not in ip:
        return ip
    address = ipaddress.IPv6Address(ip.partition("%")[0])
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False))

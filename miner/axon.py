"""The axon: a neuron's HTTP server. It verifies before it admits, and admits before it parses."""

import asyncio
import logging
import socket
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from miner.keys import Keypair
from miner.wire import btauth, legacy
from miner.wire.buckets import Allowance, TokenBuckets
from miner.wire.door import Door, DoorLimits
from miner.wire.exchange import BtauthExchange, Exchange, refuse_with, send_stream
from miner.wire.intake import Intake
from miner.wire.legacy_exchange import LegacyExchange
from miner.wire.mark import Mark
from miner.wire.refusal import (
    NotServing,
    Refusal,
    RequestBroken,
    RouteUnknown,
    TookTooLong,
)
from miner.wire.replay import ReplayStore
from miner.wire.synapse import PING, SynapseKind
from miner.wire.visitor import Visitor

STOP_TIMEOUT_S = 3.0
"""Requests under way have so long to end when the axon stops."""
KEEP_ALIVE_S = 75.0
LINGER_S = 0.5
"""So long the rest of a refused body is read and thrown away, so that the refusal arrives."""
BACKLOG = 128
RECEIVE_BUFFER_BYTES = 32_768
"""Of each connection, in the kernel: more lets a flood hand over hundreds of requests at once."""
READ_BUFFER_BYTES = 16_384
"""Of each connection, for what nobody reads yet."""
PER_HOTKEY = Allowance(rate=50.0, burst_count=200)
DOOR = DoorLimits()

log = logging.getLogger(__name__)

Answering = Callable[[str, Any], Awaitable[Any]]
"""Gets the caller's hotkey and the question's data; returns the answer's."""
Streaming = Callable[[str, Any], AsyncIterator[bytes]]
"""Gets the caller's hotkey and the question's data; gives the answer piece by piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One question that an axon answers; its route is the synapse's name."""

    kind: SynapseKind
    answer: Answering | None = None
    stream: Streaming | None = None
    """In place of `answer`, where the synapse streams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxonLimits:
    """What one axon bears."""

    door: DoorLimits = DOOR
    max_body_bytes: int = 65_536
    max_open_requests: int = 64
    per_hotkey: Allowance = PER_HOTKEY


@dataclass(slots=True)
class AxonCounts:
    """What the axon has seen since its start."""

    requests: int = 0
    answered: int = 0
    refused: int = 0


async def _pong(_: str, __: Any) -> dict[str, Any]:
    return {}


class Axon:
    """Serves questions of bittensor 8 to 10 (synapses) and of bittensor 11 (btauth/1)."""

    def __init__(
        self,
        keypair: Keypair,
        services: tuple[Service, ...],
        admit: Callable[[str], None],
        *,
        limits: AxonLimits | None = None,
        mark: Path | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Make an axon that answers whom `admit` does not raise a Refusal for.

        `mark` is the file that keeps old requests out after a restart; None forgets them.
        """
        ping = Service(kind=PING, answer=_pong)
        self.counts = AxonCounts()
        self._keypair = keypair
        self._services = {one.kind.name: one for one in (ping, *services)}
        self._admit = admit
        self._limits = limits or AxonLimits()
        self._clock_ns = clock_ns
        self._uuid = str(uuid.uuid1())
        ahead_ns = int(1e9 * max(btauth.MAX_AHEAD_S, legacy.MAX_AHEAD_S))
        self._mark = None if mark is None else Mark(mark, clock_ns(), ahead_ns)
        self._replays = {
            BtauthExchange: ReplayStore(btauth.WINDOW_S, self._mark),
            LegacyExchange: ReplayStore(legacy.WINDOW_S, self._mark),
        }
        self._buckets = TokenBuckets(self._limits.per_hotkey)
        self._intake = Intake(self._limits.max_body_bytes)
        self._turnstile = asyncio.Lock()
        self._open = 0
        self._door: Door | None = None
        self._http: web.Server | None = None
        self._listening: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        return self._door.connections if self._door else 0

    async def start(self, ip: str, port: int) -> int:
        """Listen; return the port. Raise NotServing when it is taken."""
        http = web.Server(
            self._serve,
            access_log=None,
            keepalive_timeout=KEEP_ALIVE_S,
            lingering_time=LINGER_S,
            auto_decompress=False,
            read_bufsize=READ_BUFFER_BYTES,
        )
        door = Door(self._limits.door)
        try:
            self._listening = await asyncio.get_running_loop().create_server(
                lambda: Visitor(door, http), ip, port, backlog=BACKLOG
            )
            for listening in self._listening.sockets:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        except OSError as err:
            door.close()
            raise NotServing(
                f"axon: cannot listen on {ip}:{port}: {err.strerror}; choose another port"
            ) from err
        self._door, self._http = door, http
        bound: int = self._listening.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Finish the requests under way, then stop listening."""
        if self._listening and self._http and self._door:
            self._listening.close()
            self._http.pre_shutdown()
            await self._http.shutdown(STOP_TIMEOUT_S)
            self._door.close()
        if self._mark is not None:
            self._mark.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        visitor = _visitor_of(request)
        visitor.has_asked()
        self.counts.requests += 1
        service, exchange = self._exchange(request)
        try:
            response = await self._answer(request, service, exchange, visitor)
        except Refusal as err:
            self.counts.refused += 1
            return await _refuse(exchange, visitor, err)
        finally:
            visitor.has_been_heard()
        self.counts.answered += 1
        return response

    def _exchange(self, request: web.BaseRequest) -> tuple[Service | None, Exchange]:
        service = self._services.get(_route_of(request))
        if btauth.VERSION_HEADER in request.headers:
            return service, BtauthExchange(request, self._keypair, self._intake)
        kind = service.kind if service else PING
        return service, LegacyExchange(request, self._keypair, self._intake, kind, self._uuid)

    async def _answer(
        self,
        request: web.BaseRequest,
        service: Service | None,
        exchange: Exchange,
        visitor: Visitor,
    ) -> web.StreamResponse:
        """Let a request through one gate after the other: cheap ones first, trust before work."""
        self._intake.check_announced(request)
        if service is None:
            raise RouteUnknown(
                f"Synapse name '{_route_of(request)}' not found. "
                f"Available synapses {list(self._services)}"
            )
        if not visitor.is_proven:
            # One stranger each turn of the event loop: those who may ask wait for no crowd.
            async with self._turnstile:
                await asyncio.sleep(0)
        if _is_signed(request) and not visitor.may_try():
            raise NotServing("too many refused requests from this address; try later")
        now_ns = self._clock_ns()
        proof = await exchange.authenticate(now_ns)
        # From here to `note` nothing awaits: two copies of a request cannot pass each other.
        replays = self._replays[type(exchange)]
        replays.check(proof.sender, proof.nonce_ns, now_ns)
        if not self._buckets.take(proof.hotkey, time.monotonic()):
            raise NotServing("this hotkey asks too often; try again in a moment")
        if self._open >= self._limits.max_open_requests:
            raise NotServing("busy; try again in a moment")
        self._admit(proof.hotkey)
        replays.note(proof.sender, proof.nonce_ns, now_ns)
        visitor.has_proven()
        self._open += 1
        try:
            return await self._work(request, service, exchange, proof.hotkey)
        finally:
            self._open -= 1

    async def _work(
        self, request: web.BaseRequest, service: Service, exchange: Exchange, hotkey: str
    ) -> web.StreamResponse:
        data = await exchange.read()
        try:
            async with asyncio.timeout(exchange.timeout_s):
                if service.answer is not None:
                    return exchange.answer(await service.answer(hotkey, data))
                assert service.stream is not None
                pieces = service.stream(hotkey, data)
                return await send_stream(request, exchange.begin_stream(), pieces)
        except TimeoutError as err:
            if service.stream is not None:
                raise ConnectionResetError("a stream took longer than its caller waits") from err
            raise TookTooLong(f"Response timeout after: {exchange.timeout_s}s") from err


async def _refuse(exchange: Exchange, visitor: Visitor, err: Refusal) -> web.Response:
    if isinstance(err, RequestBroken):
        log.debug("broken request reason=%s", err)
    if not isinstance(err, NotServing):
        visitor.has_failed()
    if not visitor.is_unwelcome():
        return exchange.refuse(err)
    # A whole refusal costs more than the forged signature did: who floods hears the reason alone.
    response = refuse_with(err.status, {"message": str(err)}, {})
    # What else it has sent is not looked at: one connection may hold a thousand forgeries.
    response.force_close()
    await visitor.wait_out()
    return response


def _visitor_of(request: web.BaseRequest) -> Visitor:
    visitor = request.transport.get_protocol() if request.transport else None
    if not isinstance(visitor, Visitor):
        raise ConnectionResetError("the caller has hung up")
    return visitor


def _is_signed(request: web.BaseRequest) -> bool:
    return any(
        name in request.headers for name in (btauth.SIGNATURE_HEADER, legacy.SIGNATURE_HEADER)
    )


def _route_of(request: web.BaseRequest) -> str:
    return request.raw_path.partition("?")[0].removeprefix("/").partition("/")[0][:64]

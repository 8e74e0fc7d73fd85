"""The API server: a unix socket, and TCP where the owner opened that door."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType

from aiohttp import web

from solard.api.access import TcpDoor, check_access
from solard.api.desk import Desk
from solard.api.guard import stop_the_clock
from solard.api.openapi import describe
from solard.api.refusal import errors_as_json
from solard.api.routes import ROUTES, Route
from solard.api.source import ApiSource
from solard.api.stream import Streams, StreamTerms, ViewText
from solard.core.errors import SolardError
from solard.system.guard import Gate, Guard, Limits

BODY_BYTES = 64 * 1024
_CLOSE_S = 2.0


class DoorTaken(SolardError):
    """The socket or the port cannot be listened on."""


class ApiServer:
    """Serves the daemon's picture and takes the operator's requests."""

    def __init__(
        self,
        source: ApiSource,
        socket_path: Path,
        *,
        version: str = "",
        tcp: TcpDoor | None = None,
        limits: Limits | None = None,
        stream_terms: StreamTerms | None = None,
        workload_gids: frozenset[int] = frozenset(),
    ) -> None:
        self._socket_path = socket_path
        self._tcp = tcp
        self._limits = limits or Limits()
        text = ViewText()
        self._streams = Streams(source, text, stream_terms or StreamTerms())
        description = describe(ROUTES, version)
        desk = Desk(
            source=source,
            streams=self._streams,
            text=text,
            description=description,
            body_s=self._limits.body_s,
        )
        app = web.Application(
            middlewares=[stop_the_clock, errors_as_json, check_access(tcp, workload_gids)],
            client_max_size=BODY_BYTES,
        )
        for route in ROUTES:
            app.router.add_route(route.method, route.path, _bind(route, desk))
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=_CLOSE_S
        )
        self._servers: list[asyncio.Server] = []

    async def start(self) -> None:
        """Listen; the socket file of a killed daemon is replaced (who is alive, holds the lock).

        Raises:
            DoorTaken: the socket or the port cannot be listened on.
        """
        await self._runner.setup()
        make_protocol = self._runner.server
        if make_protocol is None:  # pragma: no cover - setup made it
            raise DoorTaken("the API server did not start")
        gate = Gate(self._limits, make_protocol)
        loop = asyncio.get_running_loop()
        try:
            self._socket_path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._socket_path.unlink(missing_ok=True)
            path = str(self._socket_path)
            self._servers.append(await loop.create_unix_server(gate.local, path))
            self._socket_path.chmod(0o660)
            if self._tcp is not None:
                await self._open_tcp(gate.remote, self._tcp)
        except OSError as err:
            await self.close()
            raise DoorTaken(f"the API cannot listen on {self._socket_path}: {err}") from err

    async def close(self) -> None:
        """Stop listening, end the streams, let requests in hand finish, close everything."""
        for server in self._servers:
            server.close()
        await self._streams.close()
        await self._runner.cleanup()
        with contextlib.suppress(OSError):
            self._socket_path.unlink(missing_ok=True)

    @property
    def port(self) -> int | None:
        """Return the TCP port in use; None where only the unix socket is served."""
        if self._tcp is None or len(self._servers) < 2:
            return None
        return int(self._servers[1].sockets[0].getsockname()[1])

    async def __aenter__(self) -> "ApiServer":
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()

    async def _open_tcp(self, make_guard: Callable[[], Guard], door: TcpDoor) -> None:
        try:
            loop = asyncio.get_running_loop()
            self._servers.append(await loop.create_server(make_guard, door.host, door.port))
        except OSError as err:
            raise DoorTaken(
                f"the API cannot listen on {door.host}:{door.port}: {err.strerror or err}; "
                f"set another api.port"
            ) from err


def _bind(route: Route, desk: Desk) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        return await route.serve(desk, request)

    return serve

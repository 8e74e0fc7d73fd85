"""The axon: a neuron's HTTP server. It verifies before it admits, and admits before it parses."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from miner.wire.btauth import RequestRefused, check_signature, read_headers
from miner.wire.replay import ReplayStore
from solard.core.errors import SolardError

MAX_BODY_BYTES = 65536
BODY_TIMEOUT_S = 5.0
MAX_OPEN_REQUESTS = 64
STOP_TIMEOUT_S = 3.0
"""Requests under way have so long to end when the axon stops."""


class NotServing(SolardError):
    """This axon answers nothing right now: 503."""


class NotAdmitted(SolardError):
    """The caller is who it says, and may not ask: 403."""


class ChallengeInvalid(SolardError):
    """The body is not what the route expects: 422."""


Route = Callable[[str, Any], Awaitable[Any]]
"""Gets the caller's hotkey and the parsed body; returns what becomes the JSON answer."""


@dataclass(slots=True)
class AxonCounts:
    """What the axon has seen since its start."""

    requests: int = 0
    answered: int = 0
    refused: int = 0


class Axon:
    """Serves routes to callers that sign with btauth/1."""

    def __init__(
        self,
        hotkey: str,
        routes: dict[str, Route],
        admit: Callable[[str], None],
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.counts = AxonCounts()
        self._hotkey = hotkey
        self._routes = routes
        self._admit = admit
        self._clock_ns = clock_ns
        self._replays = ReplayStore(clock_ns())
        self._open = 0
        self._runner: web.AppRunner | None = None

    async def start(self, ip: str, port: int) -> int:
        """Listen; return the port. Raise NotServing when it is taken."""
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.router.add_post("/{name}", self._serve)
        self._runner = web.AppRunner(
            application, access_log=None, keepalive_timeout=30, shutdown_timeout=STOP_TIMEOUT_S
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, ip, port)
        try:
            await site.start()
        except OSError as err:
            await self._runner.cleanup()
            raise NotServing(
                f"axon: cannot listen on {ip}:{port}: {err.strerror}; choose another --axon-port"
            ) from err
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        """Finish the requests under way, then stop listening."""
        if self._runner:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        self.counts.requests += 1
        status, answer = await self._status_and_answer(request)
        if status == 200:
            self.counts.answered += 1
            return web.json_response(answer)
        self.counts.refused += 1
        headers = {"Retry-After": "3"} if status == 503 else {}
        return web.json_response({"message": answer}, status=status, headers=headers)

    async def _status_and_answer(self, request: web.Request) -> tuple[int, Any]:
        if self._open >= MAX_OPEN_REQUESTS or self._replays.is_warming_up(self._clock_ns()):
            return 503, "busy; try again in a moment"
        self._open += 1
        try:
            return 200, await self._answer(request)
        except web.HTTPRequestEntityTooLarge:
            return 413, f"a body has at most {MAX_BODY_BYTES} bytes"
        except TimeoutError:
            return 408, f"the body did not come within {BODY_TIMEOUT_S:g} s"
        except web.HTTPNotFound:
            return 404, f"no route {request.path!r}; there are {', '.join(self._routes)}"
        except RequestRefused as err:
            return 401, str(err)
        except NotAdmitted as err:
            return 403, str(err)
        except ChallengeInvalid as err:
            return 422, str(err)
        except NotServing as err:
            return 503, str(err)
        finally:
            self._open -= 1

    async def _answer(self, request: web.Request) -> Any:
        route = self._routes.get(request.match_info["name"])
        if route is None:
            raise web.HTTPNotFound
        if (request.content_length or 0) > MAX_BODY_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_BODY_BYTES, request.content_length or 0)
        signed = read_headers(request.headers, self._hotkey, self._clock_ns())
        body = await _read_body(request)
        check_signature(signed, method=request.method, target=request.path_qs, body=body)
        self._replays.admit(signed.hotkey, signed.nonce_ns, self._clock_ns())
        self._admit(signed.hotkey)
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as err:
            raise ChallengeInvalid("the body is no JSON") from err
        return await route(signed.hotkey, data)


async def _read_body(request: web.Request) -> bytes:
    async with asyncio.timeout(BODY_TIMEOUT_S):
        return await request.read()

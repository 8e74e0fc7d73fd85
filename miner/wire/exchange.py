"""One request and its answer, for an axon that cares not for the protocol; and that of btauth/1."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from miner.keys import Keypair
from miner.wire import btauth, legacy
from miner.wire.intake import Intake
from miner.wire.json_text import read_json, write_json
from miner.wire.refusal import (
    RETRY_AFTER_S,
    ChallengeInvalid,
    Refusal,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Who has signed a fresh request."""

    hotkey: str
    sender: str
    """Whose nonces have to rise: of btauth/1 each request, of the legacy protocol a uuid."""
    nonce_ns: int


class Exchange(Protocol):
    """What the axon does with a request, whatever its protocol."""

    timeout_s: float
    """Real seconds after which the caller does not wait any more."""

    async def authenticate(self, now_ns: int) -> Proof:
        """Return whose fresh request this is; raise Refusal."""
        ...

    async def read(self) -> Any:
        """Return the question's data; raise Refusal."""
        ...

    def answer(self, data: Any) -> web.Response:
        """Return the answer with status 200."""
        ...

    def begin_stream(self) -> web.StreamResponse:
        """Return the head of an answer that comes in pieces."""
        ...

    def refuse(self, err: Refusal) -> web.Response:
        """Return the answer that says why there is none."""
        ...


class BtauthExchange:
    """A request that is signed as bittensor 11 signs."""

    timeout_s = legacy.MAX_TIMEOUT_S

    def __init__(self, request: web.BaseRequest, me: Keypair, intake: Intake) -> None:
        self._request = request
        self._me = me
        self._intake = intake
        self._body = b""

    async def authenticate(self, now_ns: int) -> Proof:
        """Check headers and freshness, then the signature over the whole request."""
        signed = btauth.read_headers(self._request.headers, self._me.ss58, now_ns)
        self._body = await self._intake.read(self._request)
        btauth.check_signature(
            signed, method=self._request.method, target=self._request.raw_path, body=self._body
        )
        request = f"{signed.hotkey}:{signed.nonce_ns}"
        return Proof(hotkey=signed.hotkey, sender=request, nonce_ns=signed.nonce_ns)

    async def read(self) -> Any:
        """Return the body's JSON."""
        try:
            return read_json(self._body)
        except (ValueError, RecursionError) as err:
            raise ChallengeInvalid("the body is no JSON") from err

    def answer(self, data: Any) -> web.Response:
        """Return the data as JSON."""
        return respond(200, data, {})

    def begin_stream(self) -> web.StreamResponse:
        """Return the head of a stream of events."""
        return web.StreamResponse(headers={"Content-Type": "text/event-stream"})

    def refuse(self, err: Refusal) -> web.Response:
        """Return the reason as JSON."""
        return refuse_with(err.status, {"message": str(err)}, {})


async def send_stream(
    request: web.BaseRequest, response: web.StreamResponse, pieces: AsyncIterator[bytes]
) -> web.StreamResponse:
    """Send pieces as they come; what is refused before the first of them is refused properly."""
    piece = await anext(pieces, None)
    await response.prepare(request)
    while piece is not None:
        await response.write(piece)
        piece = await anext(pieces, None)
    await response.write_eof()
    return response


def refuse_with(status: int, body: dict[str, Any], headers: dict[str, str]) -> web.Response:
    """Return a refusal; one that says "later" says when."""
    more = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    return respond(status, body, {**headers, **more})


def respond(status: int, data: Any, headers: dict[str, str]) -> web.Response:
    """Return JSON, in the fewest bytes."""
    return web.Response(
        body=write_json(data).encode(),
        status=status,
        headers=headers,
        content_type="application/json",
    )

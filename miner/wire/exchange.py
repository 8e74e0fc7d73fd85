"""One request and its answer in either protocol, for an axon that cares for neither."""

import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web
from multidict import CIMultiDict

from miner.keys import Keypair
from miner.wire import btauth, legacy
from miner.wire.intake import Intake
from miner.wire.json_text import read_json, write_json
from miner.wire.refusal import (
    RETRY_AFTER_S,
    ChallengeInvalid,
    NotAdmitted,
    Refusal,
    RequestBroken,
    RequestRefused,
)
from miner.wire.synapse import PING, SynapseInvalid, SynapseKind
from miner.wire.terminal import Terminal, new_terminal, read_terminal


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
        return _response(200, data, {})

    def begin_stream(self) -> web.StreamResponse:
        """Return the head of a stream of events."""
        return web.StreamResponse(headers={"Content-Type": "text/event-stream"})

    def refuse(self, err: Refusal) -> web.Response:
        """Return the reason as JSON."""
        return _refusal(err.status, {"message": str(err)}, {})


class LegacyExchange:
    """A request that is signed as bittensor 8 to 10 sign."""

    def __init__(
        self,
        request: web.BaseRequest,
        me: Keypair,
        intake: Intake,
        kind: SynapseKind,
        axon_uuid: str,
    ) -> None:
        self.timeout_s = legacy.DEFAULT_TIMEOUT_S
        self._request = request
        self._me = me
        self._intake = intake
        self._kind = kind
        self._uuid = axon_uuid
        self._began_s = time.time()
        self._question: legacy.LegacyQuestion | None = None
        self._told: dict[str, Any] = {}
        self._values: dict[str, Any] = {}

    async def authenticate(self, now_ns: int) -> Proof:
        """Check headers, signature, freshness."""
        question = legacy.read_question(self._kind, self._request.headers)
        self._question = question
        self.timeout_s = question.timeout_s or legacy.DEFAULT_TIMEOUT_S
        hotkey = legacy.check_question(question, self._me.ss58, now_ns)
        nonce_ns = question.dendrite["nonce"]
        return Proof(hotkey=hotkey, sender=question.sender, nonce_ns=nonce_ns)

    async def read(self) -> Any:
        """Return the body's fields, whose hash is the signed one."""
        body = await self._intake.read(self._request)
        try:
            self._told = read_json(body)
            self._values = self._kind.read(self._told)
            self._told["timeout"] = float(self._told.get("timeout") or legacy.DEFAULT_TIMEOUT_S)
            self._told["axon"] = read_terminal(self._told.get("axon"))
            self._told["dendrite"] = read_terminal(self._told.get("dendrite"))
        except json.JSONDecodeError as err:
            raise BodyNoJson(err) from err
        except (ValueError, TypeError, RecursionError, SynapseInvalid) as err:
            raise RequestBroken(str(err)) from err
        if self._question is None or self._kind.hash(self._values) != self._question.body_hash:
            raise RequestBroken("the body is not the one whose hash was signed")
        return self._values

    def answer(self, data: Any) -> web.Response:
        """Return the synapse with its result."""
        self._values = {**self._values, **data}
        synapse, headers = self._success()
        return _response(200, synapse, headers)

    def begin_stream(self) -> web.StreamResponse:
        """Return the head of a stream, with the synapse's headers."""
        _, headers = self._success()
        return web.StreamResponse(headers={"Content-Type": "text/event-stream", **headers})

    def refuse(self, err: Refusal) -> web.Response:
        """Return the reason as bittensor 10 words it, signed where the request got so far."""
        if isinstance(err, BodyNoJson):
            return _refusal(err.status, err.detail, {})
        message = _sdk_words(err)
        known = {
            "status_code": err.status,
            "status_message": message,
            "process_time": time.time() - self._began_s,
        }
        if self._question is None:
            synapse = _blank(known)
            return _refusal(
                err.status,
                {"message": message},
                legacy.envelope_headers(PING, synapse, PING.hash({})),
            )
        return _refusal(err.status, {"message": message}, self._signed(self._question, known))

    def _success(self) -> tuple[dict[str, Any], dict[str, str]]:
        assert self._question is not None
        axon: Terminal = {
            **self._told["axon"],
            "status_code": 200,
            "status_message": "Success",
            "process_time": time.time() - self._began_s,
        }
        synapse = legacy.envelope(
            self._kind,
            self._values,
            timeout_s=self._told["timeout"],
            dendrite=self._told["dendrite"],
            axon=axon,
            told=self._told,
        )
        return synapse, legacy.envelope_headers(self._kind, synapse, self._kind.hash(self._values))

    def _signed(self, question: legacy.LegacyQuestion, known: dict[str, Any]) -> dict[str, str]:
        nonce_ns = time.time_ns()
        peer = self._request.transport
        ip, port = (peer.get_extra_info("peername") or ("", 0))[:2] if peer else ("", 0)
        caller = question.dendrite["hotkey"]
        text = f"{nonce_ns}.{caller}.{question.axon['hotkey']}.{self._uuid}"
        axon = {
            **question.axon,
            **known,
            "version": legacy.PROTOCOL_VERSION,
            "nonce": nonce_ns,
            "uuid": self._uuid,
            "signature": "0x" + self._me.sign(text.encode()).hex(),
        }
        values = {field.name: question.inputs.get(field.name) for field in self._kind.fields}
        synapse = legacy.envelope(
            self._kind,
            values,
            timeout_s=question.timeout_s or legacy.DEFAULT_TIMEOUT_S,
            dendrite={**question.dendrite, "ip": ip, "port": port},
            axon=axon,
            told=question.told,
        )
        return legacy.envelope_headers(self._kind, synapse, self._kind.hash(values))


class BodyNoJson(ChallengeInvalid):
    """A legacy body that is no JSON: bittensor 10 answers it with a list of details."""

    def __init__(self, err: json.JSONDecodeError) -> None:
        super().__init__("the body is no JSON")
        self.detail = {
            "detail": [
                {
                    "type": "json_invalid",
                    "loc": ["body", err.pos],
                    "msg": "JSON decode error",
                    "input": {},
                    "ctx": {"error": err.msg},
                }
            ]
        }


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


def _refusal(status: int, body: dict[str, Any], headers: dict[str, str]) -> web.Response:
    more = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    return _response(status, body, {**headers, **more})


def _response(status: int, data: Any, headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=write_json(data).encode(),
        status=status,
        headers=CIMultiDict(headers),
        content_type="application/json",
    )


def _blank(known: dict[str, Any]) -> dict[str, Any]:
    return legacy.envelope(
        PING,
        {},
        timeout_s=legacy.DEFAULT_TIMEOUT_S,
        dendrite=new_terminal(),
        axon=new_terminal(**known),
    )


def _sdk_words(err: Refusal) -> str:
    """Return a refusal's reason in the words that callers of bittensor 10 look for."""
    match err:
        case RequestRefused():
            return f"Not Verified with error: {err}"
        case NotAdmitted():
            return f"Forbidden. Key is blacklisted: {err}."
        case RequestBroken():
            return f"Internal Server Error #{uuid.uuid4()}"
    return str(err)

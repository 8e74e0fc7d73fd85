"""One request of bittensor 8 to 10, and its answer in that SDK's own words."""

import json
import time
import uuid
from typing import Any

from aiohttp import web

from miner.keys import Keypair
from miner.wire import legacy
from miner.wire.exchange import Proof, refuse_with, respond
from miner.wire.intake import Intake
from miner.wire.json_text import read_json
from miner.wire.refusal import (
    ChallengeInvalid,
    NotAdmitted,
    Refusal,
    RequestBroken,
    RequestRefused,
)
from miner.wire.synapse import PING, SynapseInvalid, SynapseKind
from miner.wire.terminal import Terminal, new_terminal, read_terminal


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
        return respond(200, synapse, headers)

    def begin_stream(self) -> web.StreamResponse:
        """Return the head of a stream, with the synapse's headers."""
        _, headers = self._success()
        return web.StreamResponse(headers={"Content-Type": "text/event-stream", **headers})

    def refuse(self, err: Refusal) -> web.Response:
        """Return the reason as bittensor 10 words it, signed where the request got so far."""
        if isinstance(err, BodyNoJson):
            return refuse_with(err.status, err.detail, {})
        message = _sdk_words(err)
        known = {
            "status_code": err.status,
            "status_message": message,
            "process_time": time.time() - self._began_s,
        }
        if self._question is None:
            synapse = _blank(known)
            return refuse_with(
                err.status,
                {"message": message},
                legacy.envelope_headers(PING, synapse, PING.hash({})),
            )
        return refuse_with(err.status, {"message": message}, self._signed(self._question, known))

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

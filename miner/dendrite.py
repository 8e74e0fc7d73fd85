"""The dendrite: asks axons, signed, and turns every way to fail into a value."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aiohttp

from miner.keys import Keypair
from miner.wire import btauth, legacy
from miner.wire.endpoint import Endpoint, EndpointInvalid, read_endpoint
from miner.wire.json_text import read_json, write_json
from miner.wire.synapse import SynapseInvalid, SynapseKind
from miner.wire.terminal import new_terminal

MAX_ANSWER_BYTES = 65536
SUCCESS = 200
NOT_UNDERSTOOD = frozenset({400, 401, 404, 422, 500})
"""What an axon answers to a protocol that it does not speak, among other things."""
MAX_REMEMBERED = 4096
"""Hotkeys that only understand the older protocol: more than any subnet has."""
_NO_COMPRESSION = {"Accept-Encoding": "identity"}
"""A small answer may unpack to a huge one."""


class WireProtocol(StrEnum):
    """How a question is signed."""

    BTAUTH = "btauth"
    """bittensor 11."""
    LEGACY = "legacy"
    """bittensor 8 to 10: synapses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from one axon."""

    status: int
    """HTTP status; 503 when nobody answers, 408 when it takes too long, 422 when it is no JSON."""
    data: Any
    """The parsed body of a 200, the text of a stream, else None."""
    reason: str | None
    duration_s: float
    """Real seconds."""


class Dendrite:
    """A caller with a key."""

    def __init__(
        self, keypair: Keypair, timeout_s: float = 5.0, *, is_public_only: bool = False
    ) -> None:
        """Make a caller; `is_public_only` keeps it from addresses of local networks."""
        self._keypair = keypair
        self._timeout_s = timeout_s
        self._is_public_only = is_public_only
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            auto_decompress=False,
            headers=_NO_COMPRESSION,
        )
        self._idle_uuids: list[str] = []
        self._speaks_legacy: dict[str, None] = {}
        self._newest_nonce_ns = 0

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def ask(
        self,
        endpoint: str,
        hotkey: str,
        kind: SynapseKind,
        data: Any,
        *,
        protocol: WireProtocol = WireProtocol.BTAUTH,
        hear: Callable[[bytes], None] | None = None,
    ) -> Answer:
        """Ask the axon at `IP:PORT`, which has to be `hotkey`'s, and return what happened.

        `hear` gets each piece of a stream as it comes.
        """
        started_s = time.monotonic()
        try:
            place = read_endpoint(endpoint, is_public_only=self._is_public_only)
            if protocol is WireProtocol.LEGACY:
                status, answer, reason = await self._ask_legacy(place, hotkey, kind, data, hear)
            else:
                status, answer, reason = await self._ask_btauth(place, hotkey, kind, data, hear)
        except TimeoutError:
            status, answer, reason = 408, None, f"no answer in {self._timeout_s:g} s"
        except (aiohttp.ClientError, EndpointInvalid, OSError, ValueError) as err:
            status, answer, reason = 503, None, str(err) or type(err).__name__
        return Answer(
            status=status, data=answer, reason=reason, duration_s=time.monotonic() - started_s
        )

    async def ask_either(self, endpoint: str, hotkey: str, kind: SynapseKind, data: Any) -> Answer:
        """Ask by btauth, and as bittensor 8 to 10 do where that is not understood.

        What an axon last understood is asked first.
        """
        older, newer = WireProtocol.LEGACY, WireProtocol.BTAUTH
        first, other = (older, newer) if hotkey in self._speaks_legacy else (newer, older)
        answer = await self.ask(endpoint, hotkey, kind, data, protocol=first)
        if answer.status not in NOT_UNDERSTOOD:
            return answer
        second = await self.ask(endpoint, hotkey, kind, data, protocol=other)
        if second.status in NOT_UNDERSTOOD:
            return answer
        self._remember(hotkey, other)
        return second

    def _remember(self, hotkey: str, understood: WireProtocol) -> None:
        self._speaks_legacy.pop(hotkey, None)
        if understood is WireProtocol.LEGACY:
            self._speaks_legacy[hotkey] = None
            if len(self._speaks_legacy) > MAX_REMEMBERED:
                del self._speaks_legacy[next(iter(self._speaks_legacy))]

    async def _ask_btauth(
        self, place: Endpoint, hotkey: str, kind: SynapseKind, data: Any, hear: "_Hear"
    ) -> "_Outcome":
        body = write_json(data).encode()
        headers = btauth.sign_request(
            self._keypair,
            method="POST",
            target=f"/{kind.name}",
            body=body,
            receiver=hotkey,
            nonce_ns=self._nonce_ns(),
        )
        headers["Content-Type"] = "application/json"
        async with self._post(place, kind, headers, body) as response:
            text = await _read_some(response, hear if response.status == SUCCESS else None)
            return _sort_out(response, text, kind)

    async def _ask_legacy(
        self, place: Endpoint, hotkey: str, kind: SynapseKind, data: Any, hear: "_Hear"
    ) -> "_Outcome":
        try:
            values = kind.read(data)
        except SynapseInvalid as err:
            return 422, None, str(err)
        # An axon wants the nonces of one uuid to rise, so questions under way share none.
        caller = self._idle_uuids.pop() if self._idle_uuids else str(uuid.uuid1())
        headers, body = legacy.sign_question(
            self._keypair,
            kind,
            values,
            axon=new_terminal(ip=place.ip, port=place.port, hotkey=hotkey),
            uuid=caller,
            timeout_s=self._timeout_s,
            nonce_ns=self._nonce_ns(),
        )
        try:
            async with self._post(place, kind, headers, body) as response:
                text = await _read_some(response, hear if response.status == SUCCESS else None)
                return _sort_out_legacy(response, text, kind)
        finally:
            self._idle_uuids.append(caller)

    def _post(
        self, place: Endpoint, kind: SynapseKind, headers: dict[str, str], body: bytes
    ) -> "aiohttp.client._RequestContextManager":
        url = f"http://{place.text}/{kind.name}"
        return self._session.post(url, data=body, headers=headers, allow_redirects=False)

    def _nonce_ns(self) -> int:
        self._newest_nonce_ns = max(self._newest_nonce_ns + 1, time.time_ns())
        return self._newest_nonce_ns


_Hear = Callable[[bytes], None] | None
_Outcome = tuple[int, Any, str | None]


async def _read_some(response: aiohttp.ClientResponse, hear: _Hear) -> bytes:
    """Return at most one byte more than an answer may have: a miner may send without end."""
    parts = []
    size = 0
    while size <= MAX_ANSWER_BYTES:
        part = await response.content.read(MAX_ANSWER_BYTES + 1 - size)
        if not part:
            break
        parts.append(part)
        size += len(part)
        if hear is not None:
            hear(part)
    return b"".join(parts)


def _sort_out(response: aiohttp.ClientResponse, text: bytes, kind: SynapseKind) -> _Outcome:
    status = response.status
    if len(text) > MAX_ANSWER_BYTES:
        return 422, None, f"the answer has more than {MAX_ANSWER_BYTES} bytes"
    if status == SUCCESS and kind.is_stream:
        return status, text.decode(errors="replace"), None
    try:
        data = read_json(text)
    except (ValueError, RecursionError):
        return (422 if status == SUCCESS else status), None, "the answer is no JSON"
    if status != SUCCESS:
        return status, None, str(data.get("message") if isinstance(data, dict) else None)
    return SUCCESS, data, None


def _sort_out_legacy(response: aiohttp.ClientResponse, text: bytes, kind: SynapseKind) -> _Outcome:
    status, data, reason = _sort_out(response, text, kind)
    if status != SUCCESS or kind.is_stream:
        return status, data, reason
    said = _said_status(response, data)
    if said is None:
        return 422, None, "the answer names no status"
    if said != SUCCESS:
        return said, None, response.headers.get("bt_header_axon_status_message")
    try:
        return SUCCESS, kind.read(data), None
    except SynapseInvalid as err:
        return 422, None, str(err)


def _said_status(response: aiohttp.ClientResponse, data: Any) -> int | None:
    """Return the status that an axon names beside that of HTTP."""
    axon = data.get("axon") if isinstance(data, dict) else None
    inner = axon.get("status_code") if isinstance(axon, dict) else None
    said = response.headers.get("bt_header_axon_status_code", inner)
    try:
        return None if said is None else int(said)
    except (ValueError, TypeError):
        return None

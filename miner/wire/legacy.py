"""The synapse protocol of bittensor 8 to 10: what is signed, and what stands in the headers."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from miner import keys
from miner.wire.refusal import RequestBroken, RequestRefused
from miner.wire.synapse import SynapseInvalid, SynapseKind
from miner.wire.terminal import (
    Terminal,
    header_size,
    is_plain,
    new_terminal,
    read_terminal,
    terminal_headers,
    total_size,
)

PROTOCOL_VERSION = 10_005_000
"""bittensor 10.5.0 in its own count: what we say we speak."""
MAX_AGE_S = 4.0
"""Beside the timeout that the caller names."""
MAX_AHEAD_S = 2.0
"""bittensor 10 has no such limit."""
MAX_TIMEOUT_S = 600.0
"""So long a caller can wait for its answer."""
FRESH_TIMEOUT_S = 60.0
"""Of its timeout that counts for freshness: whoever replays a request could name any."""
DEFAULT_TIMEOUT_S = 12.0
WINDOW_S = MAX_AGE_S + FRESH_TIMEOUT_S + MAX_AHEAD_S
"""So long a nonce can be fresh."""
NO_SIGNER = "No SS58 formatted address or public key provided."
_INPUT = "bt_header_input_obj_"
_AXON = "bt_header_axon_"
_DENDRITE = "bt_header_dendrite_"
SIGNATURE_HEADER = f"{_DENDRITE}signature"
_LONGEST_TEXT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyQuestion:
    """The headers of a request, before its signature is checked."""

    kind: SynapseKind
    timeout_s: float
    axon: Terminal
    dendrite: Terminal
    inputs: dict[str, Any]
    """An empty value for each required field."""
    body_hash: str | None
    told: dict[str, Any]
    """What else the caller says of its synapse, and nobody relies on."""

    @property
    def sender(self) -> str:
        """Return whose nonces have to rise."""
        return f"{self.dendrite['hotkey']}:{self.dendrite['uuid']}"


def signed_text(
    nonce_ns: int, dendrite: str, axon: str, uuid: str | None, body_hash: str | None
) -> str:
    """Return what a dendrite signs."""
    return f"{nonce_ns}.{dendrite}.{axon}.{uuid}.{body_hash}"


def read_question(kind: SynapseKind, headers: Mapping[str, str]) -> LegacyQuestion:
    """Return what a request's headers say.

    Raises:
        RequestRefused: nothing says who asks.
        RequestBroken: they are such as bittensor 10 breaks on.
    """
    axon_says: dict[str, str] = {}
    dendrite_says: dict[str, str] = {}
    inputs: dict[str, Any] = {}
    for said, value in headers.items():
        name = said.lower()
        if name.startswith(_DENDRITE):
            dendrite_says[name[len(_DENDRITE) :]] = _plain(name, value)
        elif name.startswith(_AXON):
            axon_says[name[len(_AXON) :]] = _plain(name, value)
        elif name.startswith(_INPUT):
            inputs[name[len(_INPUT) :]] = _input(value)
    if not dendrite_says:
        raise RequestRefused(NO_SIGNER)
    for field in kind.required:
        if field.name not in inputs:
            raise RequestBroken(f"no header {_INPUT}{field.name}")
    body_hash = _plain("computed_body_hash", headers.get("computed_body_hash"))
    try:
        axon, dendrite = read_terminal(axon_says), read_terminal(dendrite_says)
    except SynapseInvalid as err:
        raise RequestBroken(str(err)) from err
    return LegacyQuestion(
        kind=kind,
        timeout_s=_timeout_s(headers.get("timeout")),
        axon=axon,
        dendrite=dendrite,
        inputs=inputs,
        body_hash=body_hash,
        told={
            "header_size": _size(headers.get("header_size")),
            "total_size": _size(headers.get("total_size")),
            "computed_body_hash": body_hash or "",
        },
    )


def check_question(question: LegacyQuestion, me: str, now_ns: int) -> str:
    """Return the hotkey that signed a fresh question for `me`; raise RequestRefused."""
    end = question.dendrite
    hotkey, nonce_ns, signature = end["hotkey"], end["nonce"], end["signature"]
    if not hotkey:
        raise RequestRefused(NO_SIGNER)
    if nonce_ns is None:
        raise RequestRefused("Missing Nonce")
    if not signature:
        raise RequestRefused("Missing Signature")
    text = signed_text(nonce_ns, hotkey, me, end["uuid"], question.body_hash)
    if not keys.is_address(hotkey) or not keys.verify(hotkey, text.encode(), _bytes(signature)):
        raise RequestRefused(f"Signature mismatch with {text} and {signature}")
    age_s = (now_ns - nonce_ns) / 1e9
    allowed_s = MAX_AGE_S + min(question.timeout_s, FRESH_TIMEOUT_S)
    if age_s >= allowed_s:
        raise RequestRefused(
            f"Nonce is too old: acceptable delta is {allowed_s:.2f} seconds "
            f"but request was {age_s:.2f} seconds old"
        )
    if age_s < -MAX_AHEAD_S:
        raise RequestRefused(
            f"Nonce is from the future: acceptable are {MAX_AHEAD_S:.2f} seconds "
            f"but request was {-age_s:.2f} seconds ahead"
        )
    return str(hotkey)


def sign_question(
    keypair: keys.Keypair,
    kind: SynapseKind,
    values: Mapping[str, Any],
    *,
    axon: Terminal,
    uuid: str,
    timeout_s: float,
    nonce_ns: int,
) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a question to the axon whose ip, port and hotkey are given."""
    body_hash = kind.hash(values)
    text = signed_text(nonce_ns, keypair.ss58, axon["hotkey"], uuid, body_hash)
    dendrite = new_terminal(
        version=PROTOCOL_VERSION,
        nonce=nonce_ns,
        uuid=uuid,
        hotkey=keypair.ss58,
        signature="0x" + keypair.sign(text.encode()).hex(),
    )
    body = envelope(kind, values, timeout_s=timeout_s, dendrite=dendrite, axon=axon)
    headers = envelope_headers(kind, body, body_hash)
    body["total_size"] = int(headers["total_size"])
    headers["Content-Type"] = "application/json"
    return headers, json.dumps(body).encode()


def envelope(
    kind: SynapseKind,
    values: Mapping[str, Any],
    *,
    timeout_s: float,
    dendrite: Terminal,
    axon: Terminal,
    told: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a synapse as its body has it; `told` is the envelope that it answers."""
    told = told or {}
    return {
        "name": kind.name,
        "timeout": timeout_s,
        "total_size": told.get("total_size", 0),
        "header_size": told.get("header_size", 0),
        "dendrite": dendrite,
        "axon": axon,
        "computed_body_hash": told.get("computed_body_hash", ""),
        **values,
    }


def envelope_headers(
    kind: SynapseKind, synapse: Mapping[str, Any], body_hash: str
) -> dict[str, str]:
    """Return the headers of a synapse, in bittensor 10's order."""
    headers = {"name": str(synapse["name"]), "timeout": str(synapse["timeout"])}
    headers.update(terminal_headers("axon", synapse["axon"]))
    headers.update(terminal_headers("dendrite", synapse["dendrite"]))
    for field in kind.required:
        empty = field.empty if field.kind != "any" else _empty_like(synapse[field.name])
        headers[_INPUT + field.name] = _base64(json.dumps(empty))
    headers["header_size"] = str(header_size(headers))
    headers["total_size"] = str(total_size(synapse))
    headers["computed_body_hash"] = body_hash
    return headers


def _empty_like(value: Any) -> Any:
    return None if value is None else type(value)()


def _plain(name: str, value: str | None) -> Any:
    """Return a header's text, which may come back in an answer's headers."""
    if value is not None and (len(value) > _LONGEST_TEXT or not is_plain(value)):
        raise RequestBroken(f"{name}: at most {_LONGEST_TEXT} printable characters are wanted")
    return value


def _input(value: str) -> Any:
    try:
        return json.loads(base64.b64decode(value, validate=True))
    except (ValueError, RecursionError) as err:
        raise RequestBroken("a field's header is no JSON in base64") from err


def _timeout_s(text: str | None) -> float:
    """Return the caller's timeout; none named counts 0 for freshness, as in bittensor 10."""
    try:
        timeout_s = float(text or 0.0)
    except ValueError as err:
        raise RequestBroken("timeout: seconds are wanted") from err
    if not math.isfinite(timeout_s) or timeout_s < 0:
        raise RequestBroken("timeout: seconds are wanted")
    return min(timeout_s, MAX_TIMEOUT_S)


def _size(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        return b""


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()

"""btauth/1: signed HTTP requests, as bittensor 11's `http_auth` makes and reads them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from miner import keys
from miner.wire.refusal import RequestRefused

PREFIX = "X-Bittensor-"
VERSION_HEADER = f"{PREFIX}Version"
SIGNATURE_HEADER = f"{PREFIX}Signature"
VERSION = "1"
SCHEME = "sr25519"
"""What a request without X-Bittensor-Crypto is signed with, and what we sign with."""
MAX_AGE_S = 10
MAX_AHEAD_S = 2
"""A caller's clock may be this much ahead of ours; SDK 10 has no such limit."""
WINDOW_S = MAX_AGE_S + MAX_AHEAD_S
"""So long a nonce can be fresh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHeaders:
    """The headers of a request, before its signature is checked."""

    hotkey: str
    receiver: str | None
    nonce_ns: int
    signature: bytes
    scheme: str = SCHEME


def sign_request(
    keypair: keys.Keypair,
    *,
    method: str,
    target: str,
    body: bytes,
    receiver: str | None,
    nonce_ns: int,
) -> dict[str, str]:
    """Return the headers that sign a request; `target` is the path with its query, as sent."""
    payload = signed_payload(method, target, body, nonce_ns, keypair.ss58, receiver)
    headers = {
        f"{PREFIX}Version": VERSION,
        f"{PREFIX}Hotkey": keypair.ss58,
        f"{PREFIX}Nonce": str(nonce_ns),
        f"{PREFIX}Signature": "0x" + keypair.sign(payload).hex(),
    }
    if receiver is not None:
        headers[f"{PREFIX}Receiver"] = receiver
    return headers


def signed_payload(
    method: str,
    target: str,
    body: bytes,
    nonce_ns: int,
    sender: str,
    receiver: str | None,
    scheme: str = SCHEME,
) -> bytes:
    """Return the eight lines that a request's signature covers."""
    lines = (
        "btauth/1",
        scheme,
        method,
        target,
        hashlib.sha256(body).hexdigest(),
        str(nonce_ns),
        sender,
        receiver or "-",
    )
    return "\n".join(lines).encode()


def read_headers(headers: Mapping[str, str], me: str, now_ns: int) -> SignedHeaders:
    """Check shape, receiver and freshness, all that needs no body; raise RequestRefused."""
    if headers.get(VERSION_HEADER) != VERSION:
        raise RequestRefused(f"no {VERSION_HEADER}: {VERSION}")
    scheme = headers.get(f"{PREFIX}Crypto", SCHEME)
    if scheme not in keys.SCHEMES:
        raise RequestRefused(f"{PREFIX}Crypto is none of {', '.join(keys.SCHEMES)}")
    signed = SignedHeaders(
        hotkey=headers.get(f"{PREFIX}Hotkey", ""),
        receiver=headers.get(f"{PREFIX}Receiver"),
        nonce_ns=_read_nonce(headers.get(f"{PREFIX}Nonce", "")),
        signature=_read_signature(headers.get(SIGNATURE_HEADER, "")),
        scheme=scheme,
    )
    if not keys.is_address(signed.hotkey):
        raise RequestRefused(f"{PREFIX}Hotkey is no address")
    # A request that names nobody could be shown to everybody.
    if signed.receiver != me:
        raise RequestRefused(f"{PREFIX}Receiver is not this axon's hotkey")
    age_s = (now_ns - signed.nonce_ns) / 1e9
    if age_s > MAX_AGE_S:
        raise RequestRefused(f"nonce is {age_s:.1f} s old, at most {MAX_AGE_S} s; check the clock")
    if age_s < -MAX_AHEAD_S:
        raise RequestRefused(f"nonce is {-age_s:.1f} s ahead, at most {MAX_AHEAD_S} s")
    return signed


def check_signature(signed: SignedHeaders, *, method: str, target: str, body: bytes) -> None:
    """Raise RequestRefused unless the caller signed exactly this request."""
    payload = signed_payload(
        method,
        target,
        body,
        signed.nonce_ns,
        signed.hotkey,
        signed.receiver,
        signed.scheme,
    )
    if not keys.verify(signed.hotkey, payload, signed.signature, signed.scheme):
        raise RequestRefused("the signature is not the caller's for this request")


def _read_nonce(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise RequestRefused(f"{PREFIX}Nonce is no number of nanoseconds")
    return int(text)


def _read_signature(text: str) -> bytes:
    try:
        signature = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        signature = b""
    if len(signature) != 64:
        raise RequestRefused(f"{PREFIX}Signature is not 64 bytes of hex")
    return signature

"""Who may ask: the file system on the unix socket, a token and a known Host over TCP."""

import ipaddress
import logging
import secrets
import time
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest

from aiohttp import web
from aiohttp.typedefs import Middleware

from solard.api.guard import guard_of, peer_of
from solard.api.refusal import Handler, refuse
from solard.core.errors import SolardError

_log = logging.getLogger(__name__)

TOKEN_BYTES = 32
"""256 bits; a random token needs no slow hash."""
LOG_EVERY_S = 10.0


class DoorUnsafe(SolardError):
    """A TCP address that would show the API, unencrypted, to other machines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpDoor:
    """Where the API listens beside its unix socket."""

    port: int
    token_hash: str
    """What `hash_token` made of the token; the token itself is kept nowhere."""
    host: str = "127.0.0.1"
    names: frozenset[str] = field(default_factory=frozenset)
    """Further host names that requests may be for, such as that of a TLS proxy."""

    def __post_init__(self) -> None:
        """Refuse an address that other machines can reach, and a hash that is none."""
        if self.host != "localhost" and not ipaddress.ip_address(self.host).is_loopback:
            raise DoorUnsafe(
                f"api: {self.host} can be reached from other machines and the API speaks no TLS; "
                f"use 127.0.0.1 and a TLS proxy in front of it"
            )
        if len(self.token_hash) != 64:
            raise DoorUnsafe("api: the token's hash is no SHA-256; make a token and hash it anew")

    @property
    def known_names(self) -> frozenset[str]:
        """Return every host name that a request may be for."""
        return self.names | {self.host, "localhost", "127.0.0.1", "::1"}


def make_token() -> str:
    """Return a new token with 256 bits of chance; show it once, store only its hash."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> str:
    """Return what may be stored of a token."""
    return sha256(token.encode()).hexdigest()


def check_access(door: TcpDoor | None, workload_gids: frozenset[int]) -> Middleware:
    """Return the middleware that lets in whom the door allows.

    Processes whose primary group is in `workload_gids` may read and not write: a miner from
    elsewhere must not steer the rig.
    """
    refusals = _Refusals()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        guard = guard_of(request)
        if door is not None and not (guard is not None and guard.is_local):
            refused = _check_tcp(request, door)
            if refused is not None:
                refusals.note(request)
                return refused
        if request.method not in {"GET", "HEAD"}:
            peer = peer_of(request)
            if peer is not None and peer.gid in workload_gids:
                return refuse(403, "workloads may read this API, not command it")
            if request.content_type != "application/json":
                return refuse(415, "writes are JSON: send Content-Type: application/json")
            _log.info("api write: path=%s uid=%s", request.path, peer and peer.uid)
        return await handler(request)

    return check


def _check_tcp(request: web.Request, door: TcpDoor) -> web.Response | None:
    name = (request.url.host or "").strip("[]")
    if name not in door.known_names:
        return refuse(421, f"this API does not answer for {name!r}; add it to api.names")
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        return refuse(401, "a token is needed: send the header Authorization: Bearer TOKEN")
    if not compare_digest(hash_token(token.strip()), door.token_hash):
        return refuse(403, "this token is not the API's token; make a new one and hash it")
    return None


class _Refusals:
    """Says in the log that somebody was refused, but not for every try."""

    def __init__(self) -> None:
        self._count = 0
        self._said_s = -LOG_EVERY_S

    def note(self, request: web.Request) -> None:
        """Count a refusal; log the count at most every LOG_EVERY_S real seconds."""
        self._count += 1
        now_s = time.monotonic()
        if now_s - self._said_s >= LOG_EVERY_S:
            _log.warning("api refused: requests=%d last_from=%s", self._count, request.remote)
            self._said_s, self._count = now_s, 0

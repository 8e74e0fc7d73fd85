"""The guard of a request's connection, and who is at its other end."""

import socket
import struct
from dataclasses import dataclass

from aiohttp import web

from solard.api.refusal import Handler
from solard.system.guard import Guard


def guard_of(request: web.Request) -> Guard | None:
    """Return the guard of a request's connection; None when it is gone."""
    protocol = request.transport.get_protocol() if request.transport is not None else None
    return protocol if isinstance(protocol, Guard) else None


@dataclass(frozen=True, slots=True)
class Peer:
    """Who sent a request over the unix socket, as the kernel knows it."""

    uid: int
    gid: int
    """Of its primary group."""


def peer_of(request: web.Request) -> Peer | None:
    """Return who sent a request, or None over TCP."""
    guard = guard_of(request)
    if guard is None or not guard.is_local or request.transport is None:
        return None
    link = request.transport.get_extra_info("socket")
    credentials = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, gid = struct.unpack("3i", credentials)
    return Peer(uid, gid)


@web.middleware
async def stop_the_clock(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the guard when a request is in hand."""
    guard = guard_of(request)
    if guard is None:
        return await handler(request)
    guard.request_begins()
    try:
        return await handler(request)
    finally:
        guard.request_ends()

"""The axon's door: how many may stand in it, how long, and how strangers are slowed down."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from miner.wire.buckets import Allowance, TokenBuckets

SWEEP_S = 1.0
PEEK_BYTES = 16_384
FAILURES = Allowance(rate=5.0, burst_count=20)
TRIALS = Allowance(rate=200.0, burst_count=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorLimits:
    """What one axon bears."""

    max_connections: int = 512
    max_strangers_per_ip: int = 256
    """Connections of one address that have proven nothing yet."""
    request_timeout_s: float = 5.0
    """From a request's first byte to the end of its headers, and for who connects and is silent."""
    unread_timeout_s: float = 10.0
    """A caller that does not read its answer is dropped after so long."""
    penalty_s: float = 1.0
    """Who is turned away hears it so much later: a flood waits with us, for nothing."""
    failures: Allowance = FAILURES
    """Refused signatures of one address before its strangers are slowed down."""
    trials: Allowance = TRIALS
    """Signatures of strangers that are still looked at then."""


class Guest(Protocol):
    """One connection, as the door sees it."""

    ip: str
    is_proven: bool

    def is_overdue(self, now_s: float, limits: DoorLimits) -> bool:
        """Tell whether the caller is too slow at sending, or at reading."""
        ...

    def drop(self) -> None:
        """End the connection without a word."""
        ...


class Door:
    """Knows every connection, and which of them have signed."""

    def __init__(self, limits: DoorLimits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._strangers: dict[str, dict[Guest, None]] = {}
        self._known: dict[Guest, None] = {}
        self._count = 0
        self._failures = TokenBuckets(limits.failures)
        self._trials = TokenBuckets(limits.trials)
        self._sweeping = self._loop.call_later(SWEEP_S, self._sweep)

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        return self._count

    def close(self) -> None:
        """Stop looking after connections."""
        self._sweeping.cancel()

    def enter(self, guest: Guest) -> None:
        """Let a new connection in; where there is no room, the longest waiting stranger makes it.

        Without strangers it is who asked longest ago.
        """
        peers = self._strangers.setdefault(guest.ip, {})
        if len(peers) >= self._limits.max_strangers_per_ip:
            next(iter(peers)).drop()
        elif self._count >= self._limits.max_connections and not self._drop_a_stranger():
            next(iter(self._known), guest).drop()
        peers = self._strangers.setdefault(guest.ip, {})
        peers[guest] = None
        self._count += 1

    def leave(self, guest: Guest) -> None:
        """Forget a connection that ended."""
        if guest.is_proven:
            was_here = guest in self._known
            self._known.pop(guest, None)
        else:
            was_here = self._forget_stranger(guest)
        self._count -= was_here

    def prove(self, guest: Guest) -> None:
        """Count a connection among those of people who may ask; the last one counts as newest."""
        if self._forget_stranger(guest) or guest in self._known:
            self._known.pop(guest, None)
            self._known[guest] = None

    def fail(self, guest: Guest) -> None:
        """Count a refused request against the address."""
        self._failures.take(guest.ip, self._loop.time())

    def is_tired_of(self, ip: str) -> bool:
        """Tell whether an address has been refused too often of late."""
        return self._failures.is_empty(ip, self._loop.time())

    def turns_away(self, ip: str, data: bytes) -> bytes | None:
        """Return what a stranger of a tired address hears for asking unsigned, or None."""
        if not self.is_tired_of(ip):
            return None
        head = data[:PEEK_BYTES]
        is_unsigned = b"\r\n\r\n" in head and b"signature:" not in head.lower()
        return _UNSIGNED if is_unsigned else None

    def tries(self, ip: str) -> bool:
        """Tell whether one more signature of a tired address's stranger is looked at."""
        return not self.is_tired_of(ip) or self._trials.take(ip, self._loop.time())

    def penalty_s(self) -> float:
        """Return a wait that differs from one to the next, so that a flood comes in no waves."""
        return self._limits.penalty_s * random.uniform(0.5, 1.5)

    def after(self, delay_s: float, do: Callable[[], None]) -> asyncio.TimerHandle:
        """Call something later."""
        return self._loop.call_later(delay_s, do)

    @property
    def now_s(self) -> float:
        """Return the event loop's time."""
        return self._loop.time()

    def _forget_stranger(self, guest: Guest) -> bool:
        peers = self._strangers.get(guest.ip, {})
        was_here = guest in peers
        peers.pop(guest, None)
        if not peers:
            self._strangers.pop(guest.ip, None)
        return was_here

    def _drop_a_stranger(self) -> bool:
        """Drop the longest waiting stranger of the address that has the most of them."""
        most = max(self._strangers.values(), key=len, default={})
        if not most:
            return False
        next(iter(most)).drop()
        return True

    def _sweep(self) -> None:
        now_s = self._loop.time()
        everybody = [*self._known, *(one for peers in self._strangers.values() for one in peers)]
        for guest in everybody:
            if guest.is_overdue(now_s, self._limits):
                guest.drop()
        self._sweeping = self._loop.call_later(SWEEP_S, self._sweep)


_BODY = b'{"message":"Not Verified with error: Missing Signature"}'
_UNSIGNED = b"\r\n".join(
    (
        b"HTTP/1.1 401 Unauthorized",
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(_BODY),
        b"Connection: close",
        b"",
        _BODY,
    )
)

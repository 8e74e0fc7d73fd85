"""What to do with one card now: lease, range, write gap, foreign hands; all pure functions."""

from dataclasses import dataclass, replace
from enum import StrEnum

from hardware.gpu.backend import Envelope, Limits

SAME_W = 1.0
"""Two limits nearer than this are one: drivers round to their own step."""
WRITE_GAP_S = 1.0
"""A card is written at most once in this time; the newest wish wins."""
FOREIGN_WINDOW_S = 600.0
FOREIGN_PUT_BACK = 2
"""How often in the window somebody else's limit is put back before the card is left to them."""
RESET_WINDOW_S = 10.0
"""A limit that changes so soon after a reset of the driver was changed by the reset."""


class Charge(StrEnum):
    """Who decides a card's limit."""

    RELEASED = "released"
    """Its owner; we only look."""
    HELD = "held"
    """Whoever renews the lease."""
    FAILSAFE = "failsafe"
    """Nobody: the lease ended, or the keeper was killed."""


class Stage(StrEnum):
    """How far a card is held back, or why it is not; what lists show."""

    RELEASED = "released"
    LIMIT = "limit"
    CLOCK = "clock"
    """It takes no limit, or does not keep to it: its clock is locked."""
    PARKED = "parked"
    """Told to idle; programs are still on it, or nobody knows."""
    STOPPED = "stopped"
    """Parked, and no program is on it."""
    FAILSAFE = "failsafe"
    LOST = "lost"
    DENIED = "denied"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What was last asked for one card."""

    charge: Charge = Charge.RELEASED
    limit_w: float | None = None
    """Only when held."""
    parked: bool | None = None
    """None = as it is."""
    lease_ends_s: float | None = None
    """Real seconds; only when held."""

    def has_expired(self, now_s: float) -> bool:
        """Return whether the card is held by a lease that has ended."""
        return self.lease_ends_s is not None and now_s >= self.lease_ends_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What we did to one card."""

    told_w: float | None = None
    """The limit that we last found in force after a write, or accepted; None = never ours."""
    written_s: float | None = None
    foreign_s: tuple[float, ...] = ()
    """When somebody else changed the limit, inside the window."""
    is_manual: bool = False
    """Left to whoever keeps changing it, until `take` or `restore`."""
    reset_s: float | None = None
    """When the driver last started anew, or may have: its limits of then are nobody's hand."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Nothing to write."""


@dataclass(frozen=True, slots=True)
class Later:
    """Something to write, once the gap has passed."""

    due_s: float


@dataclass(frozen=True, slots=True)
class Write:
    """Something to write now, inside the envelope."""

    limit_w: float
    parked: bool


Action = Leave | Later | Write


def wanted_w(
    hold: Hold, limits: Limits, envelope: Envelope, failsafe_w: float | None
) -> float | None:
    """Return the limit that should be in force, or None where the card is its owner's.

    Failsafe is what we do when we know nothing, so it never raises a limit.
    """
    if hold.charge is Charge.RELEASED:
        return None
    if hold.charge is Charge.HELD:
        return hold.limit_w
    wish_w = envelope.min_w if failsafe_w is None else failsafe_w
    return min(wish_w, limits.limit_w)


def notice(memory: Memory, limits: Limits, now_s: float) -> Memory:
    """Return the memory after a look at the card: has somebody else changed its limit?"""
    if memory.told_w is None or abs(limits.limit_w - memory.told_w) < SAME_W:
        return memory
    if memory.reset_s is not None and now_s - memory.reset_s < RESET_WINDOW_S:
        return replace(memory, told_w=limits.limit_w, reset_s=None, written_s=None)
    recent = (*(s for s in memory.foreign_s if now_s - s < FOREIGN_WINDOW_S), now_s)
    return replace(
        memory,
        told_w=limits.limit_w,
        foreign_s=recent,
        is_manual=memory.is_manual or len(recent) > FOREIGN_PUT_BACK,
    )


def choose(
    memory: Memory,
    *,
    want_w: float | None,
    parked: bool | None,
    limits: Limits,
    envelope: Envelope,
    now_s: float,
) -> Action:
    """Return what to do with a card that should have `want_w` and has `limits`."""
    if want_w is None or memory.is_manual:
        return Leave()
    limit_w = envelope.fit(want_w)
    park = limits.parked if parked is None else parked
    if abs(limit_w - limits.limit_w) < SAME_W and park == limits.parked:
        return Leave()
    if memory.written_s is not None and now_s < memory.written_s + WRITE_GAP_S:
        return Later(memory.written_s + WRITE_GAP_S)
    return Write(limit_w, park)


def wrote(memory: Memory, after: Limits, now_s: float) -> Memory:
    """Return the memory after a write that left the card at `after`."""
    return replace(memory, told_w=after.limit_w, written_s=now_s)

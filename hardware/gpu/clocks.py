"""Which core clock holds a card at a power; pure functions for cards whose limit does not."""

from dataclasses import dataclass, replace

from hardware.gpu.backend import ClockRange
from solard.core.units import clamp

JUDGED_AFTER_S = 3.0
"""A draw says something about a write only after this: many drivers report a 1 s mean."""
OVER_SHARE = 1.05
"""Above this share of what it was told, a card does not obey."""
STOP_SHARE = 1.15
"""The same for a card whose clocks cannot be locked: its work would end, perhaps for its sensor."""
OVER_FOR_S = 2.0
"""Spikes shorter than this are the card's own business."""
ROOM_SHARE = 0.9
"""Below this share of what it may draw, a card that works gets a higher clock."""
WORKS_SHARE = 0.5
"""A card less busy than this draws little for want of work, not of clock."""
RISE_STEP = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLock:
    """The highest clock that a card was told, and what for."""

    mhz: float | None = None
    """None = free."""
    want_w: float = 0.0
    since_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockNeed:
    """What a card should draw, what it does draw, and whether only its clock can bring it there."""

    want_w: float
    draw_w: float | None
    utilization: float | None
    idle_w: float
    full_w: float
    """Draw at full clock and full work."""
    is_over: bool
    """It has drawn more than it was told for a while."""
    has_limit: bool


def over_since_s(
    since_s: float | None,
    *,
    draw_w: float | None,
    told_w: float,
    written_s: float | None,
    now_s: float,
    share: float = OVER_SHARE,
) -> float | None:
    """Return since when a card draws more than it was told; None while it obeys or is settling."""
    settling = written_s is not None and now_s < written_s + JUDGED_AFTER_S
    if draw_w is None or settling or draw_w <= share * told_w:
        return None
    return now_s if since_s is None else since_s


def is_over(since_s: float | None, now_s: float) -> bool:
    """Say whether a card has drawn too much for long enough to act on it."""
    return since_s is not None and now_s - since_s >= OVER_FOR_S


def steer(lock: ClockLock, need: ClockNeed, clocks: ClockRange, now_s: float) -> ClockLock:
    """Return the clock to hold the card at; the same value when nothing should change.

    Down at once when less is wanted, up in small steps: what a clock draws depends on the work.
    """
    if lock.mhz is None:
        return _first(lock, need, clocks, now_s)
    if _may_go_free(lock, need):
        return ClockLock(since_s=now_s)
    if need.want_w < lock.want_w / OVER_SHARE:
        return _told(lock, need, clocks, now_s, _scaled(lock.mhz, lock.want_w, need))
    if now_s - lock.since_s < JUDGED_AFTER_S or need.draw_w is None:
        return lock
    if need.draw_w > OVER_SHARE * need.want_w:
        return _told(lock, need, clocks, now_s, _scaled(lock.mhz, need.draw_w, need))
    works = need.utilization is None or need.utilization >= WORKS_SHARE
    if works and need.draw_w < ROOM_SHARE * need.want_w and lock.mhz < clocks.max_mhz:
        raised = min(_scaled(lock.mhz, need.draw_w, need), lock.mhz * RISE_STEP)
        return _told(lock, need, clocks, now_s, raised)
    return replace(lock, want_w=need.want_w)


def is_exhausted(lock: ClockLock, need: ClockNeed, clocks: ClockRange) -> bool:
    """Say whether the card draws too much although its clock can go no lower."""
    return need.is_over and lock.mhz is not None and lock.mhz <= clocks.min_mhz


def _first(lock: ClockLock, need: ClockNeed, clocks: ClockRange, now_s: float) -> ClockLock:
    wanted = need.is_over if need.has_limit else need.want_w < need.full_w
    if not wanted:
        return lock
    draws_w = need.draw_w if need.is_over and need.draw_w is not None else need.full_w
    return _told(lock, need, clocks, now_s, _scaled(clocks.max_mhz, draws_w, need))


def _may_go_free(lock: ClockLock, need: ClockNeed) -> bool:
    """Say whether the limit may be tried alone again, or nothing is held back any more."""
    if not need.has_limit:
        return need.want_w >= need.full_w
    return need.want_w > lock.want_w * RISE_STEP


def _scaled(mhz: float, draw_w: float, need: ClockNeed) -> float:
    """Return the clock for what is wanted, from a clock and its draw.

    Voltage follows the clock, so what a core takes above idle grows about with its cube.
    """
    above_w = max(need.want_w - need.idle_w, 0.0)
    now_w = max(draw_w - need.idle_w, 1.0)
    return float(mhz * (above_w / now_w) ** (1.0 / 3.0))


def _told(
    lock: ClockLock, need: ClockNeed, clocks: ClockRange, now_s: float, mhz: float
) -> ClockLock:
    told_mhz = float(round(clamp(mhz, clocks.min_mhz, clocks.max_mhz)))
    if lock.mhz is not None and told_mhz == lock.mhz:
        return replace(lock, want_w=need.want_w)
    return ClockLock(mhz=told_mhz, want_w=need.want_w, since_s=now_s)

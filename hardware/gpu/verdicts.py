"""What became of a wish: read from the card, and said in a sentence where it is not as asked."""

from dataclasses import dataclass, replace
from enum import StrEnum

from hardware.gpu.backend import CardFacts, Envelope, Limits
from hardware.gpu.guard import SAME_W, WRITE_GAP_S, Hold


class Verdict(StrEnum):
    """What became of a wish."""

    APPLIED = "applied"
    CLAMPED = "clamped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer to one wish."""

    gpu_id: str
    asked_w: float | None
    limit_w: float | None
    enforced_w: float | None
    outcome: Verdict
    reason: str | None = None
    is_deferred: bool = False
    """It follows by itself in a moment."""


def judge(gpu_id: str, asked_w: float, limits: Limits, envelope: Envelope) -> Outcome:
    """Return what became of a wish, read from the card and not from the write."""
    told_w = envelope.fit(asked_w)
    verdict, reason = Verdict.APPLIED, None
    if abs(limits.limit_w - told_w) >= SAME_W:
        verdict = Verdict.REFUSED
        reason = f"still at {limits.limit_w:g} W after it was told {told_w:g} W"
    elif limits.enforced_w is not None and limits.enforced_w <= told_w - SAME_W:
        verdict = Verdict.CLAMPED
        reason = f"something else holds it at {limits.enforced_w:g} W"
    elif abs(told_w - asked_w) >= SAME_W:
        verdict = Verdict.CLAMPED
        choice = ", ".join(f"{power_w:g}" for power_w in envelope.only_w)
        range_text = f"outside {envelope.min_w:g}..{envelope.max_w:g} W"
        reason = f"{asked_w:g} W is {f'none of {choice} W' if choice else range_text}"
    return Outcome(
        gpu_id=gpu_id,
        asked_w=asked_w,
        limit_w=limits.limit_w,
        enforced_w=limits.enforced_w,
        outcome=verdict,
        reason=reason,
    )


def as_it_is(gpu_id: str, limits: Limits | None) -> Outcome:
    """Return the answer of a card that is as it should be."""
    limit_w = None if limits is None else limits.limit_w
    return Outcome(
        gpu_id=gpu_id,
        asked_w=limit_w,
        limit_w=limit_w,
        enforced_w=None if limits is None else limits.enforced_w,
        outcome=Verdict.APPLIED,
    )


def deferred(gpu_id: str, hold: Hold, limits: Limits, wait_s: float) -> Outcome:
    """Return the answer to a wish that follows by itself in a moment."""
    return replace(
        as_it_is(gpu_id, limits),
        asked_w=hold.limit_w,
        outcome=Verdict.CLAMPED,
        is_deferred=True,
        reason=f"told something less than {WRITE_GAP_S:g} s ago; follows in {wait_s:.1f} s",
    )


def held_by_clock(gpu_id: str, hold: Hold) -> Outcome:
    """Return the answer of a card that takes no limit; its clock follows its draw."""
    return replace(
        as_it_is(gpu_id, None),
        asked_w=hold.limit_w,
        outcome=Verdict.CLAMPED,
        reason="it takes no power limit, as many laptop cards; its clock holds it",
    )


def left_alone(facts: CardFacts, hold: Hold, limits: Limits, times: int) -> Outcome:
    """Return the answer of a card that somebody else keeps changing."""
    reason = (
        f"somebody else set its limit {times} times in 10 min, now {limits.limit_w:g} W; "
        f"left alone until `solard gpu take {facts.index}`"
    )
    return refused(facts.gpu_id, hold, limits, reason)


def refused(gpu_id: str, hold: Hold, limits: Limits | None, reason: str) -> Outcome:
    """Return the answer of a card that does not do as asked, as it is now."""
    return replace(
        as_it_is(gpu_id, limits), asked_w=hold.limit_w, outcome=Verdict.REFUSED, reason=reason
    )

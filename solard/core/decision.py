"""Proposals, the decision made of them, and what the cards answered: decisions are data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from solard.core.bounds import PowerBounds
from solard.core.modes import WorkMode


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCap:
    """The most that one card may be told."""

    gpu_id: str
    at_most_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One rule's answer."""

    rule: str
    """Name for people: `battery lines`, `policy "quiet nights"`."""
    bounds: PowerBounds
    """Where the whole rig's draw may lie, host included."""
    why: str
    """One sentence with live values."""
    next: str | None = None
    """When and how this answer will change, in one sentence."""
    preferred_w: float | None = None
    """What the rule would choose; None = no wish."""
    preferred_cards: int | None = None
    """On how many cards it would spend its wish; None = however many do the most work."""
    mode: WorkMode = WorkMode.FULL
    """The most that work may be."""
    card_caps: tuple[CardCap, ...] = ()


class Verdict(StrEnum):
    """What became of a proposal."""

    IDLE = "idle"
    """It asked for nothing that mattered."""
    NARROWED = "narrowed"
    """It made the interval smaller, or capped the mode or a card."""
    CHOSE = "chose"
    """Its preferred power became the target."""
    OVERRULED = "overruled"
    """A rule above it left no room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardProposal:
    """A proposal and what arbitration made of it."""

    proposal: Proposal
    verdict: Verdict
    overruled_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLimit:
    """What one card is told."""

    gpu_id: str
    limit_w: float
    parked: bool
    """A parked card idles with its model unloaded; its limit is then the lowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the rig does from now on, and why."""

    decided_at: datetime
    decided_s: float
    rule: str
    """The rule that decided the target."""
    target_w: float
    """What arbitration wants."""
    budget_w: float
    """What the rig may draw now, host included: the target after the ramp."""
    mode: WorkMode
    limits: tuple[PowerLimit, ...]
    expected_w: float
    """Draw at the wall if every card takes its whole limit; never above `budget_w`."""
    why: str
    next: str
    heard: tuple[HeardProposal, ...]
    """In priority order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The card enforces what it was told."""

    gpu_id: str
    limit_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clamped:
    """The card enforces something else than it was told."""

    gpu_id: str
    asked_w: float
    limit_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The card or its keeper did not take the limit."""

    gpu_id: str
    asked_w: float
    reason: str


ApplyResult = Applied | Clamped | Refused

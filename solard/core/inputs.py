"""All that a decision may know, and what it carries over to the next tick."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from solard.core.decision import Proposal
from solard.core.plan import Plan
from solard.core.rig import Rig, Workload
from solard.core.state import SiteState
from solard.core.sweep import CardSweep
from solard.core.tariff import Tariff


class OverrideKind(StrEnum):
    """What an operator asked for."""

    PAUSE = "pause"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An operator's request; it ends by itself and stands below safety, data, battery and grid."""

    kind: OverrideKind
    until_at: datetime
    power_w: float | None = None
    """The whole rig's draw; only for `run`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What one rule remembers about one thing from tick to tick."""

    key: str
    active: bool = False
    since_s: float | None = None
    """Site seconds at which `active` last became what it is."""
    level_w: float | None = None
    used_wh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CardMemory:
    """Whether a card works, and since when: the dwell timer."""

    gpu_id: str
    parked: bool
    since_s: float
    worked_s: float | None = None
    """How long it had worked when a restart of solard stopped it; None = no restart did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlMemory:
    """Everything that `decide` hands to its next call."""

    notes: tuple[Note, ...] = ()
    decided_s: float | None = None
    budget_w: float | None = None
    rising_since_s: float | None = None
    """Since when the target has stood clearly above the budget."""
    rose_s: float | None = None
    """When the budget last rose."""
    cards: tuple[CardMemory, ...] = ()

    def note(self, key: str) -> Note:
        """Return what is remembered under `key`, or an empty note."""
        return next((note for note in self.notes if note.key == key), Note(key=key))

    def card(self, gpu_id: str) -> CardMemory | None:
        """Return the dwell timer of a card, or None at its first tick."""
        return next((card for card in self.cards if card.gpu_id == gpu_id), None)


class Rule(Protocol):
    """A frozen dataclass that answers one question about the rig's power."""

    def propose(self, inputs: "DecideInputs") -> "Answer":
        """Return a proposal and what to remember until the next tick."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A proposal and the notes that its rule wants back at the next tick."""

    proposal: Proposal
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideInputs:
    """All that a decision may know."""

    state: SiteState
    rig: Rig
    workloads: tuple[Workload, ...] = ()
    rules: tuple[Rule, ...] = ()
    """In priority order, highest first."""
    overrides: tuple[Override, ...] = ()
    tariff: Tariff = field(default_factory=Tariff)
    plan: Plan | None = None
    sweep: CardSweep | None = None
    """A card that is being measured."""
    memory: ControlMemory = field(default_factory=ControlMemory)


def switched(note: Note, active: bool, now_s: float) -> Note:
    """Return the note with `active` set, and its timer restarted only where that is a change."""
    if note.since_s is not None and note.active == active:
        return note
    return replace(note, active=active, since_s=now_s)

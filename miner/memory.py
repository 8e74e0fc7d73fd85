"""What a validator must not forget when it is killed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from miner.scores import Score, read_scores, scores_to_json

Guesses = dict[str, list[float | None]]
"""What each hotkey said about one slot, ask by ask in Wh; None where it said nothing."""


@dataclass(slots=True)
class Round:
    """One slot's challenge: who was asked, who answered."""

    slot: datetime | None = None
    asked: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    is_closed: bool = True


@dataclass(slots=True)
class Memory:
    """Scores, open questions and counts."""

    scores: dict[str, Score] = field(default_factory=dict)
    waiting: dict[datetime, Guesses] = field(default_factory=dict)
    """Guesses on slots that have not come true."""
    round: Round = field(default_factory=Round)
    best_slot_wh: float = 0.0
    """The most energy that any slot of the site has given."""
    weights_set: int = 0
    queries: int = 0
    scored_slots: int = 0
    """Guesses judged, over all miners."""
    is_changed: bool = False
    """Scores that no weights tell yet."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        current = self.round
        return {
            "scores": scores_to_json(self.scores),
            "waiting": {at.isoformat(): guesses for at, guesses in self.waiting.items()},
            "round": {
                "slot": current.slot.isoformat() if current.slot else None,
                "asked": sorted(current.asked),
                "answered": sorted(current.answered),
                "is_closed": current.is_closed,
            },
            "best_slot_wh": self.best_slot_wh,
            "weights_set": self.weights_set,
            "queries": self.queries,
            "scored_slots": self.scored_slots,
            "is_changed": self.is_changed,
        }


def read_memory(data: dict[str, Any]) -> Memory:
    """Return the memory that `to_json` wrote; an empty one where nothing is kept."""
    waiting = data.get("waiting", {})
    return Memory(
        scores=read_scores(data.get("scores")),
        waiting={datetime.fromisoformat(at): guesses for at, guesses in waiting.items()},
        round=_read_round(data.get("round", {})),
        best_slot_wh=float(data.get("best_slot_wh", 0.0)),
        weights_set=int(data.get("weights_set", 0)),
        queries=int(data.get("queries", 0)),
        scored_slots=int(data.get("scored_slots", 0)),
        is_changed=bool(data.get("is_changed", False)),
    )


def _read_round(data: dict[str, Any]) -> Round:
    slot = data.get("slot")
    return Round(
        slot=datetime.fromisoformat(slot) if slot else None,
        asked=set(data.get("asked", ())),
        answered=set(data.get("answered", ())),
        is_closed=bool(data.get("is_closed", True)),
    )

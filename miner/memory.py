"""What a validator must not forget of one subnet when it is killed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from miner.promises import Promise, read_promises
from miner.scores import Score, read_scores, scores_to_json


@dataclass(slots=True)
class Round:
    """One round of questions: who was asked, who answered."""

    at: datetime | None = None
    asked: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    is_closed: bool = True


@dataclass(slots=True)
class Memory:
    """Scores, the open round and counts; and what the subnet's judge remembers."""

    scores: dict[str, Score] = field(default_factory=dict)
    round: Round = field(default_factory=Round)
    judge: dict[str, Any] = field(default_factory=dict)
    weights_set: int = 0
    queries: int = 0
    verdicts: int = 0
    """Answers and silences judged, over all miners."""
    promises: list[Promise] = field(default_factory=list)
    """Weights that were committed and not yet shown."""
    is_changed: bool = False
    """Scores that no weights tell yet."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        current = self.round
        return {
            "scores": scores_to_json(self.scores),
            "round": {
                "at": current.at.isoformat() if current.at else None,
                "asked": sorted(current.asked),
                "answered": sorted(current.answered),
                "is_closed": current.is_closed,
            },
            "judge": self.judge,
            "weights_set": self.weights_set,
            "queries": self.queries,
            "verdicts": self.verdicts,
            "promises": [one.to_json() for one in self.promises],
            "is_changed": self.is_changed,
        }


def read_memory(data: dict[str, Any]) -> Memory:
    """Return the memory that `to_json` wrote; an empty one where nothing is kept."""
    return Memory(
        scores=read_scores(data.get("scores")),
        round=_read_round(data.get("round", {})),
        judge=dict(data.get("judge", {})),
        weights_set=int(data.get("weights_set", 0)),
        queries=int(data.get("queries", 0)),
        verdicts=int(data.get("verdicts", 0)),
        promises=read_promises(data.get("promises")),
        is_changed=bool(data.get("is_changed", False)),
    )


def _read_round(data: dict[str, Any]) -> Round:
    at = data.get("at")
    return Round(
        at=datetime.fromisoformat(at) if at else None,
        asked=set(data.get("asked", ())),
        answered=set(data.get("answered", ())),
        is_closed=bool(data.get("is_closed", True)),
    )

"""Scores by hotkey: a moving average that silence wears down and a restart does not."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from miner.chain.backend import Metagraph

ALPHA = 0.1
"""Part of the average that one whole slot replaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A moving average that knows how much it has seen."""

    total: float = 0.0
    seen: float = 0.0
    """0 before the first slot, towards 1 with many."""

    @property
    def average(self) -> float:
        """Return 0..1; 0 before the first slot."""
        return self.total / self.seen if self.seen > 0 else 0.0

    def after(self, value: float, weight: float) -> "Score":
        """Return the average after one more slot that counts `weight` (0..1)."""
        if not (isfinite(value) and isfinite(weight)):
            value, weight = 0.0, 1.0
        alpha = ALPHA * min(max(weight, 0.0), 1.0)
        value = min(max(value, 0.0), 1.0)
        return Score(
            total=(1 - alpha) * self.total + alpha * value, seen=(1 - alpha) * self.seen + alpha
        )


def weigh(scores: Mapping[str, Score], graph: Metagraph) -> dict[int, float]:
    """Return weights by uid: shares by squared score of what the best is worth.

    What even the best miner lacks to 1 goes to the subnet owner's hotkey, which the chain
    recycles: a subnet whose miners stopped pays nobody for having been good once.
    """
    earned = {
        one.uid: scores[one.hotkey].average
        for one in graph.neurons
        if one.hotkey in scores and one.hotkey != graph.owner_hotkey
    }
    worth = max(earned.values(), default=0.0)
    total = sum(value**2 for value in earned.values())
    if not earned:
        return {}
    weights = {uid: worth * value**2 / total for uid, value in earned.items()} if total else {}
    owner = graph.find(graph.owner_hotkey)
    if owner is not None and worth < 1.0:
        weights[owner.uid] = 1.0 - worth
    return {uid: value for uid, value in weights.items() if isfinite(value) and value > 0}


def read_scores(data: Any) -> dict[str, Score]:
    """Return the scores that `scores_to_json` wrote; what is unreadable starts anew."""
    found: dict[str, Score] = {}
    for hotkey, pair in data.items() if isinstance(data, dict) else ():
        try:
            total, seen = map(float, pair)
        except (TypeError, ValueError):
            continue
        if 0 <= total <= seen <= 1.0001 and isfinite(total):
            found[hotkey] = Score(total=total, seen=seen)
    return found


def scores_to_json(scores: Mapping[str, Score]) -> dict[str, list[float]]:
    """Return scores as plain data."""
    return {hotkey: [one.total, one.seen] for hotkey, one in scores.items()}

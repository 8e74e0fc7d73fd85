"""One answer of several: what a client makes of a mixture of experts."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

Weighed = Sequence[tuple[float, dict[str, Any]]]
"""Answers with the weight of who gave them, the best first."""


def take_best(answers: Weighed) -> dict[str, Any]:
    """Return the answer of the heaviest: where answers are right or wrong, means are neither."""
    return max(answers, key=lambda one: one[0])[1]


def mean_of(answers: Weighed, field: str) -> list[float] | None:
    """Return the weighted mean of a list of numbers; answers of another form have no say."""
    usable = [(weight, answer[field]) for weight, answer in answers if _is_numbers(answer, field)]
    if not usable:
        return None
    length = len(usable[0][1])
    usable = [(weight, values) for weight, values in usable if len(values) == length]
    total = sum(weight for weight, _ in usable)
    return [
        round(sum(weight * values[place] for weight, values in usable) / total, 2)
        for place in range(length)
    ]


def vote_of(answers: Weighed, field: str) -> list[str] | None:
    """Return for each place of a list of texts the one with the most weight behind it."""
    usable = [(weight, answer[field]) for weight, answer in answers if _is_texts(answer, field)]
    if not usable:
        return None
    length = len(usable[0][1])
    counts = [Counter[str]() for _ in range(length)]
    for weight, texts in usable:
        if len(texts) == length:
            for count, text in zip(counts, texts, strict=True):
                count[text.strip().lower()] += weight  # type: ignore[assignment]
    return [max(count, key=lambda text: (count[text], text)) for count in counts]


def _is_numbers(answer: dict[str, Any], field: str) -> bool:
    values = answer.get(field)
    return isinstance(values, list) and all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in values
    )


def _is_texts(answer: dict[str, Any], field: str) -> bool:
    values = answer.get(field)
    return isinstance(values, list) and all(isinstance(one, str) for one in values)

"""A small model that runs anywhere: it finds the sentence that a question is about, and its word.

It weighs words by how rare they are in the passage, as search engines do (Sparck Jones 1972). It
cannot reason; a real language model at an OpenAI-compatible endpoint does better on real text.
"""

import re
from collections import Counter
from math import log

_WORD = re.compile(r"[A-Za-z]+|[0-9]+")
_STOP = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "by", "did", "do", "does", "for", "from", "has"}
    | {"have", "how", "in", "is", "it", "many", "of", "on", "or", "that", "the", "this", "to"}
    | {"was", "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "with"}
)
_STEM = 4
"""Words that begin alike are one: lives, lived, live."""


def read(passage: str, question: str, *, sentences: int | None = None) -> str:
    """Return the word of the passage that answers a question; empty where it finds none.

    With `sentences` only so many at the passage's end are read: less work, fewer answers.
    """
    parts = [part for part in re.split(r"(?<=[.!?])\s+", passage) if part]
    parts = parts if sentences is None else parts[-sentences:]
    if not parts:
        return ""
    asked = _stems(question)
    frequency = Counter(stem for part in parts for stem in _stems(part))

    def merit(part: str) -> float:
        return sum(log(1.0 + len(parts) / frequency[stem]) for stem in _stems(part) & asked)

    best = max(parts, key=merit)
    return "" if merit(best) == 0.0 else _answer(best, question, frequency)


def _answer(sentence: str, question: str, frequency: Counter[str]) -> str:
    """Return the sentence's rarest word that the question does not have, a number if it asks."""
    asked = _stems(question)
    words = [word for word in _WORD.findall(sentence) if _stem(word) not in asked | _STOP]
    wants_number = question.lower().startswith("how many")
    fitting = [word for word in words if word.isdigit() == wants_number] or words
    if not fitting:
        return ""
    if not wants_number and any(word[0].isupper() for word in fitting) and " town" in question:
        fitting = [word for word in fitting if word[0].isupper()]
    best: str = min(fitting, key=lambda word: (frequency[_stem(word)], -sentence.index(word)))
    return best


def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORD.findall(text)) - _STOP


def _stem(word: str) -> str:
    low = word.lower()
    return low if low in _STOP else low[:_STEM]

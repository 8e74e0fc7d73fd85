"""What is wrong in a file: every problem at once, each with its line and a way out."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

from solard.core.errors import SolardError

MOST_LINES = 100
"""In one message; nobody reads on."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, at a place that a person can go to."""

    source: str
    """The file as the user named it."""
    line: int
    """1-based."""
    column: int
    """1-based."""
    text: str
    """One sentence: which key, its value, the limit, what to write instead."""

    def __str__(self) -> str:
        """Return `FILE:LINE: sentence`."""
        return f"{self.source}:{self.line}: {self.text}"


class ConfigInvalid(SolardError):
    """A configuration that cannot be used; it carries every problem found, in order of lines."""

    exit_status: ClassVar[int] = 78
    is_list: ClassVar[bool] = True

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        lines = [str(problem) for problem in self.problems[:MOST_LINES]]
        if len(self.problems) > MOST_LINES:
            lines.append(f"… and {len(self.problems) - MOST_LINES} more")
        super().__init__("\n".join(lines))


def say_nearest(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "…"?`, or the words that are known where none is near."""
    names = sorted(known)
    near = get_close_matches(word.lower().replace("-", "_"), names, n=1, cutoff=0.6)
    near = near or get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"known here: {', '.join(names)}" if names else "nothing is expected here"

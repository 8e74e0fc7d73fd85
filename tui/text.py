"""Lines of text with a tone: what the pure side of the TUI hands to its widgets."""

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import combining, east_asian_width


class Tone(StrEnum):
    """What a piece of text means; a theme gives each meaning its colour."""

    PLAIN = "plain"
    MUTED = "muted"
    FAINT = "faint"
    """An area that only carries other things."""
    STRONG = "strong"
    TITLE = "title"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    SUN = "sun"
    HIDDEN_SUN = "hidden-sun"
    HOUSE = "house"
    RIG = "rig"
    RIG_ON_SUN = "rig-on-sun"
    """The rig's line where it crosses the sun's area."""
    RIG_ON_HIDDEN_SUN = "rig-on-hidden-sun"
    """The rig's area where it ends inside the sun's."""
    BATTERY = "battery"
    GRID = "grid"
    GENERATOR = "generator"
    BADGE_GOOD = "badge-good"
    BADGE_WARN = "badge-warn"
    BADGE_BAD = "badge-bad"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one line."""

    text: str
    tone: Tone = Tone.PLAIN


Line = tuple[Span, ...]
Lines = tuple[Line, ...]

BLANK: Line = ()

_NO_BREAK = "\u00a0"
_UNIT = re.compile(r"(?<=\d) (?=(?:k?Wh?|h|min|s|°C|V)\b|%)")
"""A number and its unit stay on one row."""


def line(*parts: str | Span) -> Line:
    """Return a line of spans; bare strings are plain."""
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts)


def muted(text: str) -> Span:
    """Return text that steps back."""
    return Span(text, Tone.MUTED)


def strong(text: str) -> Span:
    """Return text that stands out."""
    return Span(text, Tone.STRONG)


def plain(one: Line) -> str:
    """Return a line's text without its tones."""
    return "".join(span.text for span in one)


def cells(text: str) -> int:
    """Return how many terminal cells a text takes."""
    if text.isascii():
        return len(text)
    wide = sum(east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(combining(character) != 0 for character in text)


def line_cells(one: Line) -> int:
    """Return how many terminal cells a line takes."""
    return sum(cells(span.text) for span in one)


def pad(one: Line, width: int) -> Line:
    """Return the line filled with spaces up to `width` cells."""
    missing = width - line_cells(one)
    return (*one, Span(" " * missing)) if missing > 0 else one


def cut(one: Line, width: int) -> Line:
    """Return the line with at most `width` cells, ended by … where text was lost."""
    if line_cells(one) <= width:
        return one
    kept: list[Span] = []
    left = width - 1
    for span in one:
        piece = _cut_text(span.text, left)
        kept.append(Span(piece, span.tone))
        left -= cells(piece)
        if piece != span.text:
            break
    return (*kept, muted("…")) if width > 0 else ()


def _cut_text(text: str, width: int) -> str:
    if cells(text) <= width:
        return text
    while text and cells(text) > width:
        text = text[:-1]
    return text.rstrip()


def spread(left: Line, right: Line, width: int) -> Line:
    """Return `left` and `right` at the two ends of a line; `left` is cut where both do not fit."""
    room = width - line_cells(right)
    return (*pad(cut(left, max(0, room - 1)), room), *right)


def wrap(text: str, width: int, at_most: int | None = None) -> tuple[str, ...]:
    """Return the text in rows of `width`; a last row that loses text ends in …."""
    tied = _UNIT.sub(_NO_BREAK, text)
    rows = textwrap.wrap(tied, max(1, width), break_on_hyphens=False)
    rows = [row.replace(_NO_BREAK, " ") for row in rows]
    if at_most is None or len(rows) <= at_most:
        return tuple(rows)
    kept = rows[: max(1, at_most)]
    kept[-1] = _cut_text(kept[-1], width - 1).rstrip(",;: ") + "…"
    return tuple(kept)


def hang(label: Line, text: str, width: int, at_most: int | None = None) -> Lines:
    """Return a label and a text that wraps beside it."""
    indent = line_cells(label)
    rows = wrap(text, max(8, width - indent), at_most)
    if not rows:
        return (label,)
    first: Line = (*label, Span(rows[0]))
    return (first, *(line(" " * indent, row) for row in rows[1:]))


def flow(groups: Sequence[Line], width: int, *, indent: int = 0, gap: int = 3) -> Lines:
    """Return groups of words in as many rows as they need; a group never breaks in two."""
    rows: list[Line] = []
    for group in groups:
        joined: Line = (*rows[-1], Span(" " * gap), *group) if rows else group
        if rows and line_cells(joined) > width:
            rows.append(cut((Span(" " * indent), *group) if indent else group, width))
        elif rows:
            rows[-1] = joined
        else:
            rows.append(cut(group, width))
    return tuple(rows)


def as_many_as_fit(groups: Sequence[Line], width: int, gap: int = 3) -> Line:
    """Return the first groups of words that fit one row, whole."""
    rows = flow(groups, width, gap=gap)
    return rows[0] if rows else BLANK


def longest_that_fits(choices: Iterable[str], width: int) -> str:
    """Return the first of the choices, longest first, that fits; empty where none does."""
    return next((choice for choice in choices if cells(choice) <= width), "")

"""The overview: which shape fits the terminal, and the panels that only it has."""

from enum import StrEnum

from tui.model.day import day_rows
from tui.model.earnings import earnings_line
from tui.model.picture import Picture
from tui.text import Lines, line, wrap

WIDE_COLUMNS, WIDE_ROWS = 110, 32
COMPACT_COLUMNS = 80
LEAST_COLUMNS, LEAST_ROWS = 44, 12


class Shape(StrEnum):
    """How much a terminal holds."""

    WIDE = "wide"
    COMPACT = "compact"
    """One panel under the other, all in sight."""
    NARROW = "narrow"
    """One column that scrolls."""
    TOO_SMALL = "too-small"


def shape(width: int, height: int) -> Shape:
    """Return the shape for a terminal of this size."""
    if width < LEAST_COLUMNS or height < LEAST_ROWS:
        return Shape.TOO_SMALL
    if width < COMPACT_COLUMNS:
        return Shape.NARROW
    return Shape.WIDE if width >= WIDE_COLUMNS and height >= WIDE_ROWS else Shape.COMPACT


def too_small(width: int, height: int) -> Lines:
    """Return the sentence for a terminal that is too small."""
    text = (
        f"This terminal is {width}×{height}; solard needs at least {LEAST_COLUMNS}×{LEAST_ROWS}. "
        "Enlarge it, or use `solard status`. q quits."
    )
    return tuple(line(row) for row in wrap(text, max(1, width)))


def today(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return the day's sun and rig, then what it earned, in as many rows as there are."""
    rows = height or 3
    earned = earnings_line(picture, width)
    if rows <= 1:
        return (earned,)
    return (*day_rows(picture, width, rows - 1), earned)

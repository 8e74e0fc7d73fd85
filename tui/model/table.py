"""A table as a value: columns, rows, cells with a tone; it drops columns until it fits."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tui.text import Line, Lines, Span, Tone, cells, muted

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """One column."""

    label: str
    width: int
    right: bool = False
    """Whether its cells stand at the right, as numbers do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row; its key stays the same while its values change."""

    key: str
    cells: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns and rows."""

    columns: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Generic[Thing]):
    """One column of a table of things, and how a thing fills it."""

    label: str
    width: int
    cell: Callable[[Thing], Span]
    right: bool = True
    rank: int = 0
    """Where the table is too wide the highest rank goes first; 0 always stays."""
    stretch_to: int = 0
    """Up to where this column takes what the others leave."""


def table_of(
    fields: Sequence[Field[Thing]],
    things: Iterable[Thing],
    *,
    key: Callable[[Thing], str],
    width: int,
) -> Table:
    """Return a table of things that fits `width`, as far as columns may go."""
    kept = list(fields)
    while _width(kept) > width and any(field.rank for field in kept):
        kept.remove(max(kept, key=lambda field: field.rank))
    return Table(
        columns=tuple(_columns(kept, max(0, width - _width(kept)))),
        rows=tuple(
            TableRow(key=key(thing), cells=tuple(field.cell(thing) for field in kept))
            for thing in things
        ),
    )


def _columns(fields: Iterable[Field[Thing]], spare: int) -> Iterator[TableColumn]:
    """Yield the columns; those that stretch share what is left over, the first one first."""
    for field in fields:
        width = max(field.width, min(field.width + spare, field.stretch_to))
        spare -= width - field.width
        yield TableColumn(label=field.label, width=width, right=field.right)


def _width(fields: Sequence[Field[Thing]]) -> int:
    return sum(field.width for field in fields) + len(fields)


def aligned(text: str, column: TableColumn) -> str:
    """Return the text cut and padded to its column."""
    shown = text if cells(text) <= column.width else text[: column.width - 1] + "…"
    gap = " " * max(0, column.width - cells(shown))
    return gap + shown if column.right else shown + gap


def paint(table: Table, height: int | None = None) -> Lines:
    """Return the table as lines: header, then rows."""
    head: Line = (muted(" ".join(aligned(c.label, c) for c in table.columns)),)
    rows = [_paint_row(table, row) for row in table.rows]
    return (head, *rows)[:height]


def _paint_row(table: Table, row: TableRow) -> Line:
    spans: list[Span] = []
    for column, cell in zip(table.columns, row.cells, strict=True):
        if spans:
            spans.append(Span(" ", Tone.PLAIN))
        spans.append(Span(aligned(cell.text, column), cell.tone))
    return tuple(spans)

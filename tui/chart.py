"""Block charts as rows of text: eighth blocks, shade, a line on top, a now marker; no braille."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from tui.text import Line, Lines, Span, Tone, line, muted

EIGHTHS = " ▁▂▃▄▅▆▇█"
FULL, SHADE, RULE, NOW = "█", "░", "━", "┊"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What one column of an area chart shows."""

    solid: float | None = None
    """Height of the filled area; None = unknown."""
    shade: float | None = None
    """Height of the shaded area behind it."""
    line: float | None = None
    """Height of the line on top."""
    over: float | None = None
    """Height of a second filled area, in front of the first."""
    marked: bool = False
    """Whether this column is now."""
    tone: Tone | None = None
    """Colour of its filled area where it differs from its neighbours'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A label under the chart."""

    column: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tones:
    """Colours of one chart."""

    solid: Tone = Tone.SUN
    shade: Tone = Tone.MUTED
    line: Tone = Tone.RIG
    line_on_solid: Tone = Tone.RIG_ON_SUN
    over: Tone = Tone.RIG
    over_on_solid: Tone = Tone.RIG_ON_HIDDEN_SUN


def bar(value: float | None, full: float, width: int, tone: Tone) -> Line:
    """Return a bar of `width` cells, filled in proportion; empty where the value is unknown."""
    share = 0.0 if value is None or full <= 0 else min(1.0, max(0.0, abs(value) / full))
    filled = min(width, round(share * width))
    if share > 0 and filled == 0 and share * width >= 0.1:
        filled = 1
    return line(Span("▇" * filled, tone), Span("▁" * (width - filled), Tone.FAINT))


def stacked_bar(parts: Sequence[tuple[float, Tone]], full: float, width: int) -> Line:
    """Return one bar of several parts; together they fill `width` when they add up to `full`."""
    spans: list[Span] = []
    done = 0
    total = 0.0
    for value, tone in parts:
        total += max(0.0, value)
        end = min(width, round(width * total / full)) if full > 0 else 0
        if end > done:
            spans.append(Span("▇" * (end - done), tone))
            done = end
    spans.append(Span("▁" * (width - done), Tone.FAINT))
    return tuple(spans)


def spark(values: Sequence[float | None], full: float, tone: Tone) -> Line:
    """Return one row of eighth blocks; unknown is a blank."""
    return line(Span("".join(_spark_cell(value, full) for value in values), tone))


def _spark_cell(value: float | None, full: float) -> str:
    if value is None or full <= 0:
        return " "
    return EIGHTHS[min(8, max(1, round(8 * value / full)))]


def nice_top(value: float) -> float:
    """Return the smallest of 1, 1.5, 2, 3, 4, 5, 6, 8 × 10ⁿ that is not under `value`."""
    if value <= 0:
        return 1.0
    scale = 10.0 ** floor(log10(value))
    steps = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
    return next(step * scale for step in steps if step * scale >= value * (1 - 1e-9))


def area_chart(
    columns: Sequence[Column],
    *,
    height: int,
    top: float,
    label: "Labels",
    ticks: Sequence[Tick],
    tones: Tones,
) -> Lines:
    """Return `height` rows: the plot, its axis and the labels under it."""
    rows = max(1, height - 2)
    plot = [
        (*_axis_cell(row, label), *_row(columns, row, rows, top, tones))
        for row in range(rows - 1, -1, -1)
    ]
    width = len(columns)
    axis = muted(" " * label.width + "└" + "─" * width)
    names = muted(" " * (label.width + 1) + _tick_text(ticks, width))
    return (*plot, line(axis), line(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The labels of the upright axis: one every `every` rows of `step` each."""

    texts: tuple[str, ...]
    """From the bottom row up; empty where a row has none."""
    width: int


def axis_labels(rows: int, top: float, unit: float = 1000.0, suffix: str = " kW") -> Labels:
    """Return labels at round values for a plot of `rows` rows that ends at `top`."""
    texts = [""] * rows
    most = max(1, min(4, rows // 2))
    step = _round_step(top / most)
    value = step
    while value <= top * (1 + 1e-9):
        row = min(rows - 1, max(0, ceil(value / top * rows - 1e-9) - 1))
        number = value / unit
        texts[row] = f"{number:g}{suffix}"
        value += step
    width = max(len(text) for text in texts) + 1
    return Labels(texts=tuple(texts), width=width)


def _round_step(value: float) -> float:
    """Return the smallest of 1, 2, 5 × 10ⁿ that is not under `value`."""
    scale = 10.0 ** floor(log10(value))
    return next(step * scale for step in (1.0, 2.0, 5.0, 10.0) if step * scale >= value * 0.999)


def _axis_cell(row: int, label: Labels) -> Line:
    text = label.texts[row] if row < len(label.texts) else ""
    return line(muted(f"{text:>{label.width - 1}} " + ("┤" if text else "│")))


def _row(columns: Sequence[Column], row: int, rows: int, top: float, tones: Tones) -> Line:
    spans: list[Span] = []
    text, tone = "", Tone.PLAIN
    for column in columns:
        cell = _cell(column, row, rows, top, tones)
        if cell.tone is not tone:
            if text:
                spans.append(Span(text, tone))
            text, tone = "", cell.tone
        text += cell.text
    return (*spans, Span(text, tone))


def _cell(column: Column, row: int, rows: int, top: float, tones: Tones) -> Span:
    solid = _fill(column.solid, row, rows, top)
    if column.line is not None and row == _line_row(column.line, rows, top):
        return Span(RULE, tones.line_on_solid if solid >= 1 else tones.line)
    over = round(_fill(column.over, row, rows, top) * 8)
    if over >= 1:
        front = tones.over_on_solid if solid >= 1 and over < 8 else tones.over
        return Span(EIGHTHS[min(8, over)], front)
    eighths = round(solid * 8)
    if eighths >= 1:
        return Span(EIGHTHS[min(8, eighths)], column.tone or tones.solid)
    if _fill(column.shade, row, rows, top) >= 0.5:
        return Span(SHADE, tones.shade)
    return Span(NOW if column.marked else " ", Tone.MUTED)


def _fill(value: float | None, row: int, rows: int, top: float) -> float:
    """Return the filled share of the cell in `row`, counted from the bottom; may exceed 0..1."""
    return -1.0 if value is None else value / top * rows - row


def _line_row(value: float, rows: int, top: float) -> int:
    return min(rows - 1, max(0, ceil(value / top * rows) - 1))


def _tick_text(ticks: Sequence[Tick], width: int) -> str:
    cells = [" "] * width
    for tick in ticks:
        start = min(tick.column, width - len(tick.text))
        if start < 0 or any(cell != " " for cell in cells[max(0, start - 1) : start]):
            continue
        cells[start : start + len(tick.text)] = tick.text
    return "".join(cells)

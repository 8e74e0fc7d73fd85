"""Draw a running TUI as an SVG that looks the same in every viewer.

Every word gets its own x, and blocks and lines are shapes, so that no font can leave gaps.
"""

from collections.abc import Iterable
from html import escape

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import DIMMED_MONOKAI
from textual.app import App

CELL_W, CELL_H, FONT = 9.0, 19.0, 15.0
BASELINE = 14.2
MARGIN = 10.0

_BLOCKS = {glyph: (index + 1) / 8 for index, glyph in enumerate("▁▂▃▄▅▆▇█")}
_ARMS = {  # which of the cell's middle lines a glyph draws: left, right, up, down
    "─": "lr",
    "━": "LR",
    "│": "ud",
    "├": "rud",
    "┤": "lud",
    "└": "ru",
    "╭": "rd",
    "╮": "ld",
    "╰": "ru",
    "╯": "lu",
    "┊": ":",
}


def draw(app: App[object], title: str = "solard") -> str:
    """Return the screen as an SVG document."""
    strips = app.screen._compositor.render_strips()
    rows = [list(Segment.simplify(strip)) for strip in strips]
    columns = app.size.width
    width, height = columns * CELL_W + 2 * MARGIN, len(rows) * CELL_H + 2 * MARGIN
    ground = app.theme_variables["background"]
    body = "\n".join(part for y, row in enumerate(rows) for part in _row(row, y))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{escape(title)}">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="100%" height="100%" rx="8" fill="{ground}"/>\n'
        f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT:g}" '
        f'transform="translate({MARGIN:g} {MARGIN:g})">\n{body}\n</g>\n</svg>\n'
    )


def _row(row: Iterable[Segment], y: int) -> Iterable[str]:
    column = 0
    later: list[str] = []
    for text, style, _ in row:
        style = style or Style()
        front, back = _colours(style)
        if back is not None:
            yield (
                f'<rect x="{column * CELL_W:g}" y="{y * CELL_H:g}" width="{len(text) * CELL_W:g}" '
                f'height="{CELL_H:g}" fill="{back}" shape-rendering="crispEdges"/>'
            )
        faint = ['<g opacity="0.55">'] if style.dim else []
        later += [*faint, *_glyphs(text, column, y, front, style), *(["</g>"] if faint else [])]
        column += len(text)
    yield from later


def _colours(style: Style) -> tuple[str, str | None]:
    front, back = _hex(style.color), _hex(style.bgcolor)
    if style.reverse:
        front, back = back or "#14171c", front or "#d5dae2"
    return front or "#d5dae2", back


def _hex(colour: Color | None) -> str | None:
    if colour is None or colour.is_default:
        return None
    return colour.get_truecolor(DIMMED_MONOKAI).hex


def _glyphs(text: str, column: int, y: int, front: str, style: Style) -> Iterable[str]:
    for offset, glyph in enumerate(text):
        x = (column + offset) * CELL_W
        if glyph in _BLOCKS:
            tall = _BLOCKS[glyph] * CELL_H
            yield _rect(x, (y + 1) * CELL_H - tall, CELL_W, tall, front)
        elif glyph == "░":
            yield _rect(x, y * CELL_H, CELL_W, CELL_H, front, ' fill-opacity="0.35"')
        elif glyph in _ARMS:
            yield _arms(glyph, x, y * CELL_H, front)
    bold = ' font-weight="bold"' if style.bold else ""
    slant = ' font-style="italic"' if style.italic else ""
    for offset, word in _words(text):
        yield (
            f'<text x="{(column + offset) * CELL_W:g}" y="{y * CELL_H + BASELINE:g}" '
            f'textLength="{len(word) * CELL_W:g}" fill="{front}"{bold}{slant}>'
            f"{escape(word)}</text>"
        )


def _words(text: str) -> Iterable[tuple[int, str]]:
    """Yield each run of letters with its place; shapes and spaces part them."""
    start = None
    for offset, glyph in enumerate(f"{text} "):
        drawn = glyph == " " or glyph == "░" or glyph in _BLOCKS or glyph in _ARMS
        if drawn and start is not None:
            yield start, text[start:offset]
            start = None
        elif not drawn and start is None:
            start = offset


def _rect(x: float, y: float, width: float, height: float, fill: str, more: str = "") -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"{more} '
        'shape-rendering="crispEdges"/>'
    )


def _arms(glyph: str, x: float, y: float, front: str) -> str:
    mid_x, mid_y = x + CELL_W / 2, y + CELL_H / 2
    ends = {
        "l": (x, mid_y),
        "r": (x + CELL_W, mid_y),
        "u": (mid_x, y),
        "d": (mid_x, y + CELL_H),
    }
    arms = _ARMS[glyph]
    if arms == ":":
        path, dash = f"M{mid_x:g} {y:g}V{y + CELL_H:g}", ' stroke-dasharray="3 2.33"'
    else:
        dash = ""
        path = "".join(
            f"M{mid_x:g} {mid_y:g}L{ends[arm.lower()][0]:g} {ends[arm.lower()][1]:g}"
            for arm in arms
        )
        if glyph in "╭╮╰╯":
            side, tip = (ends[arm] for arm in arms)
            path = f"M{side[0]:g} {side[1]:g}Q{mid_x:g} {mid_y:g} {tip[0]:g} {tip[1]:g}"
    wide = 2.6 if arms.isupper() else 1.0
    return f'<path d="{path}" stroke="{front}" stroke-width="{wide:g}" fill="none"{dash}/>'

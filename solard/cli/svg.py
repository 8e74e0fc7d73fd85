"""Charts as SVG text: panels on one axis of time. No library: shapes and words are all it takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from math import ceil, floor, log10

WIDTH, LEFT, RIGHT = 1200.0, 132.0, 28.0
HOUR = timedelta(hours=1)
LABEL_EVERY_PX = 52.0
TICKS_AT_MOST = 4
BREAK = timedelta(seconds=1)

Step = tuple[datetime, datetime, float]
"""From when, until when, and how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeAxis:
    """Where a moment is on the picture."""

    begins_at: datetime
    ends_at: datetime
    offset: timedelta
    """Of local time."""

    def x(self, moment: datetime) -> float:
        """Return a moment's place, within the picture."""
        share = (moment - self.begins_at) / (self.ends_at - self.begins_at)
        return LEFT + max(0.0, min(1.0, share)) * (WIDTH - LEFT - RIGHT)

    def local(self, moment: datetime) -> datetime:
        """Return the wall clock's time at a moment."""
        return moment + self.offset

    def hours(self) -> list[datetime]:
        """Return the moments of full local hours that are labelled."""
        span_h = (self.ends_at - self.begins_at) / HOUR
        wanted_h = span_h * LABEL_EVERY_PX / (WIDTH - LEFT - RIGHT)
        every_h = next((each for each in (1, 2, 3, 6, 12) if each >= wanted_h), 24)
        first = self.local(self.begins_at).replace(minute=0, second=0, microsecond=0)
        moments = [first + index * HOUR - self.offset for index in range(ceil(span_h) + 2)]
        return [
            moment
            for moment in moments
            if self.local(moment).hour % every_h == 0 and self.begins_at <= moment <= self.ends_at
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A band of the picture with a scale of its own."""

    top: float
    height: float
    low: float
    high: float

    @property
    def base(self) -> float:
        """Return where its lowest value is."""
        return self.top + self.height

    def y(self, value: float) -> float:
        """Return a value's place."""
        return self.base - self.height * (value - self.low) / (self.high - self.low)


def nice_ticks(low: float, high: float) -> list[float]:
    """Return a few round values from the last below `low` to the first above `high`."""
    span = (high - low) or 1.0
    power = 10.0 ** floor(log10(span / TICKS_AT_MOST))
    step = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power * TICKS_AT_MOST >= span)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(index * step, 9) for index in range(first, max(last, first + 1) + 1)]


def stairs(axis: TimeAxis, panel: Panel, steps: Sequence[Step]) -> str:
    """Return a path that goes from step to step; a gap in time breaks it."""
    parts, last = [], None
    for begins_at, ends_at, value in steps:
        x, y = axis.x(begins_at), panel.y(value)
        joined = last is not None and abs(begins_at - last) <= BREAK
        parts.append(f"{'L' if joined else 'M'}{x:.1f} {y:.1f}H{axis.x(ends_at):.1f}")
        last = ends_at
    return "".join(parts)


def band(axis: TimeAxis, panel: Panel, lower: Sequence[Step], upper: Sequence[Step]) -> str:
    """Return the closed path between two rows of the same steps."""
    there = [(axis.x(at), panel.y(v)) for a, b, v in upper for at in (a, b)]
    back = [(axis.x(at), panel.y(v)) for a, b, v in reversed(lower) for at in (b, a)]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in (*there, *back)) + "Z"


def shape(path: str, kind: str) -> str:
    """Return a path in a class of the style."""
    return f'<path class="{kind}" d="{path}"/>'


def box(x: float, y: float, width: float, height: float, kind: str, radius: float = 0.0) -> str:
    """Return a rectangle."""
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" {size} rx="{radius:g}"/>'


def words(x: float, y: float, text: str, kind: str = "label", anchor: str = "start") -> str:
    """Return a line of text."""
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def document(height: float, title: str, style: str, parts: Iterable[str]) -> str:
    """Return the whole picture."""
    size = f'viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" height="{height:g}"'
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n"
        f'<rect class="ground" width="{WIDTH:g}" height="{height:g}" rx="10"/>\n{body}\n</svg>\n'
    )

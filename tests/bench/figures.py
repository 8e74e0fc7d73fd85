"""A figure with its target, and the table of all figures of one run."""

import math
from dataclasses import dataclass
from statistics import median

NO_TARGET = "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing measured, once or several times."""

    name: str
    unit: str
    values: tuple[float, ...]
    below: float | None = None
    """The target; None = shown for comparison only."""
    how: str = ""
    """How it was taken, where the name does not say it."""

    @property
    def median(self) -> float:
        """Return the value that is held against the target."""
        return median(self.values)

    @property
    def of_target(self) -> float | None:
        """Return the median as a share of the target."""
        return None if self.below is None else self.median / self.below

    @property
    def is_met(self) -> bool | None:
        """Say whether the target is met; None without one."""
        return None if self.below is None else self.median < self.below

    def as_json(self) -> dict[str, object]:
        """Return the figure as numbers."""
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "count": len(self.values),
            "target_below": self.below,
            "of_target": self.of_target,
            "met": self.is_met,
            "how": self.how,
        }


def once(
    name: str, unit: str, value: float, *, below: float | None = None, how: str = ""
) -> Figure:
    """Return a figure that was taken once."""
    return Figure(name=name, unit=unit, values=(value,), below=below, how=how)


def table(figures: tuple[Figure, ...]) -> str:
    """Return the figures as lines of text."""
    head = ("", "median", "min", "max", "n", "target", "of target", "")
    return columns((head, *(_row(one) for one in figures)))


def columns(rows: tuple[tuple[str, ...], ...]) -> str:
    """Return rows as aligned lines: the first column to the left, all others to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def say_number(value: float) -> str:
    """Return three digits that count, never fewer than those before the point."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 3)}f}"


def _row(one: Figure) -> tuple[str, ...]:
    several = len(one.values) > 1
    share = one.of_target
    return (
        one.name,
        f"{say_number(one.median)} {one.unit}",
        say_number(min(one.values)) if several else "",
        say_number(max(one.values)) if several else "",
        str(len(one.values)),
        NO_TARGET if one.below is None else f"< {one.below:g} {one.unit}",
        NO_TARGET if share is None else f"{share:.0%}",
        {True: "met", False: "MISSED", None: ""}[one.is_met],
    )

"""Measured curves of work against power, as data: what simulated cards do with their watts."""

import csv
from functools import lru_cache
from pathlib import Path

from solard.core.curves import CurvePoint, WorkCurve
from solard.core.errors import SolardError

CURVES_FILE = Path(__file__).with_name("curves.csv")


class CurveUnknown(SolardError):
    """No measured curve has this name."""


@lru_cache(maxsize=32)
def curve_for(name: str) -> WorkCurve:
    """Return the curve `name` of curves.csv; work 1.0 is the card's full speed.

    Shares of full speed make cards with different work comparable, like `core.curves.prior_curve`.
    """
    rows = [row for row in _rows() if row["curve"] == name]
    if not rows:
        raise CurveUnknown(f'no measured curve "{name}"; there are {", ".join(curve_names())}')
    full = max(float(row["work"]) for row in rows)
    return WorkCurve(
        points=tuple(CurvePoint(float(row["power_w"]), float(row["work"]) / full) for row in rows)
    )


def curve_names() -> tuple[str, ...]:
    """Return the names of all measured curves."""
    return tuple(dict.fromkeys(row["curve"] for row in _rows()))


def _rows() -> list[dict[str, str]]:
    with CURVES_FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))

"""Rows of other people's answers: their stamps, their numbers, and how long each holds."""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import zip_longest
from typing import Any, TypeVar

from scheduler.sources.errors import SourceUnreadable

T = TypeVar("T")

STARTS = ("starts_at", "time_utc", "period_start", "start", "time", "timestamp", "datetime", "date")
ENDS = ("ends_at", "period_end", "end")
LONGEST_STEP = timedelta(hours=3)
"""Two stamps further apart are a gap: nights are left out by some."""
USUAL_STEP = timedelta(hours=1)
MOST_ROWS = 20_000
PLACES = (
    ("forecasts",),
    ("forecast", "slots"),
    ("forecast",),
    ("slots",),
    ("data",),
    ("rates",),
    ("result", "rates"),
)
"""Where answers keep their rows."""


def read_body(body: bytes, wanted: str) -> Any:
    """Return JSON as it is, or the rows of CSV as mappings; raise SourceUnreadable."""
    text = body.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        raise SourceUnreadable(f"it sent a web page, not {wanted}")
    data = _read_json(text) if text[:1] in ("{", "[") else _read_csv(text)
    rows = find_rows(data)
    if rows is not None and len(rows) > MOST_ROWS:
        raise SourceUnreadable(f"its answer has {len(rows)} rows; {MOST_ROWS} are the most")
    return data


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        raise SourceUnreadable(f"its answer is no JSON: {str(err)[:100]}") from err


def _read_csv(text: str) -> list[Any]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    delimiter = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    try:
        return list(csv.DictReader(io.StringIO("\n".join(lines)), delimiter=delimiter))
    except csv.Error as err:
        raise SourceUnreadable(f"its answer is no CSV: {err}") from err


def spans_of(
    rows: list[Mapping[str, Any]], zone: tzinfo
) -> list[tuple[datetime, datetime, Mapping[str, Any]]]:
    """Return rows in order of time with their beginnings and ends; of equal ones the last."""
    begun: dict[datetime, tuple[datetime | None, Mapping[str, Any]]] = {}
    for row in rows:
        starts_at, ends_at = (first_moment(row, names, zone) for names in (STARTS, ENDS))
        if starts_at is None and ends_at is not None:
            starts_at = ends_at - period_of(row)
        if starts_at is not None:
            begun[starts_at] = (ends_at, row)
    stamps = sorted(begun)
    spans = []
    step = USUAL_STEP
    for starts_at, following in zip_longest(stamps, stamps[1:]):
        ends_at, row = begun[starts_at]
        if ends_at is None and following is not None and following - starts_at <= LONGEST_STEP:
            step = following - starts_at
        ends_at = ends_at or starts_at + step
        if starts_at < ends_at <= starts_at + LONGEST_STEP:
            spans.append((starts_at, ends_at, row))
    return spans


def find_rows(data: Any) -> list[Any] | None:
    """Return the list of rows wherever the known shapes keep it."""
    if isinstance(data, list):
        return data
    for path in PLACES:
        found = value_at(data, *path)
        if isinstance(found, list):
            return found
    return None


def value_at(data: Any, *path: str) -> Any:
    """Return what stands at the end of a path of names; None where nothing does."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def first_moment(row: Mapping[str, Any], names: Iterable[str], zone: tzinfo) -> datetime | None:
    """Return the first of these names that holds a moment."""
    moments = (as_moment(row[name], zone) for name in names if name in row)
    return next((moment for moment in moments if moment is not None), None)


def period_of(row: Mapping[str, Any]) -> timedelta:
    """Return an ISO 8601 duration of hours or minutes, as Solcast's `PT30M`."""
    said = re.fullmatch(r"PT(\d{1,3})([MH])", str(row.get("period", "")))
    if said is None:
        return timedelta(minutes=30)
    return int(said[1]) * (timedelta(minutes=1) if said[2] == "M" else timedelta(hours=1))


def as_moment(stamp: Any, zone: tzinfo) -> datetime | None:
    """Return a moment of Unix seconds or ISO 8601; without an offset it is a local time."""
    seconds = as_number(stamp)
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, tz=UTC)
        text = re.sub(r"(\.\d{6})\d+", r"\1", str(stamp).strip())
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def as_number(value: Any) -> float | None:
    """Return a finite number, also from text; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def known(values: Iterable[T | None]) -> tuple[T, ...]:
    """Return what is there."""
    return tuple(value for value in values if value is not None)

"""What a JSON answer says at a path."""

import json
from datetime import UTC, datetime
from math import isfinite

from solard.core.errors import SolardError

_MILLISECONDS_FROM = 1e11
"""As seconds this is the year 5138."""


class NotJson(SolardError):
    """An answer that is no JSON document; the text says what it is instead."""


def read_document(body: bytes) -> object:
    """Return the document; NaN and infinity become None. Raise NotJson."""
    try:
        document: object = json.loads(body, parse_constant=_nothing)
    except RecursionError as err:
        raise NotJson("sent JSON nested too deeply") from err
    except ValueError as err:
        start = body[:200].lstrip().lower()
        if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
            raise NotJson("sent a page for people, not JSON; is the path right?") from err
        raise NotJson("sent nothing" if not start else "sent something that is not JSON") from err
    return document


def find(document: object, path: str) -> object:
    """Return what stands at `a.b.0.c`; None where nothing does."""
    found = document
    for part in path.removeprefix("$.").split("."):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def to_number(value: object) -> float | None:
    """Return a finite number, also one in quotes as Home Assistant writes them; else None."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def to_moment(value: object) -> datetime | None:
    """Return a moment from seconds or milliseconds since 1970, or from ISO 8601; else None."""
    number = None if isinstance(value, bool) else to_number(value)
    try:
        if number is not None:
            seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
            return datetime.fromtimestamp(seconds, UTC)
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _nothing(_: str) -> None:
    return None

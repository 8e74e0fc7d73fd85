"""Read what a request asks for, and say in a sentence what is wrong with it."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite

from aiohttp import web

from solard.api.refusal import Refusal


def asked_int(request: web.Request, name: str, *, default: int, at_most: int) -> int:
    """Return a whole number from the query, 1 or more."""
    text = request.query.get(name)
    if text is None:
        return default
    value = int(text) if text.isdecimal() and len(text) < 10 else 0
    if not 1 <= value <= at_most:
        raise Refusal(400, f"{name}={text} is not a whole number from 1 to {at_most}")
    return value


def asked_moment(request: web.Request, name: str) -> datetime | None:
    """Return a moment from the query, or None where it is not asked for."""
    text = request.query.get(name)
    return None if text is None else as_moment(name, text)


def as_moment(name: str, value: object) -> datetime:
    """Return an aware UTC moment; a `+` that a query turned into a space is forgiven."""
    try:
        moment = datetime.fromisoformat(str(value).replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refusal(
            400, f"{name}={value} is no time with a UTC offset, such as 2024-05-14T12:00:00Z"
        )
    return moment.astimezone(UTC)


def as_number(name: str, value: object, *, above: float, at_most: float) -> float:
    """Return a finite number inside its bounds."""
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        if above < value <= at_most:
            return float(value)
        raise Refusal(400, f"{name}={value:g} is not above {above:g} and at most {at_most:g}")
    raise Refusal(400, f"{name}={value} is no number")


async def read_body(
    request: web.Request, names: tuple[str, ...], longest_s: float
) -> Mapping[str, object]:
    """Return the body's object, which has to arrive in time; an empty body is an empty object."""
    try:
        async with asyncio.timeout(longest_s):
            text = await request.text()
    except TimeoutError as err:
        raise Refusal(408, f"the body did not arrive in {longest_s:g} s") from err
    except UnicodeDecodeError as err:
        raise Refusal(400, "the body is not UTF-8") from err
    try:
        data = json.loads(text) if text else {}
    except (ValueError, RecursionError) as err:
        raise Refusal(400, f"the body is no JSON: {err}") from err
    if not isinstance(data, dict):
        raise Refusal(400, 'the body is no JSON object, such as {"for_s": 7200}')
    for name in data:
        if name not in names:
            known = ", ".join(names) or "nothing"
            raise Refusal(400, f"{name!r} is not known here; the body takes {known}")
    return data

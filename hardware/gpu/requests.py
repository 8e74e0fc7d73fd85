"""What a request on the keeper's socket must say."""

import math
from collections.abc import Mapping
from typing import Any

from hardware.gpu.cards import Wish
from solard.core.errors import SolardError


class RequestInvalid(SolardError):
    """A request on the socket does not say what it must."""


def read_wishes(request: Mapping[str, Any]) -> tuple[Wish, ...]:
    """Return the limits that a `set` asks for."""
    limits = request.get("limits")
    if not isinstance(limits, list):
        raise RequestInvalid('set needs "limits": [{"gpu_id", "limit_w", "parked"}, …]')
    return tuple(_wish(limit) for limit in limits)


def read_ids(request: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """Return the card ids under `name`, or None where the request does not name it."""
    ids = request.get(name)
    if ids is None:
        return None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise RequestInvalid(f"{name} is no list of card ids")
    return frozenset(ids)


def _wish(data: Any) -> Wish:
    if not isinstance(data, dict):
        raise RequestInvalid(f"{data!r} is no limit; say gpu_id, limit_w and parked")
    gpu_id, limit_w, parked = data.get("gpu_id"), data.get("limit_w"), data.get("parked", False)
    if not isinstance(gpu_id, str) or not isinstance(parked, bool):
        raise RequestInvalid(f"{data!r} is no limit; gpu_id is text, parked is true or false")
    if isinstance(limit_w, bool) or not isinstance(limit_w, int | float):
        raise RequestInvalid(f"{gpu_id}: limit_w {limit_w!r} is no number of watts")
    if not math.isfinite(limit_w) or limit_w < 0:
        raise RequestInvalid(f"{gpu_id}: limit_w {limit_w} W is below 0 or no number")
    return Wish(gpu_id=gpu_id, limit_w=float(limit_w), parked=parked)

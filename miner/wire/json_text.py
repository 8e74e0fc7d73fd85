"""JSON from strangers: without what Python reads and nobody else, NaN and half characters."""

import json
from typing import Any


def read_json(text: bytes) -> Any:
    """Return what a text says; raise ValueError or RecursionError."""
    data = _DECODER.decode(text.decode())
    if _HALF_CHARACTER in text.lower():
        # A lone surrogate is a text that can be written nowhere: it raises a ValueError here.
        write_json(data).encode()
    return data


def write_json(data: Any) -> str:
    """Return the shortest text."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


_HALF_CHARACTER = b"\\ud"


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)

"""One way to write a value as bytes, so that everyone hashes and signs the same ones."""

import hashlib
import json
from typing import Any

_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
)


def canonical(value: Any) -> bytes:
    """Return a value of dicts, lists, strings, ints, bools, None as JSON: sorted, no spaces."""
    return _ENCODER.encode(value).encode()


def digest(value: Any) -> str:
    """Return the hex sha256 of a value's canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()

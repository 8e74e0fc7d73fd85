"""Core values to compressed canonical JSON and back, and the heavy ones stored only once."""

import json
import zlib
from hashlib import sha256
from typing import Any

from solard.core.records import RECORD_CODEC
from solard.store.tables import content
from solard.store.writing import Row


def pack(text: str) -> bytes:
    """Return canonical JSON in a quarter of its size."""
    return zlib.compress(text.encode(), level=6)


def unpack(body: bytes) -> Any:
    """Return the JSON data of a packed body; floats keep every bit."""
    return json.loads(zlib.decompress(body))


class Contents:
    """Remembers which heavy values the database holds, or gets with the batch in hand.

    Only the writer's thread uses it, and calls `forget` whenever that may no longer be true.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._newest: dict[str, tuple[object, str]] = {}

    def put(self, part: str, value: object) -> tuple[str, tuple[Row, ...]]:
        """Return the hash of `value` and the row that stores it, if it still has to be stored.

        A value that is the same object as the last one of its `part` is not encoded again.
        """
        newest = self._newest.get(part)
        if newest is not None and newest[0] is value and newest[1] in self._known:
            return newest[1], ()
        text = RECORD_CODEC.dumps(value)
        name = sha256(text.encode()).hexdigest()
        self._newest[part] = (value, name)
        if name in self._known:
            return name, ()
        self._known.add(name)
        return name, (Row(content, {"hash": name, "body": pack(text)}),)

    def forget(self) -> None:
        """Forget everything, because rows were deleted or rolled back."""
        self._known.clear()

"""Words on the wire to numbers and text: the types that registers have."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

_WORDS = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "f32": 2, "u64": 4, "i64": 4}


def words_of(kind: str) -> int | None:
    """Return how many words a type takes (`strN` takes N), or None where there is no such type."""
    if kind.startswith("str") and kind[3:].isdecimal() and 1 <= int(kind[3:]) <= 100:
        return int(kind[3:])
    return _WORDS.get(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One value on the wire."""

    function: int
    """3 holding, 4 input."""
    addresses: tuple[int, ...]
    """0-based address of each word, in the order of the document; not always neighbours."""
    kind: str
    """u16 i16 u32 i32 u64 i64 f32, or strN with N words."""
    little: bool = False
    """The low word comes first."""

    @property
    def first(self) -> int:
        """Return the lowest address."""
        return min(self.addresses)

    @property
    def last(self) -> int:
        """Return the highest address."""
        return max(self.addresses)

    @property
    def ends(self) -> tuple[int, ...]:
        """Return the last numbers of its type, as raw words; a 0 is no end."""
        bits = 16 * len(self.addresses)
        if self.kind.startswith("i"):
            return (1 << bits - 1) - 1, 1 << bits - 1
        return ((1 << bits) - 1,) if self.kind.startswith("u") else ()

    def raw(self, words: Mapping[int, int]) -> int | None:
        """Return the words as one unsigned number, or None where one was not read."""
        # The word order is one of numbers: text always stands in reading order.
        backward = self.little and not self.kind.startswith("str")
        order = reversed(self.addresses) if backward else self.addresses
        raw = 0
        for address in order:
            word = words.get(address)
            if word is None:
                return None
            raw = raw << 16 | word
        return raw

    def decode(self, raw: int) -> float | str | None:
        """Return the number or text that the words mean; None for NaN, infinity and no text."""
        size = 2 * len(self.addresses)
        if self.kind.startswith("str"):
            return _decode_text(raw.to_bytes(size, "big"))
        if self.kind == "f32":
            (number,) = struct.unpack(">f", raw.to_bytes(size, "big"))
            return float(number) if isfinite(number) else None
        if self.kind.startswith("i") and raw >> (8 * size - 1):
            return raw - (1 << 8 * size)
        return raw


def _decode_text(data: bytes) -> str | None:
    """Cut at the first NUL, drop what does not print; 0xFF filling means that there is none."""
    if data.startswith(b"\xff"):
        return None
    text = data.split(b"\0", 1)[0].split(b"\xff", 1)[0].decode("latin-1")
    return "".join(sign for sign in text if sign.isprintable()).strip()

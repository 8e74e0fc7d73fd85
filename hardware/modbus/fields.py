"""Take typed values out of plain data, with errors that name the place and the nearest key."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import TypeVar

from solard.core.errors import SolardError

_T = TypeVar("_T")


class ProfileInvalid(SolardError):
    """A profile does not have the format of a profile."""


class Fields:
    """The keys of one mapping; whatever is left untaken is an error."""

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, dict):
            raise ProfileInvalid(f"{where}: expected keys with values, found {data!r}")
        self.where = where
        self._data = dict(data)
        self._known: list[str] = []

    def __iter__(self) -> Iterator[str]:
        """Yield the names of a free mapping, such as the points."""
        return iter(list(self._data))

    def has(self, key: str) -> bool:
        """Say whether a key is given."""
        self._known.append(key)
        return self._data.get(key) is not None

    def raw(self, key: str) -> object:
        """Return and take whatever stands under a key; None where nothing does."""
        self._known.append(key)
        return self._data.pop(key, None)

    def fields(self, key: str) -> "Fields":
        """Return and take a mapping; an empty one where nothing is given."""
        data = self.raw(key)
        return Fields({} if data is None else data, f"{self.where}.{key}")

    def text(self, key: str, default: str | None = None) -> str:
        """Return and take a text."""
        value = self.raw(key)
        value = default if value is None else value
        if not isinstance(value, str):
            raise self.fault(key, "a text", value)
        return value

    def number(self, key: str, default: float) -> float:
        """Return and take a number."""
        value = self.optional_number(key)
        return default if value is None else value

    def optional_number(self, key: str) -> float | None:
        """Return and take a number, or None where none is given."""
        value = self.raw(key)
        if value is None:
            return None
        return self.to_number(key, value)

    def integer(self, key: str, default: int | None = None) -> int:
        """Return and take a whole number, decimal or `0x…`."""
        value = self.raw(key)
        return self.to_integer(key, default if value is None else value)

    def flag(self, key: str) -> bool:
        """Return and take true or false; false where nothing is given."""
        value = self.raw(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.fault(key, "true or false", value)
        return value

    def items(self, key: str, convert: Callable[[str, object], _T]) -> tuple[_T, ...]:
        """Return and take a list; one value stands for a list of one."""
        value = self.raw(key)
        if value is None:
            return ()
        many = value if isinstance(value, list) else [value]
        return tuple(convert(key, one) for one in many)

    def numbers(self, key: str) -> tuple[float, ...]:
        """Return and take a list of numbers."""
        return self.items(key, self.to_number)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return and take a list of texts."""
        return self.items(key, self.to_text)

    def integers(self, key: str) -> tuple[int, ...]:
        """Return and take a list of whole numbers."""
        return self.items(key, self.to_integer)

    def to_text(self, key: str, value: object) -> str:
        """Return a text, or raise."""
        if not isinstance(value, str):
            raise self.fault(key, "a text", value)
        return value

    def to_number(self, key: str, value: object) -> float:
        """Return a number, or raise."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(key, "a number", value)
        return float(value)

    def to_integer(self, key: str, value: object) -> int:
        """Return a whole number, or raise. YAML 1.2 leaves hexadecimal to us."""
        if isinstance(value, str):
            try:
                return int(value, 0)
            except ValueError:
                raise self.fault(key, "a whole number", value) from None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fault(key, "a whole number", value)
        return value

    def fault(self, key: str, expected: str, value: object) -> ProfileInvalid:
        """Return the error that a key has the wrong kind of value."""
        if value is None:
            return ProfileInvalid(f"{self.where}.{key}: missing; expected {expected}")
        return ProfileInvalid(f"{self.where}.{key}: expected {expected}, found {value!r}")

    def done(self) -> None:
        """Raise ProfileInvalid where a key was not taken."""
        for key in self._data:
            near = get_close_matches(str(key), self._known, n=1)
            hint = f"; the nearest known key is {near[0]}" if near else ""
            raise ProfileInvalid(f"{self.where}.{key}: unknown key{hint}")

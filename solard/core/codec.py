"""Core values to plain JSON data and back, exactly: one codec for store, API, sockets, workers."""

import json
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache, lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from solard.core.errors import SolardError

_LINE = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class CodecError(SolardError):
    """Data does not have the shape of the value it claims to be."""


@dataclass(frozen=True, slots=True)
class Codec:
    """Encode and decode frozen dataclasses.

    A class named in `kinds` carries its name as `kind`, so that a field typed as a protocol or as a
    union finds its class again. Floats keep every bit, moments become ISO 8601 in UTC.
    """

    kinds: Mapping[str, type] = field(default_factory=dict)

    def encode(self, value: Any) -> Any:
        """Return `value` as dicts, lists, strings, numbers, booleans and None."""
        if value is None or isinstance(value, bool | int | float | str):
            return value.value if isinstance(value, Enum) else value
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat()
        if isinstance(value, tuple | list):
            return [self.encode(item) for item in value]
        if isinstance(value, frozenset):
            return sorted(self.encode(item) for item in value)
        if isinstance(value, Mapping):
            return {str(key): self.encode(item) for key, item in value.items()}
        if is_dataclass(value):
            name = type(value).__name__
            data = {one: self.encode(getattr(value, one)) for one in _names(value.__class__)}
            return {"kind": name, **data} if name in self.kinds else data
        raise CodecError(f"cannot encode a {type(value).__name__}; add it to solard.core.codec")

    def decode(self, kind: Any, data: Any) -> Any:
        """Return the value of type `kind` that `data` describes; raise CodecError otherwise."""
        try:
            return self._decode(kind, data)
        except (TypeError, ValueError, KeyError, AttributeError) as err:
            name = getattr(kind, "__name__", str(kind))
            raise CodecError(f"this is no {name}: {err}") from err

    def dumps(self, value: Any) -> str:
        """Return `value` as one line of canonical JSON: sorted keys, no spaces."""
        return _LINE.encode(self.encode(value))

    def loads(self, kind: Any, text: str) -> Any:
        """Return the value of type `kind` that a line of JSON describes."""
        try:
            data = json.loads(text)
        except ValueError as err:
            raise CodecError(f"this is no JSON: {err}") from err
        return self.decode(kind, data)

    def _decode(self, kind: Any, data: Any) -> Any:
        if isinstance(data, dict) and data.get("kind") in self.kinds:
            return self._decode_class(self.kinds[data["kind"]], data)
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            return self._decode_union(get_args(kind), data)
        if origin in (tuple, frozenset):
            return self._decode_sequence(origin, get_args(kind), data)
        if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
            inner = get_args(kind)[1]
            return {key: self._decode(inner, item) for key, item in data.items()}
        if kind is Any:
            return data
        return self._decode_plain(kind, data)

    def _decode_plain(self, kind: Any, data: Any) -> Any:
        if kind is datetime:
            return datetime.fromisoformat(data)
        if is_dataclass(kind):
            return self._decode_class(kind, data)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(data)
        if kind is float and isinstance(data, int) and not isinstance(data, bool):
            return float(data)
        if not isinstance(kind, type) or not isinstance(data, kind):
            raise TypeError(f"{data!r} is no {getattr(kind, '__name__', kind)}")
        return data

    def _decode_union(self, choices: tuple[Any, ...], data: Any) -> Any:
        if data is None and type(None) in choices:
            return None
        errors = []
        for choice in choices:
            if choice is type(None):
                continue
            try:
                return self._decode(choice, data)
            except (TypeError, ValueError, KeyError, AttributeError) as err:
                errors.append(str(err))
        raise TypeError("; ".join(errors))

    def _decode_sequence(self, origin: Any, inner: tuple[Any, ...], data: Any) -> Any:
        if not isinstance(data, list):
            raise TypeError(f"{data!r} is no list")
        if origin is frozenset or (len(inner) == 2 and inner[1] is Ellipsis):
            return origin(self._decode(inner[0], item) for item in data)
        return tuple(self._decode(one, item) for one, item in zip(inner, data, strict=True))

    def _decode_class(self, kind: Any, data: Any) -> Any:
        if not isinstance(data, dict):
            raise TypeError(f"{data!r} is no object")
        hints = _hints(kind)
        unknown = set(data) - set(hints) - {"kind"}
        if unknown:
            raise TypeError(f"unknown field {min(unknown)!r}")
        return kind(
            **{name: self._decode(hints[name], data[name]) for name in hints if name in data}
        )


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


@lru_cache(maxsize=256)
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind)}

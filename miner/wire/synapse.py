"""What a question is made of: its fields, which it needs, and which its hash covers."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from solard.core.errors import SolardError

_EMPTY: dict[str, Any] = {
    "str": "",
    "int": 0,
    "float": 0.0,
    "bool": False,
    "list": [],
    "dict": {},
}


class SynapseInvalid(SolardError):
    """Values do not have the fields of their synapse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SynapseField:
    """One value of a question or of its answer."""

    name: str
    kind: str
    """`str`, `int`, `float`, `bool`, `list`, `dict` or `any`."""
    is_required: bool = False

    @property
    def empty(self) -> Any:
        """Return what the legacy protocol sends in a header instead of the value."""
        return _EMPTY.get(self.kind)

    def read(self, value: Any) -> Any:
        """Return a value of this field's kind; whole numbers become floats, nothing else."""
        if value is None and not self.is_required:
            return None
        if self.kind == "any":
            return value
        if self.kind == "float" and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value).__name__ != self.kind:
            raise SynapseInvalid(f"{self.name}: a {self.kind} is wanted")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class SynapseKind:
    """A kind of question; its name is its route."""

    name: str
    fields: tuple[SynapseField, ...] = ()
    hash_fields: tuple[str, ...] = ()
    """Fields that the legacy signature covers, in this order."""
    is_stream: bool = False
    """Whether the answer comes in pieces."""

    @property
    def required(self) -> tuple[SynapseField, ...]:
        """Return the fields that no question may lack."""
        return tuple(field for field in self.fields if field.is_required)

    def read(self, data: Any) -> dict[str, Any]:
        """Return the value of every field, None where an optional one is absent.

        Raises:
            SynapseInvalid: a required field is missing, or one has the wrong kind.
        """
        if not isinstance(data, dict):
            raise SynapseInvalid(f"{self.name}: an object is wanted")
        for field in self.required:
            if field.name not in data:
                raise SynapseInvalid(f"{self.name}: {field.name} is missing")
        return {field.name: field.read(data.get(field.name)) for field in self.fields}

    def hash(self, values: Mapping[str, Any]) -> str:
        """Return the legacy protocol's body hash: SHA3-256 over the hashes of `str(value)`.

        The text of a value is Python's own (`None`, `True`, `['a']`), as bittensor 10 takes it.
        """
        return _sha3("".join(_sha3(str(values.get(name))) for name in self.hash_fields))


def text_fields(names: Iterable[str]) -> tuple[SynapseField, ...]:
    """Return required fields of any kind, for a synapse that is known only by its arguments."""
    return tuple(SynapseField(name=name, kind="any", is_required=True) for name in names)


PING = SynapseKind(name="Synapse")
"""The question without fields, which every axon of bittensor 8 to 10 answers."""


def _sha3(text: str) -> str:
    return hashlib.sha3_256(text.encode()).hexdigest()

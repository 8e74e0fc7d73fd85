"""What the explorer may be asked with, and how it stands in a URL."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from miner import keys
from solard.core.errors import SolardError

USUAL_ROWS = 20
DAY_BLOCKS = 7200
MOST = 1 << 53


class QuestionInvalid(SolardError):
    """The explorer is asked with something that is no such number or address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a view may be asked with."""

    limit: int = USUAL_ROWS
    before: int | None = None
    """Only blocks below this one."""
    number: int | None = None
    netuid: int | None = None
    account: str | None = None
    blocks: int = DAY_BLOCKS
    """How far back earnings look."""
    power_w: float | None = None
    """What the earner's machine draws."""

    def to_query(self) -> dict[str, str]:
        """Return it as the parameters of a URL."""
        given = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: str(value) for name, value in given if value is not None}


def read_question(query: Mapping[str, str]) -> Question:
    """Return the question that a URL's parameters ask; raise QuestionInvalid."""
    known = {field.name for field in fields(Question)}
    if unknown := sorted(set(query) - known):
        raise QuestionInvalid(f"unknown parameter {unknown[0]!r}; there are {', '.join(known)}")
    given: dict[str, Any] = {name: _read(name, text) for name, text in query.items()}
    return Question(**given)


def _read(name: str, text: str) -> int | float | str:
    if name == "account":
        if not keys.is_address(text):
            raise QuestionInvalid(f"account {text!r} is no address")
        return text
    try:
        value = float(text) if name == "power_w" else int(text)
    except ValueError:
        raise QuestionInvalid(f"{name} {text!r} is no number") from None
    if not 0 <= value <= MOST:
        raise QuestionInvalid(f"{name} {text} is outside 0..{MOST}")
    return value

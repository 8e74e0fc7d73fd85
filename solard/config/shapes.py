"""The shapes that a value in the file can have: each reads a node or says what is wrong."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from solard.config.problems import say_nearest
from solard.config.quantities import (
    QuantityInvalid,
    Unit,
    read_money,
    read_quantity,
)
from solard.config.reader import MappingNode, Node, Plain, ScalarNode, SequenceNode
from solard.config.reading import Reading, say_node


class Refused:
    """What a shape returns for a value that it reported."""


REFUSED = Refused()


class Shape(Protocol):
    """How one value is read, and how docs say it."""

    @property
    def unit(self) -> str:
        """Return what may be written, for docs: `W, kW`, `true or false`."""
        ...

    @property
    def range_text(self) -> str:
        """Return the valid range, for docs; empty where there is none."""
        ...

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the value, or REFUSED after reporting why."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityShape:
    """A number with a unit, in a range."""

    of: Unit
    low: float | None = None
    high: float | None = None

    @property
    def unit(self) -> str:
        """Return the unit as an example."""
        return self.of.example

    @property
    def range_text(self) -> str:
        """Return the range in people's unit."""
        return self.of.say_range(self.low, self.high)

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the quantity in our own unit."""
        value = _scalar(node, reading, path, f"{self.of.kind} like {self.of.example}")
        if isinstance(value, Refused):
            return REFUSED
        try:
            number = read_quantity(value, self.of)
        except QuantityInvalid as err:
            return _refuse(node, reading, path, str(err))
        if _is_outside(number, self.low, self.high):
            return _refuse(node, reading, path, f"{say_node(node)} is outside {self.range_text}")
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyShape:
    """A price per kWh or an amount per hour; the whole file has one currency."""

    per: str
    low: float = -10.0
    high: float = 10.0

    @property
    def unit(self) -> str:
        """Return the unit as an example."""
        return f"0.28 EUR/{self.per}"

    @property
    def range_text(self) -> str:
        """Return the range without a currency."""
        return f"{self.low:g}..{self.high:g}"

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the amount; its currency goes into the reading."""
        value = _scalar(node, reading, path, f"a price like {self.unit}")
        if isinstance(value, Refused):
            return REFUSED
        try:
            money = read_money(value, self.per)
        except QuantityInvalid as err:
            return _refuse(node, reading, path, str(err))
        if _is_outside(money.amount, self.low, self.high):
            text = f"{say_node(node)} is outside {self.range_text} {money.currency}/{self.per}"
            return _refuse(node, reading, path, text)
        return money.amount if reading.count_in(node, path, money.currency) else REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedShape:
    """A value with a form of its own: a time window, a fuse."""

    parse: Callable[[Plain], object]
    unit: str
    range_text: str = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return what the parser makes of the value."""
        value = _scalar(node, reading, path, f"a value like {self.unit}")
        if isinstance(value, Refused):
            return REFUSED
        try:
            return self.parse(value)
        except QuantityInvalid as err:
            return _refuse(node, reading, path, str(err))


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeShape:
    """A whole number in a range."""

    low: int
    high: int
    unit: str = "whole number"

    @property
    def range_text(self) -> str:
        """Return the range."""
        return f"{self.low}..{self.high}"

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the number."""
        value = _scalar(node, reading, path, "a whole number")
        if isinstance(value, Refused):
            return REFUSED
        if isinstance(value, bool) or not isinstance(value, int):
            return _refuse(node, reading, path, f"{say_node(node)} is not a whole number")
        if _is_outside(value, self.low, self.high):
            return _refuse(node, reading, path, f"{value} is outside {self.range_text}")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagShape:
    """True or false, and no other word."""

    unit: str = "true or false"
    range_text: str = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the flag."""
        value = _scalar(node, reading, path, "true or false")
        if isinstance(value, Refused | bool):
            return value
        hint = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(value).lower())
        text = f"did you mean {hint}?" if hint else "write true or false"
        return _refuse(node, reading, path, f"{say_node(node)} is neither true nor false; {text}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextShape:
    """Words, perhaps of a certain form."""

    unit: str = "text"
    form: str = r"[^\n]+"
    hint: str = "one line of text"
    range_text: str = ""
    is_secret: bool = False
    """Whether its value must not stand in a message."""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the text."""
        value = _scalar(node, reading, path, self.hint)
        if isinstance(value, Refused):
            return REFUSED
        if value is None:
            return _refuse(node, reading, path, f"has no value; write {self.hint}")
        if self.is_secret and (not isinstance(value, str) or not re.fullmatch(self.form, value)):
            return _refuse(node, reading, path, f"is not {self.hint}")
        if not isinstance(value, str):
            text = f'{say_node(node)} is not text; put it in quotes: "{say_node(node)}"'
            return _refuse(node, reading, path, text)
        if len(value) > 1000 or re.fullmatch(self.form, value) is None:
            return _refuse(node, reading, path, f'"{say_node(node)}" is not {self.hint}')
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceShape:
    """One word of a few."""

    words: Mapping[str, object]
    later: Mapping[str, str]
    """Words that will mean something: what is missing."""

    @property
    def unit(self) -> str:
        """Return the words."""
        return ", ".join(self.words)

    @property
    def range_text(self) -> str:
        """Return nothing: the words are the range."""
        return ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return what the word stands for."""
        value = _scalar(node, reading, path, f"one of {self.unit}")
        if isinstance(value, Refused):
            return REFUSED
        word = node.text if isinstance(node, ScalarNode) else ""
        if word in self.words and isinstance(value, str):
            return self.words[word]
        if word in self.later:
            return _refuse(node, reading, path, f"{word} is not built yet: {self.later[word]}")
        nearest = say_nearest(word, self.words)
        return _refuse(node, reading, path, f"{say_node(node)} is not known; {nearest}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListShape:
    """Items of one shape, as a tuple."""

    item: Shape
    least: int = 0

    @property
    def unit(self) -> str:
        """Return the unit of an item."""
        return f"list of {self.item.unit}"

    @property
    def range_text(self) -> str:
        """Return the range of an item."""
        return self.item.range_text

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the items that could be read."""
        if not isinstance(node, SequenceNode):
            text = f"{say_node(node)} is not a list; write [{say_node(node)}] or one `- ` per line"
            return _refuse(node, reading, path, text)
        if len(node.items) < self.least:
            return _refuse(node, reading, path, "is an empty list")
        found = []
        for index, item in enumerate(node.items):
            reading.mark(f"{path}[{index}]", item)
            found.append(self.item.read(item, reading, f"{path}[{index}]"))
        return tuple(each for each in found if not isinstance(each, Refused))


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """Names that the owner chose, each with a value of one shape, as a tuple of pairs."""

    item: Shape
    form: str
    hint: str
    unit: str = "mapping"
    range_text: str = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the pairs that could be read, in the file's order."""
        if not isinstance(node, MappingNode):
            text = f"{say_node(node)} is not a mapping; write `NAME: …` lines below it"
            return _refuse(node, reading, path, text)
        found: list[tuple[str, object]] = []
        for key, value in node.entries:
            inner = f"{path}.{key.text}"
            reading.mark(inner, key)
            if re.fullmatch(self.form, key.text) is None:
                reading.refuse(key, inner, f'"{key.text}" is no name: {self.hint}')
                continue
            found.append((key.text, self.item.read(value, reading, inner)))
        return tuple((name, each) for name, each in found if not isinstance(each, Refused))


def _scalar(node: Node, reading: Reading, path: str, wanted: str) -> Plain | Refused:
    if isinstance(node, ScalarNode):
        if node.is_refused:
            reading.skip(path)
            return REFUSED
        return node.value
    reading.refuse(node, path, f"is {say_node(node)}; write {wanted}")
    return REFUSED


def _refuse(node: Node, reading: Reading, path: str, text: str) -> Refused:
    reading.refuse(node, path, text)
    return REFUSED


def _is_outside(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)

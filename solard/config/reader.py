"""YAML 1.2 as plain data, read so that no file can surprise, stall or flood us.

Anchors, aliases, tags, duplicate keys, byte-order marks and numbers that are not finite are
refused; size and depth are capped before anything is built. Every value keeps its place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLStreamError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from solard.config.problems import ConfigInvalid, Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_VALUES = 20_000
"""Keys and values together: reading that many takes about a second."""

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?|[-+]?\.[0-9]+")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_ODD_CHARACTER = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]"
)
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")

Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalarNode:
    """One value and where it stands; line and column are 1-based."""

    line: int
    column: int
    text: str
    """As written, without quotes."""
    value: Plain
    is_refused: bool = False
    """Whether the reader reported it already: then the value means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceNode:
    """A list and where it starts."""

    line: int
    column: int
    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingNode:
    """Keys with their values, in the file's order, and where the mapping starts."""

    line: int
    column: int
    entries: "tuple[tuple[ScalarNode, Node], ...]"


Node = ScalarNode | SequenceNode | MappingNode


def read_yaml(text: str, source: str) -> object:
    """Return the dicts, lists and scalars that `text` describes; raise ConfigInvalid.

    `source` names the file in messages. Keys are strings. `0123`, `.inf` and `.nan` are refused,
    `22:30`, `no` and `on` are text, as YAML 1.2 has it.
    """
    root, problems = read_nodes(text, source)
    if problems:
        raise ConfigInvalid(problems)
    return plain(root)


def read_nodes(text: str, source: str) -> tuple[Node, tuple[Problem, ...]]:
    """Return the tree that `text` describes, each node with its place, and what is wrong in it.

    What keeps the rest from being read (size, depth, syntax) is raised as ConfigInvalid instead.
    """
    _check_text(text, source)
    tree = _Tree(source)
    try:
        for event in _events(text):
            tree.take(event)
    except MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        tree.stop(line, column, _say_syntax(text, line, str(err.problem or err.context)))
    except (YAMLError, YAMLStreamError) as err:
        tree.stop(1, 1, f"this is no YAML: {' '.join(str(err).split())}")
    return tree.root or MappingNode(line=1, column=1, entries=()), tuple(tree.problems)


def read_text(path: Path) -> str:
    """Return a file's text; raise ConfigInvalid where it is too big, unreadable or no UTF-8."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as err:
        said = f"cannot be read: {err.strerror or err}"
        if isinstance(err, FileNotFoundError):
            said += "; `solard init` writes a first one"
        raise _invalid(str(path), 1, said) from err
    if len(data) > MAX_BYTES:
        raise _invalid(str(path), 1, _TOO_BIG)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        raise _invalid(
            str(path), line, f"byte 0x{data[err.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from err


def plain(node: Node) -> object:
    """Return a node as dicts, lists and scalars."""
    if isinstance(node, MappingNode):
        return {key.text: plain(value) for key, value in node.entries}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.items]
    return node.value


_A_FEW_PAGES = "a configuration is a few pages of text"
_TOO_BIG = f"more than {MAX_BYTES // 1024} KiB; {_A_FEW_PAGES}"
_TOO_DEEP = f"more than {MAX_DEPTH} levels deep; no configuration needs that"


def _check_text(text: str, source: str) -> None:
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _invalid(source, 1, _TOO_BIG)
    if text.startswith("\ufeff"):
        hint = 'save the file as "UTF-8", not as "UTF-8 with BOM"'
        raise _invalid(source, 1, f"starts with a byte-order mark (BOM); {hint}")
    if odd := _ODD_CHARACTER.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        said = f"has a character U+{ord(odd.group()):04X} that no text has; delete it"
        raise _invalid(source, line, said)
    for number, written in enumerate(text.split("\n"), start=1):
        # ruamel looks ahead over a whole line of brackets before it says a word: stop that here.
        if sum(map(written.count, "[{")) - sum(map(written.count, "]}")) > MAX_DEPTH:
            raise _invalid(source, number, _TOO_DEEP)


def _events(text: str) -> Iterator[Event]:
    yaml = YAML(typ="safe", pure=True)
    yield from yaml.parse(text)


def _invalid(source: str, line: int, text: str) -> ConfigInvalid:
    return ConfigInvalid([Problem(source, line, 1, text)])


def _say_syntax(text: str, line: int, problem: str) -> str:
    lines = text.split("\n")
    written = lines[line - 1] if line <= len(lines) else ""
    indent = written[: len(written) - len(written.lstrip())]
    if "\t" in indent or "'\\t'" in problem:
        return "a tab indents this line; YAML wants spaces"
    if "could not find expected ':'" in problem:
        return "a key without a colon; write `key: value`"
    if "mapping values are not allowed" in problem:
        return "a second colon in one line, or wrong indentation; put text with a colon in quotes"
    if "unexpected end of stream" in problem:
        return "a quote is opened and never closed"
    if "expected ',' or" in problem:
        return "a bracket is not closed, or a comma is missing before this"
    return f"this is no YAML: {' '.join(problem.split())}"


class _Tree:
    """Builds nodes from events, without recursion; goes on after a duplicate key."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self._open: list[_Open] = []
        self._documents = 0
        self._values = 0

    def report(self, line: int, column: int, text: str) -> None:
        self.problems.append(Problem(self.source, line, column, text))

    def stop(self, line: int, column: int, text: str) -> NoReturn:
        self.report(line, column, text)
        raise ConfigInvalid(self.problems)

    def take(self, event: Event) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        self._refuse(event, line, column)
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            if len(self._open) >= MAX_DEPTH:
                self.stop(line, column, _TOO_DEEP)
            self._open.append(_Open(line, column, isinstance(event, MappingStartEvent)))
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._place(self._open.pop().close())
        elif isinstance(event, ScalarEvent):
            self._values += 1
            if self._values > MAX_VALUES:
                self.stop(line, column, f"more than {MAX_VALUES:,} values; {_A_FEW_PAGES}")
            self._place(self._scalar(event, line, column))

    def _refuse(self, event: Event, line: int, column: int) -> None:
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self.stop(line, column, "a second document (---) starts here; delete this line")
            if event.tags or event.version:
                self.report(line, column, "YAML directives (%…) are not supported; delete them")
        if isinstance(event, AliasEvent):
            self.stop(line, column, f"alias *{event.anchor} is not supported; write the value out")
        if isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent):
            if event.anchor:
                text = f"anchor &{event.anchor} is not supported; write the value out where needed"
                self.report(line, column, text)
            if event.tag:
                self.report(line, column, f"tag {event.tag} is not supported; delete it")

    def _scalar(self, event: ScalarEvent, line: int, column: int) -> ScalarNode:
        text = str(event.value)
        if not event.implicit[0]:
            return ScalarNode(line=line, column=column, text=text, value=text)
        try:
            return ScalarNode(line=line, column=column, text=text, value=resolve(text))
        except ValueError as err:
            self.report(line, column, str(err))
            return ScalarNode(line=line, column=column, text=text, value=None, is_refused=True)

    def _place(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if parent.is_mapping and parent.key is None:
            parent.key = self._key(node, parent)
        elif parent.is_mapping and parent.key is not None:
            if parent.seen.get(parent.key.text) is parent.key:
                parent.entries.append((parent.key, node))
            parent.key = None
        else:
            parent.items.append(node)

    def _key(self, node: Node, parent: "_Open") -> ScalarNode:
        if not isinstance(node, ScalarNode):
            self.report(node.line, node.column, "a key is a word, not a list or a mapping")
            return ScalarNode(line=node.line, column=node.column, text="?", value=None)  # unseen
        first = parent.seen.setdefault(node.text, node)
        if first is not node:
            text = f"key {node.text} stands here twice (first on line {first.line}); delete one"
            self.report(node.line, node.column, text)
        return node


class _Open:
    """A mapping or list whose end has not come yet."""

    def __init__(self, line: int, column: int, is_mapping: bool) -> None:
        self.line, self.column, self.is_mapping = line, column, is_mapping
        self.items: list[Node] = []
        self.entries: list[tuple[ScalarNode, Node]] = []
        self.key: ScalarNode | None = None
        self.seen: dict[str, ScalarNode] = {}

    def close(self) -> Node:
        if self.is_mapping:
            return MappingNode(line=self.line, column=self.column, entries=tuple(self.entries))
        return SequenceNode(line=self.line, column=self.column, items=tuple(self.items))


def resolve(text: str) -> Plain:
    """Return what an unquoted YAML 1.2 scalar means; raise ValueError for a dubious number."""
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a finite number")
    if _LEADING_ZERO.fullmatch(text):
        bare = text.lstrip("+-0") or "0"
        hint = f'write {bare} for the number or "{text}" for text'
        raise ValueError(f"{text[:40]} starts with a zero; {hint}")
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        if len(text) > 20:
            raise ValueError(f"{text[:20]}… has too many digits for a number")
        return int(text)
    if _NUMBER.fullmatch(text):
        number = float(text)
        if not isfinite(number):
            raise ValueError(f"{text} is too large for a number")
        return number
    return _hexadecimal(text)


def _hexadecimal(text: str) -> Plain:
    if re.fullmatch(r"0x[0-9a-fA-F]{1,16}", text):
        return int(text, 16)
    if re.fullmatch(r"0o[0-7]{1,20}", text):
        return int(text[2:], 8)
    return text

"""Sections of the file from dataclasses: a field's name decides its key, its suffix the unit.

`latitude_deg` is read from `latitude: 46.81°`, `shut_down_below_soc` from `shut_down_below: 20 %`.
Rules of the core are embedded the same way, so that no key is written down twice.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from enum import Enum
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from solard.config.quantities import (
    ANGLE,
    CURRENT,
    DURATION,
    ENERGY,
    POWER,
    SHARE,
    TEMPERATURE,
    TOKENS,
    VOLTAGE,
)
from solard.config.reader import MappingNode, Node, ScalarNode
from solard.config.reading import Reading, say_node
from solard.config.shapes import (
    REFUSED,
    ChoiceShape,
    FlagShape,
    ListShape,
    MoneyShape,
    QuantityShape,
    Refused,
    Shape,
    TextShape,
)

Given = Mapping[str, object]
"""The fields of an embedded rule that the file states; the others have safe defaults."""

_BY_SUFFIX: tuple[tuple[str, Shape], ...] = (
    ("_per_kwh", MoneyShape(per="kWh")),
    ("_per_h", MoneyShape(per="h")),
    ("_wh", QuantityShape(of=ENERGY, low=0.0, high=1e8)),
    ("_w", QuantityShape(of=POWER, low=0.0, high=1e6)),
    ("_soc", QuantityShape(of=SHARE, low=0.0, high=1.0)),
    ("_share", QuantityShape(of=SHARE, low=0.0, high=1.0)),
    ("_s", QuantityShape(of=DURATION, low=0.0, high=86400.0)),
    ("_c", QuantityShape(of=TEMPERATURE, low=0.0, high=120.0)),
    ("_v", QuantityShape(of=VOLTAGE, low=1.0, high=1500.0)),
    ("_a", QuantityShape(of=CURRENT, low=1.0, high=1000.0)),
    ("_tao", QuantityShape(of=TOKENS, low=0.0, high=1000.0)),
    ("_deg", QuantityShape(of=ANGLE, low=0.0, high=360.0)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a section, as read and as documented."""

    path: str
    """Inside its section, dotted where nested."""
    target: tuple[str, ...]
    """The field, or the embedding field and the rule's field."""
    shape: Shape
    is_required: bool
    default: object
    """As a value of ours; None also for safe defaults that depend on the site."""


def key(
    shape: Shape | None = None,
    *,
    name: str | None = None,
    default: object = MISSING,
) -> Any:
    """Return a field with the shape or YAML name (dotted to nest) that its own does not say."""
    metadata = {"shape": shape, "name": name}
    is_secret = isinstance(shape, TextShape) and shape.is_secret
    return field(default=default, repr=not is_secret, metadata=metadata)


def embed(
    rule: type, names: Mapping[str, str | None], *, chosen: tuple[str, ...] = (), **shapes: Shape
) -> Any:
    """Return a field that gathers the stated fields of a rule.

    `names` gives the YAML name of a field where its own does not fit, or None to leave it out;
    fields in `chosen` have a default that depends on the site instead of the rule's own.
    """
    metadata = {"rule": rule, "names": names, "shapes": shapes, "chosen": chosen}
    return field(default_factory=dict, metadata=metadata)


def hidden(default: object) -> Any:
    """Return a field that the file cannot state."""
    return field(default=default, metadata={"hidden": True})


def keys_of(section: type) -> tuple[Key, ...]:
    """Return every key of a section, in the order of its fields."""
    hints = get_type_hints(section)
    found: list[Key] = []
    for each in fields(section):
        if "rule" in each.metadata:
            found.extend(_embedded(each))
        elif not each.metadata.get("hidden"):
            found.append(_own(each, hints[each.name]))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionShape:
    """A mapping that becomes one value of a dataclass."""

    of: type
    unit: str = "mapping"
    range_text: str = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the value; report unknown and missing keys."""
        if isinstance(node, ScalarNode) and node.value is None:
            node = MappingNode(line=node.line, column=node.column, entries=())
        if not isinstance(node, MappingNode):
            reading.refuse(node, path, f"is {say_node(node)}; write {self._example()} below it")
            return REFUSED
        keys = keys_of(self.of)
        values: dict[tuple[str, ...], object] = {}
        _walk(_tree(keys), node, reading, path, values)
        missing = [each for each in keys if each.is_required and each.target not in values]
        for each in missing:
            inner = _join(path, each.path)
            reading.refuse_missing(path, inner, f"is missing; write it like {_line(each)}")
        sound = all(
            not isinstance(values.get(each.target), Refused) for each in keys if each.is_required
        )
        return self._build(values) if sound and not missing else REFUSED

    def _build(self, values: Mapping[tuple[str, ...], object]) -> object:
        arguments: dict[str, object] = {}
        for target, value in values.items():
            if isinstance(value, Refused):
                continue
            if len(target) == 1:
                arguments[target[0]] = value
            else:
                cast(dict[str, object], arguments.setdefault(target[0], {}))[target[1]] = value
        return self.of(**arguments)

    def _example(self) -> str:
        return f"`{_line(keys_of(self.of)[0])}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedShape:
    """A section whose own name in the file becomes one of its fields."""

    of: type
    field: str
    unit: str = "mapping"
    range_text: str = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the section with its name in place."""
        value = SectionShape(of=self.of).read(node, reading, path)
        if isinstance(value, Refused):
            return REFUSED
        return replace(cast(Any, value), **{self.field: path.rpartition(".")[2]})


def shape_of(name: str, hint: object) -> Shape:
    """Return the shape that a field's name and type say; raise TypeError where they say none."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    kind = kinds[0] if get_origin(hint) is UnionType and len(kinds) == 1 else hint
    if kind is float:
        for suffix, shape in _BY_SUFFIX:
            if name.endswith(suffix):
                return shape
    if kind is bool:
        return FlagShape()
    if kind is str:
        return TextShape()
    if get_origin(kind) is tuple:
        return ListShape(item=shape_of(name, get_args(kind)[0]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ChoiceShape(words={str(one.value): one for one in kind}, later={})
    if isinstance(kind, type) and is_dataclass(kind):
        return SectionShape(of=kind)
    raise TypeError(f"no shape for field {name} of type {hint}; give it one")


def yaml_name(name: str) -> str:
    """Return a field's name without its unit."""
    for suffix, _ in _BY_SUFFIX:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def _own(each: "Field[Any]", hint: object) -> Key:
    default = each.default if each.default is not MISSING else None
    return Key(
        path=each.metadata.get("name") or yaml_name(each.name),
        target=(each.name,),
        shape=each.metadata.get("shape") or shape_of(each.name, hint),
        is_required=each.default is MISSING and each.default_factory is MISSING,
        default=default,
    )


def _embedded(into: "Field[Any]") -> list[Key]:
    rule, names, shapes = (into.metadata[name] for name in ("rule", "names", "shapes"))
    chosen = into.metadata["chosen"]
    hints = get_type_hints(rule)
    return [
        Key(
            path=names.get(each.name) or yaml_name(each.name),
            target=(into.name, each.name),
            shape=shapes.get(each.name) or shape_of(each.name, hints[each.name]),
            is_required=False,
            default=None if each.default is MISSING or each.name in chosen else each.default,
        )
        for each in fields(rule)
        if names.get(each.name, "") is not None
    ]


_Tree = dict[str, "Key | _Tree"]


def _tree(keys: tuple[Key, ...]) -> _Tree:
    root: _Tree = {}
    for each in keys:
        *parents, last = each.path.split(".")
        branch = root
        for parent in parents:
            branch = cast(_Tree, branch.setdefault(parent, {}))
        branch[last] = each
    return root


def _walk(
    tree: _Tree,
    node: MappingNode,
    reading: Reading,
    path: str,
    values: dict[tuple[str, ...], object],
) -> None:
    for name, value in node.entries:
        inner = _join(path, name.text)
        known = tree.get(name.text)
        reading.mark(inner, name)
        if known is None:
            reading.refuse_unknown(name, inner, tuple(tree))
        elif isinstance(known, Key):
            values[known.target] = known.shape.read(value, reading, inner)
        elif isinstance(value, MappingNode):
            _walk(known, value, reading, inner, values)
        else:
            example = f"{name.text}: {{{next(iter(known))}: …}}"
            reading.refuse(value, inner, f"{say_node(value)} is not a mapping; write `{example}`")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _line(each: Key) -> str:
    if isinstance(each.shape, SectionShape):
        inner = keys_of(each.shape.of)[0]
        return f"{each.path}: {{{_line(inner)}, …}}"
    return f"{each.path.rpartition('.')[2]}: {each.shape.unit}"

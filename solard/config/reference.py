"""Every key of the file with unit, default and range: what docs/configure.md must say."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from solard.config.devices import DeviceShape, HttpPointShape
from solard.config.model import Document
from solard.config.policies import (
    VALUE_SHAPES,
    ActionSection,
    ActionShape,
    ConditionsShape,
    relations_of,
)
from solard.config.sections import Key, NamedShape, SectionShape, keys_of
from solard.config.shapes import (
    ChoiceShape,
    ListShape,
    MoneyShape,
    QuantityShape,
    Shape,
    TableShape,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key as documented."""

    path: str
    """With NAME for a name of the owner's and `[]` for an item of a list."""
    like: str
    default: str
    """`required`, a value, or `—` where there is none or the text says which."""
    range_text: str

    def markdown(self, what: str) -> str:
        """Return the row of the table in docs/configure.md."""
        cells = (f"`{self.path}`", f"`{self.like}`", self.default, self.range_text or "—", what)
        return f"| {' | '.join(cells)} |"


_AS_WHEN = KeyRow(path="policies[].unless", like="as when", default="—", range_text="")


def key_rows() -> tuple[KeyRow, ...]:
    """Return every key, in the order of the sections."""
    return tuple(_rows(Document, ""))


def _rows(section: type, path: str) -> Iterator[KeyRow]:
    for key in keys_of(section):
        inner = f"{path}.{key.path}" if path else key.path
        nested = _sections_in(key.shape)
        if nested:
            listed: dict[str, KeyRow] = {}
            for held, between in nested:
                for row in _rows(held, f"{inner}{between}"):
                    listed.setdefault(row.path, row)
            yield from listed.values()
        elif isinstance(key.shape, ConditionsShape):
            yield from _conditions(inner) if key.path == "when" else [_AS_WHEN]
        elif isinstance(key.shape, ActionShape):
            yield from _rows(ActionSection, inner)
        else:
            yield KeyRow(
                path=inner.removesuffix(".mode") if ".do." in inner else inner,
                like=key.shape.unit,
                default=_default(key),
                range_text=key.shape.range_text,
            )


def _sections_in(shape: Shape) -> tuple[tuple[type, str], ...]:
    """Return the sections that a shape may hold, each with what stands between."""
    if isinstance(shape, SectionShape | NamedShape | HttpPointShape):
        return ((shape.of, ""),)
    if isinstance(shape, DeviceShape):
        return tuple((kind, "") for kind in shape.kinds)
    if isinstance(shape, ListShape | TableShape):
        between = "[]" if isinstance(shape, ListShape) else ".NAME"
        return tuple((held, between + inner) for held, inner in _sections_in(shape.item))
    return ()


def _conditions(path: str) -> Iterator[KeyRow]:
    for quantity, shape in VALUE_SHAPES.items():
        relations = [each for each in relations_of(quantity) if each != "for"]
        yield KeyRow(
            path=f"{path}.{quantity.value}",
            like=f"{{{relations[0]}: {shape.unit}}}",
            default="—",
            range_text=shape.range_text,
        )


def _default(key: Key) -> str:
    value, shape = key.default, key.shape
    if key.is_required:
        return "required"
    if value is None or value == ():
        return "—"
    if isinstance(shape, ChoiceShape):
        value = next((word for word, meant in shape.words.items() if meant == value), value)
    if isinstance(shape, QuantityShape) and isinstance(value, float):
        return shape.of.say(value)
    if isinstance(shape, MoneyShape):
        return f"{value:g}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return str(value.value if isinstance(value, Enum) else value)

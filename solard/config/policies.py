"""Policies as written: `when` and `unless` become conditions, `do` becomes an action."""
# ruff: noqa: RUF009 - key and embed are dataclasses.field with our metadata

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from solard.config.quantities import DURATION, ENERGY, POWER, SHARE, TEMPERATURE, read_window
from solard.config.reader import MappingNode, Node, ScalarNode, SequenceNode
from solard.config.reading import Reading, say_node
from solard.config.sections import Given, SectionShape, embed, key
from solard.config.shapes import (
    REFUSED,
    ChoiceShape,
    ListShape,
    MoneyShape,
    ParsedShape,
    QuantityShape,
    Refused,
    Shape,
    TextShape,
)
from solard.core.conditions import Condition, PolicyAction, Quantity
from solard.core.modes import WorkMode
from solard.core.state import Supply

ONLY_NARROW = (
    "a policy may only narrow; put the exception under `unless` of the policy that it shall escape"
)

_POWER = QuantityShape(of=POWER, low=-1e6, high=1e6)
_PRICE = MoneyShape(per="kWh")
_HELD = QuantityShape(of=DURATION, low=0.0, high=86400.0)

VALUE_SHAPES: Mapping[Quantity, Shape] = {
    Quantity.BATTERY_SOC: QuantityShape(of=SHARE, low=0.0, high=1.0),
    Quantity.TIME: ParsedShape(parse=read_window, unit='"22:00-07:00"'),
    Quantity.SURPLUS: _POWER,
    Quantity.PV_POWER: _POWER,
    Quantity.GRID_POWER: _POWER,
    Quantity.BATTERY_POWER: _POWER,
    Quantity.IMPORT_PRICE: _PRICE,
    Quantity.EXPORT_PRICE: _PRICE,
    Quantity.SUPPLY: ChoiceShape(
        words={one.value: one.value for one in Supply if one is not Supply.UNKNOWN}, later={}
    ),
    Quantity.SUN_NEXT_48H: QuantityShape(of=ENERGY, low=0.0, high=1e8),
    Quantity.DEVICE_POWER: _POWER,
    Quantity.DEVICE_TEMPERATURE: QuantityShape(of=TEMPERATURE, low=-60.0, high=120.0),
}
"""What stands behind a relation of each quantity."""


def relations_of(quantity: Quantity) -> tuple[str, ...]:
    """Return the relations that make sense for a quantity."""
    if quantity is Quantity.TIME:
        return ("between",)
    if quantity is Quantity.SUPPLY:
        return ("is", "for")
    return ("above", "below", "between", "for")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionsShape:
    """`{battery_soc: {below: 40 %, for: 10 min}}`: all of it must hold."""

    unit: str = "quantity: {relation: value}"
    range_text: str = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return one condition for each relation."""
        if not isinstance(node, MappingNode) or not node.entries:
            empty = isinstance(node, MappingNode)
            said = "is empty" if empty else f"{say_node(node)} is no condition"
            reading.refuse(node, path, f"{said}; {_EXAMPLE}")
            return REFUSED
        found: list[Condition] = []
        for name, value in node.entries:
            inner = f"{path}.{name.text}"
            reading.mark(inner, name)
            quantity, device_id = _quantity(name.text)
            if quantity is None:
                reading.refuse_unknown(name, inner, tuple(Quantity))
                continue
            conditions = self._conditions(quantity, value, reading, inner)
            found.extend(replace(one, device_id=device_id) for one in conditions)
        return tuple(found)

    def _conditions(
        self, quantity: Quantity, node: Node, reading: Reading, path: str
    ) -> list[Condition]:
        if not isinstance(node, MappingNode):
            relation = relations_of(quantity)[0]
            text = f"{say_node(node)} has no relation; write `{{{relation}: {say_node(node)}}}`"
            reading.refuse(node, path, text)
            return []
        found, held_s = [], 0.0
        for name, value in node.entries:
            inner = f"{path}.{name.text}"
            reading.mark(inner, name)
            if name.text not in relations_of(quantity):
                reading.refuse_unknown(name, inner, relations_of(quantity))
                continue
            read = _shape(quantity, name.text).read(value, reading, inner)
            if isinstance(read, Refused):
                continue
            if name.text == "for":
                held_s = cast(float, read)
            elif name.text != "between" or _is_ordered(quantity, read, value, reading, inner):
                found.append(_condition(quantity, name.text, read))
        if not found and reading.is_sound(path):
            relations = [each for each in relations_of(quantity) if each != "for"]
            reading.refuse(node, path, f"needs a relation: {', '.join(relations)}")
        return [replace(condition, for_s=held_s) for condition in found]


_OF_DEVICE = {"power": Quantity.DEVICE_POWER, "temperature": Quantity.DEVICE_TEMPERATURE}


def _quantity(text: str) -> tuple[Quantity | None, str | None]:
    """Return what is looked at, and whose it is: `surplus`, or `car.power` of the device car."""
    device_id, _, what = text.partition(".")
    if what in _OF_DEVICE and device_id.islower():
        return _OF_DEVICE[what], device_id
    known = text in set(Quantity) and not what
    return (Quantity(text) if known else None), None


_EXAMPLE = "write one like {battery_soc: {below: 40 %}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeShape:
    """The most that work may be; `full` would be no narrowing."""

    unit: str = "standby, eco or off"
    range_text: str = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the mode."""
        said = path.removesuffix(".mode")
        if isinstance(node, ScalarNode) and node.text in _WIDENING:
            reading.refuse(node, said, f"{node.text} would widen; {ONLY_NARROW}")
            return REFUSED
        words = {one.value: one for one in WorkMode if one is not WorkMode.FULL}
        return ChoiceShape(words=words, later={}).read(node, reading, said)


_WIDENING = frozenset({"full", "work", "run", "on", "free", "max"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSection:
    """The keys under `do`."""

    action: Given = embed(
        PolicyAction,
        {
            "mode": "rig.mode",
            "rig_at_most_w": "rig.at_most",
            "rig_at_least_w": "rig.at_least",
            "each_gpu_at_most_w": "each_gpu.at_most",
            "import_for_rig_at_most_w": "import_for_rig.at_most",
            "battery_for_rig_at_most_w": "battery_for_rig.at_most",
        },
        mode=ModeShape(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionShape:
    """`{rig: standby}`, `{each_gpu: {at_most: 150 W}}`: every part narrows."""

    unit: str = "action"
    range_text: str = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the action."""
        if not isinstance(node, MappingNode) or not node.entries:
            empty = isinstance(node, MappingNode)
            said = "is empty" if empty else f"{say_node(node)} is no action"
            text = f"{said}; write one like {{rig: standby}}"
            reading.refuse(node, path, text)
            return REFUSED
        section = SectionShape(of=ActionSection).read(_spell_out(node), reading, path)
        if isinstance(section, Refused):
            return REFUSED
        given = cast(ActionSection, section).action
        return PolicyAction(**cast(Mapping[str, Any], given)) if given else REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySection:
    """One policy as written."""

    name: str = key(TextShape(form=r"[^\n]{1,60}", hint="a name of at most 60 characters"))
    when: tuple[Condition, ...] = key(ConditionsShape(), default=())
    unless: tuple[Condition, ...] = key(ConditionsShape(), default=())
    do: PolicyAction = key(ActionShape())


def _shape(quantity: Quantity, relation: str) -> Shape:
    if relation == "for":
        return _HELD
    if relation == "between" and quantity is not Quantity.TIME:
        return ListShape(item=VALUE_SHAPES[quantity], least=2)
    return VALUE_SHAPES[quantity]


def _is_ordered(quantity: Quantity, read: object, node: Node, reading: Reading, path: str) -> bool:
    if quantity is Quantity.TIME:
        return True
    pair = cast(tuple[float, ...], read)
    if isinstance(node, SequenceNode) and len(node.items) == 2 == len(pair) and pair[0] < pair[1]:
        return True
    if reading.is_sound(path):
        reading.refuse(node, path, "wants two values, the lower one first: [20 %, 40 %]")
    return False


def _condition(quantity: Quantity, relation: str, read: object) -> Condition:
    if relation == "is":
        return Condition(quantity=quantity, is_=cast(str, read))
    if relation == "between":
        low, high = cast(tuple[float, float], read)
        return Condition(quantity=quantity, between=(float(low), float(high)))
    value = cast(float, read)
    if relation == "above":
        return Condition(quantity=quantity, above=value)
    return Condition(quantity=quantity, below=value)


def _spell_out(node: MappingNode) -> MappingNode:
    """Return the node with `rig: standby` as `rig: {mode: standby}`."""
    entries = []
    for name, value in node.entries:
        if name.text == "rig" and isinstance(value, ScalarNode):
            mode = ScalarNode(line=value.line, column=value.column, text="mode", value="mode")
            value = MappingNode(line=value.line, column=value.column, entries=((mode, value),))
        entries.append((name, value))
    return replace(node, entries=tuple(entries))

"""One line of a profile's `derived` to a Derived."""

from collections.abc import Mapping

from hardware.modbus.derive import Derived, Rule
from hardware.modbus.fields import Fields, ProfileInvalid
from hardware.modbus.parse_point import parse_bounds
from hardware.modbus.points import Value


def parse_derived(
    fields: Fields, name: str, plausible: Mapping[str, tuple[float, float]]
) -> Derived:
    """Return the derived value; raise ProfileInvalid with the place."""
    rules = [rule for rule in Rule if fields.has(rule.value)]
    if len(rules) != 1:
        raise ProfileInvalid(f"{fields.where}: needs exactly one of {', '.join(Rule)}")
    unit = fields.text("unit", "")
    usual = plausible.get(unit)
    needs, without = fields.texts("needs"), fields.texts("without")
    if rules[0] is Rule.MAP:
        derived = Derived(
            name=name,
            unit=unit,
            rule=Rule.MAP,
            parts=(fields.text("map"),),
            mask=fields.integer("mask") if fields.has("mask") else None,
            meanings=_meanings(fields),
            otherwise=_value(fields, "else"),
            needs=needs,
            without=without,
            bounds=parse_bounds(fields, usual),
        )
    elif rules[0] is not Rule.WHEN:
        derived = Derived(
            name=name,
            unit=unit,
            rule=rules[0],
            parts=fields.texts(rules[0].value),
            factor=fields.number("factor", 1.0),
            minus=fields.texts("minus"),
            at_least=fields.optional_number("at_least"),
            needs=needs,
            without=without,
            bounds=parse_bounds(fields, usual),
        )
    else:
        when = fields.fields("when")
        derived = Derived(
            name=name,
            unit=unit,
            rule=Rule.WHEN,
            parts=(when.text("of"),),
            at_least=when.number("at_least", 1.0),
            then=_value(when, "then"),
            otherwise=_value(when, "else"),
            needs=needs,
            without=without,
            bounds=parse_bounds(fields, usual),
        )
        when.done()
    fields.done()
    return derived


def _meanings(fields: Fields) -> tuple[tuple[float | str, Value], ...]:
    table = fields.fields("to")
    return tuple((_code(one), _value(table, one)) for one in table)


def _code(text: str) -> float | str:
    """Return a code of the table: a number, decimal or `0x…`, or a device's own word."""
    try:
        return float(int(str(text), 0))
    except ValueError:
        return text


def _value(fields: Fields, key: str) -> Value:
    value = fields.raw(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fields.fault(key, "a text or a number", value)
    return float(value)

"""One line of a profile's `derived` to a Derived."""

from hardware.modbus.derive import Derived, Rule
from hardware.modbus.fields import Fields, ProfileInvalid
from hardware.modbus.parse_point import parse_bounds
from hardware.modbus.points import Value

_FREE = tuple(rule for rule in Rule if rule is not Rule.WHEN)


def parse_derived(fields: Fields, name: str) -> Derived:
    """Return the derived value; raise ProfileInvalid with the place."""
    rules = [rule for rule in Rule if fields.has(rule.value)]
    if len(rules) != 1:
        raise ProfileInvalid(f"{fields.where}: needs exactly one of {', '.join(Rule)}")
    unit = fields.text("unit", "")
    needs, without = fields.texts("needs"), fields.texts("without")
    if rules[0] in _FREE:
        derived = Derived(
            name=name,
            unit=unit,
            rule=rules[0],
            parts=fields.texts(rules[0].value),
            minus=fields.texts("minus"),
            at_least=fields.optional_number("at_least"),
            needs=needs,
            without=without,
            bounds=parse_bounds(fields),
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
            bounds=parse_bounds(fields),
        )
        when.done()
    fields.done()
    return derived


def _value(fields: Fields, key: str) -> Value:
    value = fields.raw(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fields.fault(key, "a text or a number", value)
    return float(value)

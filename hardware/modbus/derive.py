"""Values made of other values: the few named derivations that a profile may use."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from math import prod

from hardware.modbus.points import NO_BOUNDS, Bounds, Value, masked
from hardware.modbus.quality import LOST, MISSING, Judged, worst
from solard.core.readings import Quality

_ASLEEP = Judged(None, Quality.ASLEEP)


class Rule(StrEnum):
    """How parts become one value.

    Parts that the device does not have are left out. One that it has and did not say this time
    makes the value unknown, unless the others decide it.
    """

    SUM = "sum"
    """The sum; unknown where one part is."""
    SUM_KNOWN = "sum_known"
    """The sum of the known parts; unknown where none is known."""
    PRODUCT = "product"
    """The product of all parts; every one must exist."""
    FIRST = "first"
    """The first that is known."""
    LEAST = "least"
    """The smallest that is known, as limits combine."""
    ANY = "any"
    """1 where one known part is not 0, else 0; unknown where none is known."""
    WHEN = "when"
    """One value from a threshold on, another below it."""
    MAP = "map"
    """What a code means, by a table; `asleep` there is the quality of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A value made of points, or of values derived before it."""

    name: str
    unit: str
    rule: Rule
    parts: tuple[str, ...]
    """Names; `*` stands for any run of letters."""
    minus: tuple[str, ...] = ()
    """Parts that a sum takes away."""
    at_least: float | None = None
    """A sum is never less; the threshold of `when`."""
    factor: float = 1.0
    """A sum or product is multiplied by this: −1 turns a sign."""
    meanings: tuple[tuple[float | str, Value], ...] = ()
    """The table of `map`."""
    mask: int | None = None
    """Which bits of a code `map` looks at, from the lowest on."""
    then: Value = None
    otherwise: Value = None
    """What `when` gives below its threshold, and `map` for a code that is not in its table."""
    needs: tuple[str, ...] = ()
    """Exists only where the device has all of these."""
    without: tuple[str, ...] = ()
    """Exists only where the device has none of these."""
    bounds: Bounds = NO_BOUNDS


def derive(spec: Derived, known: Mapping[str, Judged]) -> Judged | None:
    """Return the derived value, or None where the device has nothing to make it of."""
    if not all(name in known for name in spec.needs) or any(n in known for n in spec.without):
        return None
    parts = _find(spec.parts, known)
    minus = _find(spec.minus, known)
    if not parts or (spec.rule is Rule.PRODUCT and len(parts) < len(spec.parts)):
        return None
    match spec.rule:
        case Rule.FIRST:
            told = (part for part in parts if part.value is not None or part.is_lost)
            return next(told, _none_of_first(parts))
        case Rule.LEAST:
            return _least(parts)
        case Rule.ANY:
            return _any(parts)
        case Rule.WHEN:
            return _threshold(spec, parts[0])
        case Rule.MAP:
            return _translate(spec, parts[0])
        case Rule.SUM_KNOWN:
            known_parts = [part for part in parts if part.value is not None or part.is_lost]
            return _add(spec, known_parts, minus) if known_parts else _none_of(parts)
        case Rule.SUM:
            return _add(spec, parts, minus)
        case Rule.PRODUCT:
            return _multiply(spec, parts)


def _find(patterns: tuple[str, ...], known: Mapping[str, Judged]) -> list[Judged]:
    found: list[Judged] = []
    for one in patterns:
        if "*" in one:
            found += [known[name] for name in known if fnmatchcase(name, one)]
        elif one in known:
            found.append(known[one])
    return found


def _none_of_first(parts: list[Judged]) -> Judged:
    """Say why none is known: a part that sleeps would tell when it is awake."""
    return _ASLEEP if _ASLEEP in parts else parts[0]


def _none_of(parts: list[Judged]) -> Judged:
    if any(part.is_lost for part in parts):
        return LOST
    return Judged(None, worst([part.quality for part in parts if part.value is None]))


def _numbers(parts: list[Judged]) -> list[float] | None:
    numbers = [part.value for part in parts if isinstance(part.value, float | int)]
    return numbers if len(numbers) == len(parts) else None


def _add(spec: Derived, parts: list[Judged], minus: list[Judged]) -> Judged:
    plus_numbers, minus_numbers = _numbers(parts), _numbers(minus)
    if plus_numbers is None or minus_numbers is None:
        return _none_of([*parts, *minus])
    # Rounded as the points are: 0.1 + 0.2 is 0.3.
    total = round((sum(plus_numbers) - sum(minus_numbers)) * spec.factor, 6) + 0.0
    if spec.at_least is not None:
        total = max(total, spec.at_least)
    return Judged(total, worst([part.quality for part in (*parts, *minus)]))


def _multiply(spec: Derived, parts: list[Judged]) -> Judged:
    numbers = _numbers(parts)
    if numbers is None:
        return _none_of(parts)
    product = round(prod(numbers) * spec.factor, 6) + 0.0
    return Judged(product, worst([part.quality for part in parts]))


def _least(parts: list[Judged]) -> Judged:
    if any(part.is_lost for part in parts):
        return LOST  # it may be the least
    numbers = [(part.value, part) for part in parts if isinstance(part.value, float | int)]
    return min(numbers, key=lambda one: one[0])[1] if numbers else _none_of(parts)


def _any(parts: list[Judged]) -> Judged:
    if any(part.value for part in parts):
        return Judged(1.0, Quality.GOOD)
    if all(part.value is None for part in parts) or any(part.is_lost for part in parts):
        return _none_of(parts)
    return Judged(0.0, Quality.GOOD)


def _threshold(spec: Derived, part: Judged) -> Judged:
    if not isinstance(part.value, float | int) or spec.at_least is None:
        return _none_of([part])
    value = spec.then if part.value >= spec.at_least else spec.otherwise
    return Judged(value, part.quality) if value is not None else MISSING


def _translate(spec: Derived, part: Judged) -> Judged:
    if part.value is None:
        return _none_of([part])
    code = part.value
    if spec.mask is not None and isinstance(code, float | int):
        code = masked(int(code), spec.mask)
    found = [meaning for known, meaning in spec.meanings if known == code]
    value = found[0] if found else spec.otherwise
    if value == Quality.ASLEEP:
        return _ASLEEP
    return Judged(value, part.quality) if value is not None else MISSING


def rests_on(quantity: str, derived: Iterable[Derived], points: Iterable[str]) -> set[str]:
    """Return the names of everything that a quantity is made of, itself included."""
    parts = {spec.name: (*spec.parts, *spec.minus) for spec in derived}
    names = [*parts, *points]
    open_names, seen = [quantity], {quantity}
    while open_names:
        for pattern in parts.get(open_names.pop(), ()):
            fresh = {name for name in names if fnmatchcase(name, pattern)} - seen
            seen |= fresh
            open_names.extend(fresh)
    return seen

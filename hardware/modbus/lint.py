"""Find what is wrong with a profile before a device does."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import combinations

from hardware.modbus.blocks import is_readable
from hardware.modbus.derive import rests_on
from hardware.modbus.description import Profile
from hardware.modbus.models import model_points
from hardware.modbus.points import MAIN, Confidence, Group, Point, SignSource
from solard.core.readings import CONTROL

UNITS = frozenset(
    {"", "W", "Wh", "kW", "kWh", "VA", "var", "V", "A", "Ah", "Hz", "°C", "%", "s"}
    | {"kVAh", "kvarh", "°", "h"}
)


def lint_profile(profile: Profile) -> tuple[str, ...]:
    """Return a sentence for every fault of a profile; nothing where it is sound."""
    return (
        *_lint_provenance(profile),
        *_lint_points(profile),
        *_lint_overlaps(profile),
        *_lint_names(profile),
        *_lint_confidence(profile),
    )


def _lint_provenance(profile: Profile) -> Iterator[str]:
    if not profile.tests:
        yield "tests: a profile carries at least one recording with the values it means"
    if not profile.sources:
        yield "provenance.sources: none given; where are these registers from?"
    for point in profile.points:
        for letter in point.seen:
            if letter not in profile.source_names:
                yield f"points.{point.name}.seen: {letter} is no source of this profile"
        sources = len(set(point.seen)) if point.seen else len(profile.sources)
        if sources < 2 and point.confidence not in (Confidence.B, Confidence.C):
            yield (
                f"points.{point.name}: {sources} source; two independent ones are needed, "
                "or confidence B or C"
            )


def _lint_points(profile: Profile) -> Iterator[str]:
    roles = {MAIN, *(role.name for role in profile.roles)}
    for point in profile.points:
        where = f"points.{point.name}"
        if point.unit not in UNITS:
            yield f"{where}.unit: {point.unit!r} is none of {', '.join(filter(None, UNITS))}"
        if point.role not in roles:
            yield f"{where}.role: {point.role!r} is no unit of this profile"
        if point.register is not None and not is_readable(point.first, point.last, profile.limits):
            yield (
                f"{where}: registers {point.first}–{point.last} do not fit into one request; "
                "read apart they can be torn"
            )
        if isinstance(point.sign_from, SignSource) and not point.absolute:
            yield f"{where}.sign_from: needs `abs: true`, or the sign counts twice"
        if point.scale == 0:
            yield f"{where}.scale: 0 makes every value 0"
        low, high = point.bounds.minimum, point.bounds.maximum
        if low is not None and high is not None and low >= high:
            yield f"{where}: min {low:g} is not below max {high:g}, so no value is plausible"
        yield from _lint_words(point)
        yield from _lint_model(point)


def _lint_words(point: Point) -> Iterator[str]:
    if point.register is None:
        return
    largest = (1 << 16 * len(point.register.addresses)) - 1
    for sentinel in point.sentinels:
        if not 0 <= sentinel <= largest:
            yield f"points.{point.name}.nan: 0x{sentinel:X} does not fit a {point.register.kind}"
    for number, _ in point.bits or ():
        if largest >> number == 0:
            yield f"points.{point.name}.bits: a {point.register.kind} has no bit {number}"


def _lint_model(point: Point) -> Iterator[str]:
    if point.model is None:
        return
    part = "" if point.model.modules is None else "module"
    for model in point.model.models:
        if point.model.point not in model_points(model, part):
            yield f"points.{point.name}: model {model} has no point {point.model.point}"


def _lint_overlaps(profile: Profile) -> Iterator[str]:
    numbers = [point for point in profile.points if not _is_label(point)]
    for one, other in combinations(numbers, 2):
        if one.register is None or other.register is None or one.role != other.role:
            continue
        if one.register.function != other.register.function:
            continue
        mine, theirs = set(one.register.addresses), set(other.register.addresses)
        if mine & theirs and mine != theirs:
            yield f"points.{one.name} and points.{other.name} share some of their registers"
        if mine == theirs and not (one.is_coded and other.is_coded):
            yield (
                f"points.{one.name} and points.{other.name} are the same registers; one of them "
                "can be derived, or both take their bits"
            )


def _is_label(point: Point) -> bool:
    """Say whether a point only tells people in words what another one tells as a number."""
    named = point.meanings is not None or point.bits is not None
    return named and point.group is Group.EXTRA


def _lint_names(profile: Profile) -> Iterator[str]:
    known = [point.name for point in profile.points]
    for spec in profile.derived:
        if spec.name in known and spec.name not in spec.without:
            yield f"derived.{spec.name}: stands above already; say `without: {spec.name}`"
        for name in (*spec.parts, *spec.minus, *spec.needs, *spec.without):
            if not any(fnmatchcase(one, name) for one in known):
                yield f"derived.{spec.name}: {name} is no point or value before it"
        known.append(spec.name)
    for point in profile.points:
        for name in point.bounds.zero_unless or ():
            if name not in known:
                yield f"points.{point.name}.zero_unless: {name} is no point of this profile"
    for variant in profile.variants:
        if variant.point not in known:
            yield f"variants.{variant.name}: {variant.point} is no point of this profile"
    for test in profile.tests:
        for name, _ in test.expect:
            if not any(fnmatchcase(name, one.replace("{n}", "*")) for one in known):
                yield f"tests: {test.name}: {name} is no point of this profile"


def _lint_confidence(profile: Profile) -> Iterator[str]:
    """Follow every control quantity down to the registers that it rests on."""
    names = [point.name for point in profile.points]
    doubtful = {p.name for p in profile.points if p.trust is Confidence.C}
    for control in sorted(CONTROL):
        for name in sorted(rests_on(control, profile.derived, names) & doubtful):
            yield f"points.{name}: confidence C, but {control} rests on it; control needs proof"

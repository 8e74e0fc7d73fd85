"""A device to test against, made of a recording or of a profile, for `solard modbus serve`."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from math import sin

from hardware.modbus.blocks import Span, plan_blocks
from hardware.modbus.derive import Rule
from hardware.modbus.description import EmbeddedTest, Profile, RecordedBlock, Sign
from hardware.modbus.encode import encode, place, to_raw
from hardware.modbus.layout import Placed
from hardware.modbus.limits import MOST_WORDS
from hardware.modbus.points import MAIN, Group, Point, Value
from hardware.sim.server import HOLDING, INPUT, Image, Split

_ANY_UNIT = range(256)
_WOBBLE = 0.004
"""How far a simulated number swings: enough to move its last digit, too little to mean anything."""

_NOON: Mapping[str, float] = {
    "pv[12]_power": 1500.0,
    "dc[12]_power": 1500.0,
    "pv_ac_*": 0.0,
    "pv_power*": 3000.0,
    "mppt_pv_power": 3000.0,
    "ppv_total": 3000.0,
    "grid_power_l[12]*": -200.0,
    "grid_power_l3*": -100.0,
    "grid_import_power": 0.0,
    "grid_export_power": 500.0,
    "grid_power*": -500.0,
    "meter_power": -500.0,
    "meter_power_alt": 500.0,
    "power_l[12]": -200.0,
    "power_l3": -100.0,
    "power_total": -500.0,
    "battery_charge_power": 1000.0,
    "battery_power*": -1000.0,
    "battery_soc": 64.0,
    "battery_voltage*": 52.0,
    "battery_current": -19.2,
    "*_current_limit": 100.0,
    "battery_*charge_limit": 100.0,
    "house_load_l*": 500.0,
    "house_load": 1500.0,
    "load_power": 1500.0,
    "ac_power": 2000.0,
    "inverter_power": 2000.0,
    "inverter_ac_power": 2000.0,
    "inverter_ac_power_l*": 667.0,
    "battery*_max_*charge_power": 5000.0,
    "rated_power": 10000.0,
}
"""A home at noon, in canonical signs: by name, or by what a name looks like, the first that fits.
Further strings, batteries, generators and backup outputs give and take nothing."""
_AT_WORK = {"grid", "normal", "running", "ok", "on grid", "generating", "power assist"}
"""What codes mean there, in the words of the profiles; without one a code is 0."""
_USUAL: Mapping[str, float] = {
    **{"W": 0.0, "VA": 500.0, "var": 10.0, "V": 230.0, "A": 4.0, "Hz": 50.0, "°C": 25.0},
    **{"%": 50.0, "kWh": 1234.0, "Wh": 1234.0, "Ah": 100.0, "s": 60.0},
}
"""Every other number, by its unit."""
_TEXT = "SIMULATED"

Words = dict[tuple[int | None, int], dict[int, int]]
"""Words by unit (None = any) and function."""


def image_of_recording(blocks: Iterable[RecordedBlock], *, same: bool = False) -> Image:
    """Return what a recorded device serves, and nothing else.

    A recording that names no unit answers as any; one that names no function, or of a family that
    reads the same registers with both (`same`), answers both.
    """
    words: Words = {}
    for block in blocks:
        functions = (HOLDING, INPUT) if same or block.function is None else (block.function,)
        for function in functions:
            words.setdefault((block.unit, function), {}).update(
                enumerate(block.words, start=block.address)
            )
    return _to_image(words)


def image_of_profile(profile: Profile, turn: int = 0) -> Image:
    """Return a device of a family: a home at noon, and where that is silent its longest recording.

    With each `turn` the numbers move a little, as those of a live device do.
    """
    words: Words = {}
    places = tuple(_places(profile))
    for point, served_by, function in places:
        fresh = _usual(profile, point, turn) if point.unit else _at_work(profile, point)
        _add(words, served_by, function, encode(point, fresh))
    for block in _telling_test(profile):
        own = profile.unit if block.unit is None else block.unit
        for function in (HOLDING, INPUT) if block.function is None else (block.function,):
            known = words.setdefault((own, function), {})
            for address, word in enumerate(block.words, start=block.address):
                known.setdefault(address, word)
    for sign in profile.detect:
        known = words.get((profile.unit, sign.register.function), {})
        if not sign.fits(known):
            _add(words, profile.unit, sign.register.function, _words_of(sign))
    for point, served_by, function in places:
        _add(words, served_by, function, encode(point, _plain(point)))
    spans = (one for point, unit, _ in places for one in _spans(point, unit))
    for question in plan_blocks(spans, profile.limits):
        known = words.setdefault((question.unit, question.function), {})
        for address in range(question.first, question.first + question.count):
            known.setdefault(address, 0)  # a device of the family can be read across its gaps
    if profile.fc_same:
        for unit, function in tuple(words):
            _add(words, unit, HOLDING + INPUT - function, words[unit, function])
    return _to_image(words)


def as_unit(image: Image, unit: int | None) -> Image:
    """Return an image whose first unit has another id; as it is for None."""
    if unit is None or not image:
        return image
    return {unit: image[min(image)]}


def _telling_test(profile: Profile) -> tuple[RecordedBlock, ...]:
    """Return the recording with most values, of those in which least is unknown."""

    def worth(test: EmbeddedTest) -> tuple[int, int]:
        known = sum(value is not None for _, value in test.expect)
        return known - len(test.expect), known

    return max(profile.tests, key=worth).blocks if profile.tests else ()


def _to_image(words: Words) -> Image:
    image: dict[int, Split] = {}
    for unit in {unit for unit, _ in words}:
        served = Split(holding=words.get((unit, HOLDING), {}), input=words.get((unit, INPUT), {}))
        for one in _ANY_UNIT if unit is None else (unit,):
            image[one] = served
    return image


def _add(words: Words, unit: int | None, function: int, fresh: Mapping[int, int]) -> None:
    """Add words of one value, unless part of it is known already."""
    known = words.setdefault((unit, function), {})
    if not known.keys() & fresh.keys():
        known.update(fresh)


def _places(profile: Profile) -> Iterator[tuple[Point, int, int]]:
    """Yield every point with a register, and the unit and function that serve it."""
    units = {MAIN: profile.unit, **{role.name: role.default for role in profile.roles}}
    for point in profile.points:
        served_by = units.get(point.role)
        if served_by is not None and point.register is not None:
            yield point, served_by, point.register.function


def _spans(point: Point, unit: int) -> tuple[Span, ...]:
    return Placed(point=point, unit=unit).spans(MOST_WORDS)


def _usual(profile: Profile, point: Point, turn: int) -> float:
    """Return what a quantity is at noon, swinging a little where a live one would."""
    fitting = (value for name, value in _NOON.items() if fnmatchcase(point.name, name))
    value = next(fitting, _USUAL.get(point.unit, 1.0))
    if point.name == "battery_current" and _counts_charge(profile):
        value = -value
    low, high = point.bounds.minimum, point.bounds.maximum
    value = max(value, low) if low is not None else value
    value = min(value, high) if high is not None else value
    moves = point.group is Group.FAST and point.unit in ("W", "V", "A")
    return value * (1.0 + _WOBBLE * sin(turn)) if moves else value


def _counts_charge(profile: Profile) -> bool:
    """Say whether a current above zero charges the battery, as some families have it."""
    return any("battery_current" in spec.parts and spec.factor < 0 for spec in profile.derived)


def _at_work(profile: Profile, point: Point) -> Value:
    """Return the code by which a device says that it works on a grid, where it is known."""
    if point.meanings is not None:
        return None
    codes = (
        code if spec.mask is None else code * (spec.mask & -spec.mask)
        for spec in profile.derived
        if spec.rule is Rule.MAP and point.name in spec.parts
        for code, meaning in spec.meanings
        if meaning in _AT_WORK and isinstance(code, float)
    )
    return next(codes, None)


def _plain(point: Point) -> Value:
    """Return what stands where nothing else is known: no alarm, and no serial number."""
    if point.meanings is not None:
        return next((meaning for _, meaning in point.meanings if meaning is not None), None)
    is_text = point.register is not None and point.register.kind.startswith("str")
    return _TEXT if is_text else 0.0


def _words_of(sign: Sign) -> dict[int, int]:
    value: Value = _TEXT
    if sign.accepted:
        value = sign.accepted[0]
    elif not sign.register.kind.startswith("str"):
        low, high = sign.minimum, sign.maximum
        value = low if low is not None else high if high is not None else 1.0
    raw = to_raw(sign.register, value)
    return {} if raw is None else place(sign.register, raw)

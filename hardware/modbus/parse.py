"""Plain data of a profile file to a Profile, strictly."""

from hardware.modbus.description import (
    EmbeddedTest,
    Profile,
    RecordedBlock,
    SerialLine,
    Sign,
    UnitRole,
    Variant,
)
from hardware.modbus.fields import Fields, ProfileInvalid
from hardware.modbus.limits import MOST_WORDS, LinkLimits
from hardware.modbus.parse_derived import parse_derived
from hardware.modbus.parse_point import PointDefaults, parse_point, parse_register
from hardware.modbus.points import Point, Value

FORMAT = 1

_PLAUSIBLE = {"A": (-2000.0, 2000.0), "kWh": (-1e7, 1e7), "Wh": (-1e10, 1e10)}
"""What holds for every home where a profile says nothing else: 1e7 kWh are 10 GWh."""


def parse_profile(data: object, name: str) -> Profile:
    """Return the profile that `data` describes; raise ProfileInvalid with the place."""
    top = Fields(data, name)
    if top.integer("profile") != FORMAT:
        raise ProfileInvalid(f"{name}.profile: this solard reads format {FORMAT}")
    transport, unit, night = top.fields("transport"), top.fields("unit"), top.fields("night")
    tcp = transport.fields("tcp")
    provenance = top.fields("provenance")
    confidence = provenance.fields("confidence")
    sentinels, sources = top.fields("nan"), _parse_sources(provenance)
    tables = top.fields("tables")
    defaults = PointDefaults(
        little=_is_little(top),
        number_base=top.integer("number_base", 0),
        function=top.integer("fc", 3),
        sunspec=_is_sunspec(top),
        confidence={one: confidence.text(one) for one in confidence},
        sentinels={kind: sentinels.integers(kind) for kind in sentinels},
        plausible=_parse_plausible(top.fields("plausible")),
        asleep=_is_asleep(night),
        tables={name: tables.raw(name) for name in tables},
    )
    raw_points, raw_derived = top.fields("points"), top.fields("derived")
    raw_variants, raw_roles = top.fields("variants"), top.fields("units")
    texts = {one: raw_points.raw(one) for one in raw_points}
    profile = Profile(
        profile_id=top.text("id"),
        products=top.texts("products"),
        port=tcp.integer("port", 502),
        other_ports=tcp.integers("others"),
        serial=_parse_serial(transport.fields("rtu")) if transport.has("rtu") else None,
        framers=transport.texts("framers") or ("mbap",),
        detect=top.items("detect", lambda key, one: _parse_detect(one, f"{name}.{key}", defaults)),
        silent_ok=night.flag("silent_ok"),
        fc_same=top.flag("fc_same"),
        notes=top.texts("notes"),
        unit=unit.integer("default", 1),
        candidates=unit.integers("candidates"),
        period_s=top.number("period", 2.0),
        limits=_parse_limits(top.fields("limits")),
        sunspec=defaults.sunspec,
        roles=tuple(_parse_role(raw_roles.fields(one)) for one in raw_roles),
        points=_parse_points(texts, name, defaults),
        derived=tuple(
            parse_derived(raw_derived.fields(one), one, defaults.plausible) for one in raw_derived
        ),
        variants=tuple(
            _parse_variant(raw_variants.fields(one), one, texts, name, defaults)
            for one in raw_variants
        ),
        tests=top.items("tests", lambda key, one: _parse_test(Fields(one, f"{name}.{key}"))),
        sources=tuple(sources.values()),
        source_names={} if "0" in sources else sources,
        frozen_after=_optional_integer(top, "frozen_after"),
    )
    _refuse_writes(top.fields("write"))
    for fields in (tcp, transport, unit, night, provenance, top):
        fields.done()
    for one in defaults.confidence:
        if one not in texts:
            raise ProfileInvalid(f"{confidence.where}.{one}: names no point of this profile")
    return profile


def _is_little(top: Fields) -> bool:
    words = top.text("words", "big")
    if words not in ("big", "little"):
        raise top.fault("words", "big or little", words)
    return words == "little"


def _is_sunspec(top: Fields) -> bool:
    fields = top.fields("sunspec")
    use = fields.flag("use")
    fields.done()
    return use


def _parse_limits(fields: Fields) -> LinkLimits:
    usual = LinkLimits()
    limits = LinkLimits(
        max_words=fields.integer("max_words", usual.max_words),
        max_gap=fields.integer("max_gap", usual.max_gap),
        request_gap_s=fields.number("request_gap", usual.request_gap_s),
        connect_delay_s=fields.number("connect_delay", usual.connect_delay_s),
        timeout_s=fields.number("timeout", usual.timeout_s),
        busy_wait_s=fields.number("busy_wait", usual.busy_wait_s),
        min_interval_s=fields.number("min_interval", usual.min_interval_s),
        ranges=fields.items("ranges", lambda key, one: _parse_range(fields, key, one)),
        no_cross=fields.integers("no_cross"),
        max_clients=_optional_integer(fields, "max_clients"),
    )
    fields.done()
    if not 1 <= limits.max_words <= MOST_WORDS:
        raise fields.fault("max_words", f"1 to {MOST_WORDS}", limits.max_words)
    return limits


def _parse_sources(provenance: Fields) -> dict[str, str]:
    """Return the sources by the letter that points name them with, or by number."""
    value = provenance.raw("sources")
    if isinstance(value, dict):
        named = {str(one): provenance.to_text("sources", text) for one, text in value.items()}
        if any(len(one) != 1 for one in named):
            raise provenance.fault("sources", "one letter for each source", value)
        return named
    many = [] if value is None else value if isinstance(value, list) else [value]
    texts = (provenance.to_text("sources", one) for one in many)
    return {str(number): text for number, text in enumerate(texts)}


def _parse_plausible(fields: Fields) -> dict[str, tuple[float, float]]:
    ranges = {unit: fields.numbers(unit) for unit in fields}
    for unit, ends in ranges.items():
        if len(ends) != 2 or ends[0] > ends[1]:
            raise fields.fault(unit, "[lowest, highest]", list(ends))
    return _PLAUSIBLE | {unit: (ends[0], ends[1]) for unit, ends in ranges.items()}


def _parse_serial(fields: Fields) -> SerialLine:
    usual = SerialLine()
    line = SerialLine(
        baud=fields.integer("baud", usual.baud),
        parity=fields.text("parity", usual.parity),
        stop_bits=fields.integer("stop_bits", usual.stop_bits),
    )
    fields.done()
    if line.parity not in ("N", "E", "O"):
        raise fields.fault("parity", "N, E or O", line.parity)
    return line


def _parse_detect(data: object, where: str, defaults: PointDefaults) -> Sign:
    fields = Fields(data, where)
    sign = Sign(
        register=parse_register(fields, defaults),
        minimum=fields.optional_number("min"),
        maximum=fields.optional_number("max"),
        accepted=fields.items("in", lambda _, one: to_value(one)),
    )
    fields.done()
    return sign


def _is_asleep(night: Fields) -> bool:
    meaning = night.text("nan_means", "missing")
    if meaning not in ("missing", "asleep"):
        raise night.fault("nan_means", "missing or asleep", meaning)
    return meaning == "asleep"


def _refuse_writes(write: Fields) -> None:
    for name in write:
        raise ProfileInvalid(f"{write.where}.{name}: solard never writes to a device")


def _optional_integer(fields: Fields, key: str) -> int | None:
    return fields.integer(key) if fields.has(key) else None


def _parse_range(fields: Fields, key: str, value: object) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise fields.fault(key, "pairs [first, last]", value)
    return fields.to_integer(key, value[0]), fields.to_integer(key, value[1])


def _parse_role(fields: Fields) -> UnitRole:
    role = UnitRole(
        name=fields.where.rsplit(".", 1)[1],
        default=_optional_integer(fields, "default"),
        candidates=fields.integers("candidates"),
        models=fields.integers("models"),
    )
    fields.done()
    return role


def _parse_points(
    texts: dict[str, object], where: str, defaults: PointDefaults
) -> tuple[Point, ...]:
    return tuple(
        parse_point(Fields(data, f"{where}.points.{name}"), name, defaults)
        for name, data in texts.items()
    )


def _parse_variant(
    fields: Fields, name: str, base: dict[str, object], where: str, defaults: PointDefaults
) -> Variant:
    when, changes = fields.fields("when"), fields.fields("set")
    merged: dict[str, object] = {}
    for point in changes:
        known, change = base.get(point), changes.raw(point)
        if not isinstance(known, dict) or not isinstance(change, dict):
            raise ProfileInvalid(f"{changes.where}.{point}: names no point of this profile")
        merged[point] = {**known, **change}
    variant = Variant(
        name=name,
        point=when.text("point"),
        accepted=when.items("in", lambda _, one: to_value(one)),
        points=_parse_points(merged, where, defaults),
    )
    when.done()
    fields.done()
    return variant


def _parse_test(fields: Fields) -> EmbeddedTest:
    units, expect = fields.fields("units"), fields.fields("expect")
    test = EmbeddedTest(
        name=fields.text("name", "a recording"),
        variant=fields.text("variant", ""),
        blocks=fields.items("blocks", lambda key, one: _parse_block(one, f"{fields.where}.{key}")),
        units=tuple((role, units.integer(role)) for role in units),
        expect=tuple((name, to_value(expect.raw(name))) for name in expect),
    )
    fields.done()
    return test


def _parse_block(data: object, where: str) -> RecordedBlock:
    fields = Fields(data, where)
    block = RecordedBlock(
        unit=_optional_integer(fields, "unit"),
        function=_optional_integer(fields, "fc"),
        address=fields.integer("addr"),
        words=fields.integers("words"),
    )
    fields.done()
    return block


def to_value(data: object) -> Value:
    """Return a number or text as points have them."""
    if data is None or isinstance(data, str):
        return data
    if isinstance(data, bool) or not isinstance(data, int | float):
        raise ProfileInvalid(f"expected a number, a text or nothing, found {data!r}")
    return float(data)

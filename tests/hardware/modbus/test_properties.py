"""Whatever a profile says: every word is asked for, nothing is torn, and what was sent is read."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.modbus.blocks import is_readable, plan_blocks
from hardware.modbus.layout import Placed
from hardware.modbus.limits import LinkLimits
from hardware.modbus.points import Point, SignSource
from hardware.modbus.profile import load_profile, profile_names
from hardware.modbus.registers import Register

_SIZES = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "f32": 2, "u64": 4, "i64": 4, "str5": 5}


@st.composite
def registers(draw) -> Register:
    kind = draw(st.sampled_from(sorted(_SIZES)))
    first = draw(st.integers(0, 600))
    addresses = list(range(first, first + _SIZES[kind]))
    if len(addresses) == 2 and draw(st.booleans()):
        addresses[1] += draw(st.integers(1, 6))  # words that are no neighbours, as on Deye
    return Register(
        function=draw(st.sampled_from([3, 4])),
        addresses=tuple(addresses),
        kind=kind,
        little=draw(st.booleans()),
    )


@st.composite
def points(draw) -> list[Placed]:
    many = []
    for number in range(draw(st.integers(1, 30))):
        register = draw(registers())
        beside = draw(st.sampled_from(["", "scale factor", "sign"]))
        near = min(65535, register.first + draw(st.integers(0, 20)))
        source = Register(function=register.function, addresses=(near,), kind="u16")
        many.append(
            Placed(
                point=Point(
                    name=f"p{number}",
                    unit="W",
                    register=register,
                    scale_at=near if beside == "scale factor" else None,
                    sign_from=(
                        SignSource(register=source, mask=None, plus=(1,), minus=())
                        if beside == "sign"
                        else None
                    ),
                ),
                unit=draw(st.sampled_from([1, 2, 247])),
            )
        )
    return many


@st.composite
def limits(draw) -> LinkLimits:
    borders = sorted(draw(st.sets(st.integers(0, 700), max_size=6)))
    ranges = tuple(zip(borders[::2], borders[1::2], strict=False))
    return LinkLimits(
        max_words=draw(st.integers(1, 125)),
        max_gap=draw(st.integers(0, 30)),
        ranges=ranges,
        no_cross=tuple(draw(st.sets(st.integers(0, 650), max_size=4))),
    )


@given(points(), limits())
def test_every_word_of_every_point_is_asked_for_in_one_request_with_all_it_needs(placed, limit):
    spans = {one.point.name: one.spans(limit.max_words) for one in placed}

    blocks = plan_blocks([span for some in spans.values() for span in some], limit)

    for one in placed:
        point, register = one.point, one.point.register
        beside = point.last - point.first < limit.max_words or point.scale_at is None
        wanted = {point.first, point.last} if beside else {register.first, register.last}
        assert any(
            (block.unit, block.function) == (one.unit, register.function)
            and block.first <= min(wanted)
            and max(wanted) <= block.first + block.count - 1
            for block in blocks
        )


@given(points(), limits())
def test_no_request_joins_values_beyond_what_the_device_stands(placed, limit):
    spans = [span for one in placed for span in one.spans(limit.max_words)]

    for block in plan_blocks(spans, limit):
        last = block.first + block.count - 1
        # One value alone may break a limit: torn it would be worse, and lint refuses the profile.
        alone = len({(span.first, span.last) for span in block.spans}) == 1
        inside = any((one.first, one.last) == (block.first, last) for one in block.spans)
        assert is_readable(block.first, last, limit) or alone or inside


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_that_ships_is_read_within_its_own_limits(name):
    profile = load_profile(name)
    placed = [Placed(point=one, unit=1) for one in profile.points if one.register is not None]
    spans = [span for one in placed for span in one.spans(profile.limits.max_words)]

    for block in plan_blocks(spans, profile.limits):
        assert is_readable(block.first, block.first + block.count - 1, profile.limits)


def encode(kind: str, value: float | str, size: int) -> int:
    """Return the raw number of a value, made without the code under test."""
    if isinstance(value, str):
        return int.from_bytes(value.encode("ascii").ljust(2 * size, b"\0"), "big")
    if kind == "f32":
        return int.from_bytes(struct.pack(">f", value), "big")
    return int.from_bytes(int(value).to_bytes(2 * size, "big", signed=kind[0] == "i"), "big")


@st.composite
def sent(draw) -> tuple[Register, dict[int, int], float | str]:
    register = draw(registers())
    size = len(register.addresses)
    value: float | str
    if register.kind.startswith("str"):
        letters = st.characters(min_codepoint=33, max_codepoint=126)
        value = draw(st.text(letters, max_size=2 * size))
    elif register.kind == "f32":
        value = draw(st.floats(width=32, allow_nan=False, allow_infinity=False))
    else:
        bits = 16 * size
        low, high = (0, 2**bits - 1) if register.kind[0] == "u" else (-(2 ** (bits - 1)), 0)
        value = draw(st.integers(low, high or 2 ** (bits - 1) - 1))
    raw = encode(register.kind, value, size)
    words = [raw >> 16 * shift & 0xFFFF for shift in reversed(range(size))]
    if register.little and not register.kind.startswith("str"):
        words.reverse()
    return register, dict(zip(register.addresses, words, strict=True)), value


@given(sent())
def test_what_was_sent_is_what_is_read(case):
    register, words, value = case

    assert register.decode(register.raw(words)) == value


@given(sent(), st.integers(0, 3))
def test_value_of_which_one_word_is_missing_is_unknown(case, which):
    register, words, _ = case
    del words[register.addresses[which % len(register.addresses)]]

    assert register.raw(words) is None


@given(st.integers(-30000, 30000), st.sampled_from([1.0, 0.1, 0.01, 0.001, 10.0, 100.0]))
def test_sign_by_name_turns_the_value_and_nothing_else(raw, scale):
    register = Register(function=3, addresses=(0,), kind="i16")
    plain = Point(name="it", unit="W", register=register, scale=scale)
    turned = Point(name="it", unit="W", register=register, scale=scale, sign=-1)
    words = {0: raw & 0xFFFF}

    assert turned.value(words) == -plain.value(words)
    assert plain.value(words) == pytest.approx(raw * scale)

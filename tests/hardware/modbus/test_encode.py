"""What is encoded is decoded again, for every type; so a simulator of ours tells no lies."""

from hypothesis import given
from hypothesis import strategies as st

from hardware.modbus.encode import encode, place, to_raw
from hardware.modbus.points import Point
from hardware.modbus.profile import load_profile, profile_names
from hardware.modbus.registers import Register, words_of

RANGES = {
    "u16": (0, 2**16 - 1),
    "i16": (-(2**15), 2**15 - 1),
    "u32": (0, 2**32 - 1),
    "i32": (-(2**31), 2**31 - 1),
    "u64": (0, 2**64 - 1),
    "i64": (-(2**63), 2**63 - 1),
}


@st.composite
def registers(draw: st.DrawFn) -> tuple[Register, object]:
    """A register of any type and word order, its words anywhere, with a value that fits."""
    kind = draw(st.sampled_from([*RANGES, "f32", "str5"]))
    count = words_of(kind) or 1
    spots = st.integers(0, 65535)
    addresses = draw(st.lists(spots, min_size=count, max_size=count, unique=True))
    if kind == "f32":
        value: object = draw(st.floats(width=32, allow_nan=False, allow_infinity=False))
    elif kind == "str5":
        letters = st.sampled_from("ABCabc019-/.")
        value = draw(st.text(letters, min_size=1, max_size=10))
    else:
        value = draw(st.integers(*RANGES[kind]))
    register = Register(
        function=3, addresses=tuple(addresses), kind=kind, little=draw(st.booleans())
    )
    return register, value


@given(registers())
def test_every_type_and_word_order_reads_back_what_was_written(case: tuple[Register, object]):
    register, value = case
    raw = to_raw(register, value)  # type: ignore[arg-type]
    assert raw is not None

    assert register.decode(register.raw(place(register, raw)) or 0) == value


@given(st.integers(-3000, 3000), st.sampled_from([1, -1]), st.sampled_from([1.0, 0.1, 10.0]))
def test_scale_and_sign_are_undone(number: int, sign: int, scale: float):
    register = Register(function=3, addresses=(5,), kind="i16")
    point = Point(name="p", unit="W", register=register, sign=sign, scale=scale)
    value = round(number * scale, 6)

    assert point.value(encode(point, value)) == value


def test_points_of_every_shipped_profile_read_back_what_they_can_say():
    told = 0
    for name in profile_names():
        for point in load_profile(name).points:
            known = [meaning for _, meaning in point.meanings or () if meaning is not None]
            wanted = known[0] if known else 20.0
            words = encode(point, wanted)
            if not words or point.sign_from is not None or point.register is None:
                continue
            if point.register.kind.startswith("str") or point.mask is not None:
                continue
            value = point.value(words)
            told += 1
            if known or point.bit is not None:
                assert value in (wanted, 0.0), (name, point.name)
            elif point.bounds.minimum is None or point.bounds.minimum <= 20:
                assert isinstance(value, float), (name, point.name)
                assert abs(value - 20.0) <= abs(point.scale), (name, point.name)

    assert told > 200


def test_nothing_is_made_of_what_a_point_cannot_say():
    register = Register(function=3, addresses=(1,), kind="u16")

    assert encode(Point(name="p", unit="", register=register, meanings=((1, "on"),)), "off") == {}
    assert encode(Point(name="p", unit="W", register=register, sentinels=(20,)), 20.0) == {}
    assert encode(Point(name="p", unit="W", register=register), None) == {}
    assert to_raw(register, float("nan")) is None

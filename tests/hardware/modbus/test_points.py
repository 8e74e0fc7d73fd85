"""Words become values: types, word order, scale, sentinels, signs and meanings."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.modbus.points import Point, SignSource
from hardware.modbus.registers import Register, words_of


def point(kind: str = "u16", addresses: tuple[int, ...] = (), **options: object) -> Point:
    words = words_of(kind) or 1
    little = bool(options.pop("little", False))
    places = addresses or tuple(range(words))
    register = Register(function=3, addresses=places, kind=kind, little=little)
    return Point(name="it", unit="W", register=register, **options)


def value(one: Point, *words: int) -> float | str | None:
    return one.value(dict(enumerate(words)))


@pytest.mark.parametrize(
    ("kind", "words", "expected"),
    [
        ("u16", (65535,), 65535),
        ("i16", (65535,), -1),
        ("i16", (32768,), -32768),
        ("u32", (1, 2), 65538),
        ("i32", (65535, 65534), -2),
        ("u64", (0, 1, 0, 0), 4294967296),
        ("i64", (65535, 65535, 65535, 65535), -1),
        ("f32", (0x41C8, 0x0000), 25.0),
        ("f32", (0xC2F6, 0xE666), -123.44999694824219),
    ],
)
def test_type_decodes(kind, words, expected):
    assert value(point(kind), *words) == pytest.approx(expected, abs=1e-5)


def test_little_order_puts_the_low_word_first():
    assert value(point("u32", little=True), 2, 1) == 65538


def test_words_need_not_be_neighbours():
    assert point("u32", (78, 80), little=True).value({78: 8144, 79: 5000, 80: 1}) == 73680


def test_word_that_was_not_read_leaves_the_value_unknown():
    assert point("u32").value({0: 1}) is None


@pytest.mark.parametrize("words", [(0x7FC0, 0), (0x7F80, 0), (0xFF80, 0)])
def test_nan_and_infinity_stop_here(words):
    assert value(point("f32"), *words) is None


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((0x534D, 0x4100, 0x5A5A), "SMA"),
        ((0x4142, 0x4344, 0x2000), "ABCD"),
        ((0xFFFF, 0xFFFF, 0xFFFF), None),
        ((0, 0, 0), ""),
        ((0x4107, 0x4200, 0), "AB"),
    ],
)
def test_text_ends_at_nul_and_keeps_only_what_prints(words, text):
    assert value(point("str3"), *words) == text


def test_scale_and_offset_apply_to_the_raw_value():
    assert value(point(scale=0.1, offset=-100), 1227) == 22.7


def test_sentinel_is_checked_before_scaling():
    assert value(point(sentinels=(0xFFFF,), scale=0.1), 0xFFFF) is None


def test_sentinel_of_a_signed_value_is_its_raw_word():
    assert value(point("i16", sentinels=(0x8000,)), 0x8000) is None


@pytest.mark.parametrize(("exponent", "expected"), [(0xFFFE, 49.98), (0, 4998), (1, 49980)])
def test_scale_factor_of_the_device_applies(exponent, expected):
    assert value(point(scale_at=1), 4998, exponent) == expected


@pytest.mark.parametrize("exponent", [0x8000, 11, 0xFFF5])
def test_scale_factor_out_of_range_leaves_the_value_unknown(exponent):
    assert value(point(scale_at=1), 4998, exponent) is None


def test_exporting_meter_is_turned_round():
    assert value(point("i16", sign=-1), 500) == -500


def test_zero_turned_round_is_plain_zero():
    assert str(value(point("i16", sign=-1), 0)) == "0.0"


@pytest.mark.parametrize(("direction", "expected"), [(1, 750), (0, -750)])
def test_sign_comes_from_another_register(direction, expected):
    source = SignSource(
        register=Register(function=3, addresses=(9,), kind="u16"), mask=None, plus=(1,), minus=()
    )
    battery = point("i16", absolute=True, sign_from=source)

    assert battery.value({0: 0x10000 - 750, 9: direction}) == expected
    assert (battery.first, battery.last) == (0, 9)


def test_sign_bits_that_say_neither_leave_the_value_unknown_unless_it_is_0():
    source = SignSource(
        register=Register(function=3, addresses=(9,), kind="u16"), mask=6, plus=(2,), minus=(1,)
    )
    battery = point(absolute=True, sign_from=source)

    assert battery.value({0: 750, 9: 0b101}) == 750
    assert battery.value({0: 750, 9: 0b011}) == -750
    assert battery.value({0: 750, 9: 0b001}) is None
    assert battery.value({0: 0, 9: 0b001}) == 0


def test_bit_is_taken_out():
    assert value(point(bit=3), 0b1000) == 1
    assert value(point(bit=3), 0b0111) == 0


def test_field_of_a_mask_is_taken_out_from_its_lowest_bit():
    assert value(point(mask=0xF0), 0xABCD) == 0xC
    assert value(point(mask=0x7), 0xABCD) == 0x5


def test_meaning_that_is_not_listed_is_unknown():
    state = point(meanings=((1, "off"), (4, "mppt")))

    assert value(state, 4) == "mppt"
    assert value(state, 9) is None


def test_bits_are_told_by_the_names_of_those_that_are_set():
    alarms = point(bits=((0, "fuse"), (3, "too hot")))

    assert value(alarms, 0b1001) == "fuse, too hot"
    assert value(alarms, 0b0110) == "bit 1, bit 2"
    assert value(alarms, 0) is None
    assert value(point(bits=((0, "fuse"),), no_bits=""), 0) == ""


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.booleans())
def test_any_float_survives_the_wire(number, little):
    high, low = struct.unpack(">HH", struct.pack(">f", number))
    words = (low, high) if little else (high, low)

    assert value(point("f32", little=little), *words) == number


@given(st.integers(-(2**31), 2**31 - 1), st.booleans())
def test_any_integer_survives_the_wire(number, little):
    high, low = divmod(number % 2**32, 2**16)
    words = (low, high) if little else (high, low)

    assert value(point("i32", little=little), *words) == number


@pytest.mark.parametrize("kind", ["u8", "str", "str0", "strx", "float"])
def test_unknown_type_has_no_words(kind):
    assert words_of(kind) is None

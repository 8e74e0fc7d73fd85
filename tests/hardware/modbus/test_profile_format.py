"""The profile format: what it says is taken, what it does not know is named with its place."""

import pytest

from hardware.modbus.derive import Rule, derive
from hardware.modbus.description import Profile
from hardware.modbus.lint import lint_profile
from hardware.modbus.points import Confidence, Group
from hardware.modbus.profile import ProfileInvalid, read_profile
from hardware.modbus.quality import Judged
from solard.core.errors import SolardError
from solard.core.readings import Quality

HEAD = """
profile: 1
id: test-device
products: [Test]
"""


def profile(body: str) -> Profile:
    return read_profile(HEAD + body, "test.yaml")


def point(line: str, head: str = ""):
    return profile(f"{head}\npoints:\n  it: {line}\n").points[0]


def test_point_takes_what_its_line_says():
    it = point(
        "{fc: 4, addr: 33149, type: i32, unit: W, sign: charge, nan: [0x7FFFFFFF], min: -9000, "
        "max: 9000, max_step: 500, group: slow, essential: true}"
    )

    assert it.register.function == 4
    assert it.register.addresses == (33149, 33150)
    assert it.sign == -1
    assert it.sentinels == (0x7FFFFFFF,)
    assert (it.bounds.minimum, it.bounds.maximum, it.bounds.max_step) == (-9000, 9000, 500)
    assert it.group is Group.SLOW
    assert it.essential


def test_vendor_numbers_that_start_at_1_become_wire_addresses():
    assert point("{addr: 5017, type: u32}", "number_base: 1").register.addresses == (5016, 5017)


def test_word_order_of_the_profile_may_be_overridden():
    body = (
        "words: little\npoints:\n  a: {addr: 1, type: u32}\n  b: {addr: 3, type: u32, words: big}"
    )
    first, second = profile(body).points

    assert first.register.little
    assert not second.register.little


def test_words_may_be_scattered():
    assert point("{addrs: [78, 80], type: u32, scale: 0.1}").register.addresses == (78, 80)


def test_register_that_gives_the_sign_is_read_by_the_same_function():
    it = point("{fc: 4, addr: 9, abs: true, sign_from: {addr: 5, discharge: 1}}")

    assert it.sign_from.register.function == 4
    assert it.sign_from.plus == (1,)


def test_sign_may_have_a_second_source():
    it = point(
        "{addr: 21, type: i16, abs: true, sign_from: {addr: 0, mask: 0x6, charge: 1, discharge: 2, "
        "else: {addr: 20, type: i16, negative: charge}}}"
    )

    assert it.value({21: 900, 0: 0b010, 20: 0}) == -900
    assert it.value({21: 900, 0: 0b100, 20: 0}) == 900
    assert it.value({21: 900, 0: 0, 20: 0xFFF0}) == -900
    assert it.value({21: 900, 0: 0, 20: 40}) == 900
    assert it.value({21: 900, 0: 0}) is None
    assert (it.first, it.last) == (0, 21)


def test_sentinels_and_bounds_may_be_said_once_for_all():
    one = profile(
        "nan: {u16: 0xFFFF, i32: [0x7FFFFFFF, 0x80000000]}\nplausible: {W: [-9, 9]}\n"
        "points: {a: {addr: 1, unit: W}, b: {addr: 2, type: i32, nan: 5, unit: W, max: 3}}"
    )

    assert one.points[0].sentinels == (0xFFFF,)
    assert one.points[1].sentinels == (0x7FFFFFFF, 0x80000000, 5)
    assert (one.points[0].bounds.minimum, one.points[0].bounds.maximum) == (-9, 9)
    assert (one.points[1].bounds.minimum, one.points[1].bounds.maximum) == (-9, 3)


def test_line_and_signs_of_a_family_are_taken():
    one = profile(
        "transport: {tcp: {port: 1502, others: 502}, rtu: {baud: 19200, parity: E}, "
        "framers: [mbap, rtu]}\n"
        "detect: [{fc: 4, addr: 9, in: [1, 2]}, {addr: 1, type: i16, min: -5, max: 5}]\n"
        "night: {silent_ok: true}\nnotes: Switch it on.\nfc_same: true"
    )

    assert (one.port, one.other_ports, one.framers) == (1502, (502,), ("mbap", "rtu"))
    assert (one.serial.baud, one.serial.parity) == (19200, "E")
    assert [sign.fits({9: 2, 1: 0xFFFF}) for sign in one.detect] == [True, True]
    assert [sign.fits({9: 3, 1: 6}) for sign in one.detect] == [False, False]
    assert (one.silent_ok, one.fc_same, one.notes) == (True, True, ("Switch it on.",))


def test_codes_are_translated_by_their_table():
    one = profile(
        "points: {state: {addr: 1}}\n"
        "derived: {word: {map: state, mask: 0xF0, to: {1: on, 0x2: off}, else: odd}}"
    )
    (spec,) = one.derived

    made = [derive(spec, {"state": Judged(code, Quality.GOOD)}) for code in (0x1F, 0x20, 0x30)]
    assert [judged.value for judged in made] == ["on", "off", "odd"]


def test_table_of_codes_or_bits_may_stand_once_for_several_points():
    head = 'tables:\n  mode: {0: off, 1: on}\n  alarm: {none: "", 3: too hot}'

    assert point("{addr: 1, enum: mode}", head).meanings == ((0, "off"), (1, "on"))
    alarm = point("{addr: 1, bits: alarm}", head)
    assert (alarm.bits, alarm.no_bits) == (((3, "too hot"),), "")


def test_limits_are_taken():
    limits = profile(
        "limits: {max_words: 50, max_gap: 8, request_gap: 0.3, connect_delay: 0.5, timeout: 10, "
        "min_interval: 5, ranges: [[33000, 33285]], no_cross: [33100]}"
    ).limits

    assert (limits.max_words, limits.max_gap, limits.request_gap_s) == (50, 8, 0.3)
    assert (limits.connect_delay_s, limits.timeout_s, limits.min_interval_s) == (0.5, 10, 5)
    assert (limits.ranges, limits.no_cross) == (((33000, 33285),), (33100,))


def test_confidence_belongs_to_its_point():
    one = profile("points: {it: {addr: 1}}\nprovenance: {sources: [x], confidence: {it: C}}")

    assert one.points[0].confidence is Confidence.C


def test_variant_changes_the_lines_that_it_names():
    one = profile(
        "points: {kind: {addr: 0}, power: {addr: 1, type: i16, unit: W}}\n"
        "variants: {hv: {when: {point: kind, in: [6, 7]}, set: {power: {scale: 10}}}}"
    )

    variant = one.variants[0]
    assert (variant.point, variant.accepted) == ("kind", (6.0, 7.0))
    assert variant.points[0].scale == 10
    assert variant.points[0].unit == "W"


def test_derived_values_are_taken_in_order():
    one = profile(
        "points: {a: {addr: 1}, b: {addr: 2}}\n"
        "derived: {c: {sum: a, minus: b, unit: W}, d: {when: {of: c, at_least: 4, then: hot}}}"
    )

    assert [spec.rule for spec in one.derived] == [Rule.SUM, Rule.WHEN]
    assert one.derived[0].minus == ("b",)
    assert (one.derived[1].at_least, one.derived[1].then) == (4, "hot")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("ponts: {}", r"test\.yaml\.ponts: unknown key; the nearest known key is points"),
        ("points: {it: {addr: 1, tipe: u16}}", r"points\.it\.tipe: .*nearest known key is type"),
        ("points: {it: {type: u16}}", r"points\.it\.addr: missing"),
        ("points: {it: {addr: 1, type: u24}}", r"points\.it\.type: expected u16 i16"),
        ("points: {it: {addr: 70000}}", r"takes 1 words from 0\.\.65535"),
        ("points: {it: {addrs: [1], type: u32}}", r"u32 takes 2 words"),
        ("points: {it: {addr: one}}", r"expected a whole number, found 'one'"),
        ("points: {it: {addr: 1, scale: big}}", r"scale: expected a number"),
        ("points: {it: {addr: 1, fc: 6}}", r"fc: expected 3 \(holding\) or 4"),
        ("points: {it: {addr: 1, sign: up}}", r"sign: expected import or discharge or export"),
        ("points: {it: {addr: 1, essential: 1}}", r"essential: expected true or false"),
        ("points: {it: {addr: 1, enum: [1]}}", r"enum: expected raw values"),
        ("points: {it: {addr: 1, enum: {1: true}}}", r"enum\.1: expected a text or a number"),
        ("points: {it: {addr: 1, bits: {3: 4}}}", r"bits\.3: expected a text"),
        ("tables: {a: {}}\npoints: {it: {addr: 1, enum: b}}", r"enum: expected .*one of a, found"),
        ("points: {it: {addr: 1, sign_from: {addr: 2}}}", r"say which values mean"),
        ("points: {it: {model: 1, point: Mn}}", r"needs `sunspec: \{use: true\}`"),
        ("points: [1]", r"points: expected keys with values"),
        ("derived: {d: {sum: a, first: b}}", r"derived\.d: needs exactly one of"),
        ("derived: {d: {unit: W}}", r"derived\.d: needs exactly one of"),
        ("words: middle", r"words: expected big or little"),
        ("limits: {max_words: 126}", r"max_words: expected 1 to 125"),
        ("limits: {ranges: [1]}", r"ranges: expected pairs"),
        ("provenance: {confidence: {it: A}}", r"confidence\.it: names no point"),
        ("points: {it: {addr: 1}}\nprovenance: {confidence: {it: D}}", r"expected A, B or C"),
        ("variants: {v: {when: {point: a}, set: {b: {scale: 1}}}}", r"names no point"),
        ("profile: 2", r"duplicate|twice|already"),
        ("write: {setpoint: {addr: 1}}", r"write\.setpoint: solard never writes"),
        ("transport: {rtu: {parity: odd}}", r"parity: expected N, E or O"),
        ("plausible: {W: [5, 1]}", r"plausible\.W: expected \[lowest, highest\]"),
        ("night: {nan_means: zero}", r"nan_means: expected missing or asleep"),
        ("provenance: {sources: {ab: x}}", r"sources: expected one letter"),
        ("derived: {d: {map: a, to: {1: [2]}}}", r"expected a text or a number"),
    ],
)
def test_fault_is_named_with_its_place(body, message):
    with pytest.raises(SolardError, match=message):
        profile(body)


def test_other_format_is_refused():
    with pytest.raises(ProfileInvalid, match="this solard reads format 1"):
        read_profile("profile: 2\nid: x\n", "x.yaml")


SOUND = """
points:
  pv_power: {addr: 0, type: u32, unit: W}
  expert: {addr: 9}
provenance: {sources: [one, two]}
tests:
  - name: sun
    blocks: [{unit: 1, addr: 0, words: [0, 5]}, {unit: 1, addr: 9, words: [1]}]
    expect: {pv_power: 5}
"""


def faults(body: str) -> str:
    return "\n".join(lint_profile(profile(body)))


def test_sound_profile_has_no_fault():
    assert faults(SOUND) == ""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("expert: {addr: 9}", "expert: {addr: 1}", "share some of their registers"),
        ("points:", "limits: {ranges: [[0, 0], [1, 9]]}\npoints:", "do not fit into one request"),
        ("points:", "limits: {no_cross: [1]}\npoints:", "do not fit into one request"),
        ("sources: [one, two]", "sources: [one]", "pv_power: 1 source; two independent ones"),
        ("{sources: [one, two]}", "{}", "where are these registers from?"),
        ("unit: W}", "unit: W, seen: a}", "seen: a is no source"),
        ("unit: W}", "unit: W, scale: 0}", "scale: 0 makes every value 0"),
        ("unit: W}", "unit: W, min: 5, max: 5}", "no value is plausible"),
        ("unit: W}", "unit: W, nan: 0x100000000}", "0x100000000 does not fit a u32"),
        ("expert: {addr: 9}", "expert: {addr: 0, type: u32}", "are the same registers"),
        ("provenance", "derived: {expert: {sum: pv_power}}\nprovenance", "stands above already"),
        ("two]", "two], confidence: {pv_power: C}", "confidence C, but pv_power rests on it"),
        ("unit: W}", "unit: Watt}", "'Watt' is none of"),
        ("expert: {addr: 9}", "expert: {addr: 9, bits: {16: x}}", "a u16 has no bit 16"),
        ("expert: {addr: 9}", "expert: {addr: 9, role: moon}", "'moon' is no unit"),
        ("expert: {addr: 9}", "expert: {addr: 9, zero_unless: [x]}", "x is no point"),
        ("expect: {pv_power: 5}", "expect: {pw: 5}", "pw is no point"),
        (
            "expert: {addr: 9}",
            "expert: {addr: 9, sign_from: {addr: 10, import: 1}}",
            "needs `abs: true`",
        ),
        ("provenance", "derived: {grid_power: {sum: gone}}\nprovenance", "gone is no point"),
    ],
)
def test_lint_finds(old, new, fault):
    assert fault in faults(SOUND.replace(old, new))


@pytest.mark.parametrize("confidence", ["B", "C"])
def test_one_source_is_enough_for_those_who_say_so(confidence):
    body = SOUND.replace("[one, two]", "{a: one}").replace(
        "{addr: 9}", f"{{addr: 9, seen: a, confidence: {confidence}}}"
    )

    assert "expert" not in faults(body)


def test_two_bytes_of_one_register_are_two_values():
    body = SOUND.replace(
        "expert: {addr: 9}", "expert: {addr: 9, mask: 0xFF}\n  other: {addr: 9, mask: 0xFF00}"
    )

    assert faults(body) == ""


def test_register_may_be_shown_once_more_in_words_to_people():
    words = "words: {addr: 9, enum: {1: on}, group: extra}"

    assert faults(SOUND.replace("{addr: 9}", "{addr: 9}\n  " + words)) == ""
    twice = SOUND.replace("{addr: 9}", "{addr: 9}\n  " + words.replace(", group: extra", ""))
    assert "are the same registers" in faults(twice)


def test_value_may_be_derived_where_the_device_lacks_the_point():
    body = SOUND.replace(
        "provenance", "derived: {pv_power: {sum: expert, without: pv_power}}\nprovenance"
    )

    assert faults(body) == ""


def test_profile_without_a_recording_is_a_fault():
    assert "at least one recording" in faults(SOUND.split("tests:")[0])


def test_doubtful_register_under_a_derived_control_value_is_a_fault():
    body = SOUND.replace(
        "provenance: {sources: [one, two]}",
        "derived: {grid_power: {sum: exp*}}\n"
        "provenance: {sources: [one, two], confidence: {expert: C}}",
    )

    assert "points.expert: confidence C, but grid_power rests on it" in faults(body)

"""Derived values: unknown parts stay unknown, parts that the device lacks are left out."""

import pytest

from hardware.modbus.derive import Derived, Rule, derive
from hardware.modbus.quality import MISSING, Judged
from solard.core.readings import Quality

ASLEEP = Judged(None, Quality.ASLEEP)


def good(value: float | str) -> Judged:
    return Judged(value, Quality.GOOD)


def made(rule: Rule, known: dict[str, Judged], *parts: str, **options: object) -> Judged | None:
    return derive(Derived(name="it", unit="W", rule=rule, parts=parts, **options), known)


def test_sum_adds_and_takes_away():
    known = {"a": good(5.0), "b": good(2.0), "c": good(10.0)}

    assert made(Rule.SUM, known, "a", "c", minus=("b",)) == good(13.0)


def test_sum_with_an_unknown_part_is_unknown():
    assert made(Rule.SUM, {"a": good(5.0), "b": MISSING}, "a", "b") == MISSING


def test_sum_leaves_out_what_the_device_lacks():
    assert made(Rule.SUM, {"a": good(5.0)}, "a", "b") == good(5.0)


def test_sum_of_nothing_does_not_exist():
    assert made(Rule.SUM, {}, "a") is None


def test_sum_with_a_suspect_part_is_suspect():
    known = {"a": good(5.0), "b": Judged(9.0, Quality.SUSPECT)}

    assert made(Rule.SUM, known, "a", "b") == Judged(14.0, Quality.SUSPECT)


def test_sum_may_have_a_floor():
    assert made(Rule.SUM, {"a": good(-4.0)}, "a", at_least=0.0) == good(0.0)


def test_star_names_all_parts_of_a_kind():
    known = {"pv_1": good(1.0), "pv_2": good(2.0), "other": good(9.0)}

    assert made(Rule.SUM, known, "pv_*") == good(3.0)


def test_sum_of_known_parts_passes_over_unused_strings():
    known = {"pv_1": good(670.0), "pv_2": good(480.0), "pv_3": ASLEEP}

    assert made(Rule.SUM_KNOWN, known, "pv_*") == good(1150.0)
    assert made(Rule.SUM_KNOWN, {"pv_1": ASLEEP}, "pv_*") == ASLEEP


def test_product_needs_every_part():
    assert made(Rule.PRODUCT, {"a": good(25.0), "v": good(51.2)}, "a", "v") == good(1280.0)
    assert made(Rule.PRODUCT, {"a": good(25.0)}, "a", "v") is None
    assert made(Rule.PRODUCT, {"a": good(25.0), "v": MISSING}, "a", "v") == MISSING


def test_first_known_value_wins():
    known = {"a": MISSING, "b": good(7.0), "c": good(8.0)}

    assert made(Rule.FIRST, known, "a", "b", "c") == good(7.0)
    assert made(Rule.FIRST, {"a": ASLEEP, "b": MISSING}, "a", "b") == ASLEEP


def test_least_known_limit_wins():
    assert made(Rule.LEAST, {"a": good(8.0), "b": good(3.0), "c": MISSING}, "a", "b", "c") == good(
        3.0
    )
    assert made(Rule.LEAST, {"a": MISSING}, "a") == MISSING


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (good(0.0), good(2.0), good(1.0)),
        (good(0.0), good(0.0), good(0.0)),
        (good(0.0), MISSING, good(0.0)),
        (MISSING, MISSING, MISSING),
    ],
)
def test_any_says_yes_no_or_unknown(a, b, expected):
    assert made(Rule.ANY, {"a": a, "b": b}, "a", "b") == expected


@pytest.mark.parametrize(
    ("voltage", "expected"), [(good(230.0), good("grid")), (good(3.0), MISSING), (MISSING, MISSING)]
)
def test_threshold_turns_a_number_into_a_word(voltage, expected):
    assert made(Rule.WHEN, {"v": voltage}, "v", at_least=80.0, then="grid") == expected


def test_threshold_may_have_two_sides():
    assert made(
        Rule.WHEN, {"v": good(0.0)}, "v", at_least=1.0, then="grid", otherwise="island"
    ) == good("island")


def test_value_may_need_others_or_their_absence():
    known = {"a": good(1.0), "b": MISSING}

    assert made(Rule.SUM, known, "a", needs=("c",)) is None
    assert made(Rule.SUM, known, "a", without=("b",)) is None
    assert made(Rule.SUM, known, "a", needs=("b",), without=("c",)) == good(1.0)


def test_first_of_which_one_part_sleeps_sleeps():
    assert made(Rule.FIRST, {"a": MISSING, "b": ASLEEP}, "a", "b") == ASLEEP


def test_code_may_mean_that_the_device_sleeps():
    table = {"meanings": (("MPPT", "grid"), ("SLEEPING", "asleep"))}

    assert made(Rule.MAP, {"a": good("SLEEPING")}, "a", **table) == ASLEEP
    assert made(Rule.MAP, {"a": good("MPPT")}, "a", **table) == good("grid")
    assert made(Rule.MAP, {"a": good("FAULT")}, "a", **table) == MISSING
    assert made(Rule.MAP, {"a": ASLEEP}, "a", **table) == ASLEEP


def test_sum_may_turn_its_sign_and_is_rounded_as_points_are():
    known = {"a": good(0.1), "b": good(0.2)}

    assert made(Rule.SUM, known, "a", "b", factor=-1.0) == good(-0.3)
    assert made(Rule.PRODUCT, known, "a", "b", factor=-1.0) == good(-0.02)

"""People's units in, our own units out, and a sentence for everything else."""

import contextlib
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solard.config.quantities import (
    ANGLE,
    COORDINATE,
    DURATION,
    ENERGY,
    PEAK,
    POWER,
    SHARE,
    TEMPERATURE,
    VOLTAGE,
    Money,
    QuantityInvalid,
    Unit,
    read_fuse,
    read_minute,
    read_money,
    read_quantity,
    read_window,
)
from solard.config.reader import Plain


@pytest.mark.parametrize(
    ("written", "unit", "value"),
    [
        ("6.4 kW", POWER, 6400.0),
        ("6.4kW", POWER, 6400.0),
        ("150 W", POWER, 150.0),
        ("−3 kW", POWER, -3000.0),
        ("10 kWh", ENERGY, 10000.0),
        ("30 %", SHARE, 0.3),
        ("29%", SHARE, 0.29),
        ("15 min", DURATION, 900.0),
        ("1 h 30 min", DURATION, 5400.0),
        ("1h30min", DURATION, 5400.0),
        ("7 days", DURATION, 604800.0),
        ("78 °C", TEMPERATURE, 78.0),
        ("49.6 V", VOLTAGE, 49.6),
        ("35°", ANGLE, 35.0),
        ("35 deg", ANGLE, 35.0),
        ("4 kWp", PEAK, 4000.0),
        ("5000 Wp", PEAK, 5000.0),
        (46.81, COORDINATE, 46.81),
        ("46.81°", COORDINATE, 46.81),
    ],
)
def test_quantity_is_read_in_its_unit(written: Plain, unit: Unit, value: float) -> None:
    assert read_quantity(written, unit) == value


@pytest.mark.parametrize(
    ("written", "unit", "sentence"),
    [
        ("6.4 KW", POWER, '"6.4 KW": unknown unit "KW"; did you mean "kW"?'),
        ("5 kWh", POWER, '"5 kWh" is an energy, not a power; write it like 6.4 kW'),
        ("6,4 kW", POWER, '"6,4 kW" has a comma; write the decimals with a point'),
        (6400, POWER, "6400 has no unit; did you mean 6.4 kW?"),
        (4, POWER, "4 has no unit; did you mean 4 kW?"),
        (0.2, SHARE, "0.2 has no unit; did you mean 20 %?"),
        (35, ANGLE, "35 has no unit; did you mean 35°?"),
        ("6400", POWER, '"6400" has no unit; write a power like 6.4 kW'),
        (True, POWER, "true is not a power; write it like 6.4 kW"),
        (None, POWER, "has no value; write a power like 6.4 kW"),
        ("", POWER, '"" is not a power; write it like 6.4 kW'),
        ("inf kW", POWER, '"inf kW" is not a power; write it like 6.4 kW'),
        ("1e400 kW", POWER, '"1e400 kW" is too large for a number'),
        ("22:30", DURATION, '"22:30" is not a duration; write it like 15 min'),
        ("15 minutes", DURATION, '"15 minutes": unknown unit "minutes"; did you mean "min"?'),
        ("1 kW 2 kW", POWER, '"1 kW 2 kW" is more than one value; write it like 6.4 kW'),
        ("9" * 300, POWER, '"99999999999999999999…" is far too long for one value'),
    ],
)
def test_wrong_quantity_says_what_to_write(written: Plain, unit: Unit, sentence: str) -> None:
    with pytest.raises(QuantityInvalid) as caught:
        read_quantity(written, unit)

    assert str(caught.value) == sentence


@given(st.one_of(st.text(max_size=120), st.integers(), st.floats(), st.booleans(), st.none()))
def test_any_input_is_a_finite_number_or_a_sentence(written: Plain) -> None:
    for unit in (POWER, DURATION, SHARE):
        value = 0.0
        with contextlib.suppress(QuantityInvalid):
            value = read_quantity(written, unit)

        assert isfinite(value)


def test_money_has_an_amount_and_a_currency() -> None:
    assert read_money("0.28 EUR/kWh", "kWh") == Money(amount=0.28, currency="EUR")
    assert read_money("0.04 CHF / h", "h") == Money(amount=0.04, currency="CHF")


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (0.28, "0.28 has no unit; write a price like 0.28 EUR/kWh"),
        ("0.28", '"0.28" is not a price; write it like 0.28 EUR/kWh'),
        ("28 ct/kWh", '"28 ct/kWh" is not a price'),
        ("0.04 CHF/h", '"0.04 CHF/h" is per h, not per kWh; write it like 0.28 EUR/kWh'),
        (None, "has no value"),
    ],
)
def test_wrong_money_says_what_to_write(written: Plain, sentence: str) -> None:
    with pytest.raises(QuantityInvalid) as caught:
        read_money(written, "kWh")

    assert str(caught.value).startswith(sentence)


def test_window_may_pass_midnight() -> None:
    assert read_window("22:00-07:00") == (1320, 420)
    assert read_window("16:00 – 24:00") == (960, 1440)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("22:00", '"22:00" is not a time window; write it like "22:00-07:00"'),
        (1350, '1350 is not a time window; write it like "22:00-07:00"'),
        ("25:00-07:00", '"25:00" is not a time of day; times run from 00:00 to 24:00'),
        ("07:00-07:00", '"07:00-07:00" is empty: it ends when it starts'),
    ],
)
def test_wrong_window_says_what_to_write(written: Plain, sentence: str) -> None:
    with pytest.raises(QuantityInvalid) as caught:
        read_window(written)

    assert str(caught.value) == sentence


def test_minute_that_is_no_time_is_refused() -> None:
    with pytest.raises(QuantityInvalid, match='"soon" is not a time; write it like "22:30"'):
        read_minute("soon")


def test_fuse_has_a_current_and_phases() -> None:
    assert read_fuse("3 x 35 A") == (35.0, 3)
    assert read_fuse("35 A") == (35.0, 1)


@pytest.mark.parametrize("written", [35, "2 x 35 A", "3 x 35", None])
def test_wrong_fuse_says_what_to_write(written: Plain) -> None:
    with pytest.raises(QuantityInvalid, match="write it like 3 x 35 A, or 35 A"):
        read_fuse(written)


def test_fuse_outside_the_range_is_refused() -> None:
    with pytest.raises(QuantityInvalid, match=r"5000 A is outside 1\.\.1000 A"):
        read_fuse("5000 A")


@pytest.mark.parametrize(
    ("unit", "low", "high", "said"),
    [
        (SHARE, 0.0, 1.0, "0..100 %"),
        (ANGLE, 0.0, 90.0, "0..90°"),
        (POWER, 1.0, 2000.0, "1 W .. 2 kW"),
        (DURATION, 30.0, 86400.0, "30 s .. 1 day"),
        (TEMPERATURE, 40.0, 100.0, "40..100 °C"),
        (POWER, 1.0, None, "at least 1 W"),
        (POWER, None, 1000.0, "at most 1 kW"),
        (POWER, None, None, "any"),
    ],
)
def test_range_is_said_in_peoples_units(
    unit: Unit, low: float | None, high: float | None, said: str
) -> None:
    assert unit.say_range(low, high) == said

from datetime import UTC, datetime, timedelta

import pytest

from tests.tui.pictures import NOW, STATE
from tui import format as words


@pytest.mark.parametrize(
    ("power_w", "text"),
    [
        (None, "—"),
        (0.0, "0 W"),
        (-0.3, "0 W"),
        (480.4, "480 W"),
        (999.4, "999 W"),
        (999.6, "1.00 kW"),
        (2620.0, "2.62 kW"),
        (-100.0, "-100 W"),
        (12_430.0, "12.4 kW"),
    ],
)
def test_power_is_said_in_the_unit_that_people_use(power_w: float | None, text: str) -> None:
    assert words.power(power_w) == text


@pytest.mark.parametrize(
    ("energy_wh", "text"),
    [(None, "—"), (0.0, "0.0 kWh"), (12_400.0, "12.4 kWh"), (124_000.0, "124 kWh")],
)
def test_energy_is_said_in_kilowatt_hours(energy_wh: float | None, text: str) -> None:
    assert words.energy(energy_wh) == text


@pytest.mark.parametrize(
    ("rao", "text"),
    [
        (None, "—"),
        (0, "τ 0.0000"),
        (41_300_000, "τ 0.0413"),
        (1_204_000_000, "τ 1.204"),
        (100_000_000_000, "τ 100"),
        (1_204_000_000_000, "τ 1,204"),
    ],
)
def test_rao_become_tao(rao: int | None, text: str) -> None:
    assert words.tao(rao) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "—"), (1182.0, "1,182"), (118.2, "118.2"), (12.0, "12.00"), (0.4022, "0.402")],
)
def test_rates_keep_about_four_digits(number: float | None, text: str) -> None:
    assert words.rate(number) == text


def test_unknown_money_is_a_dash() -> None:
    assert words.money(None, "CHF") == "—"
    assert words.money(0.02, "CHF") == "0.02 CHF"
    assert words.money(-0.001, "CHF") == "0.00 CHF"
    assert words.money(1.5, None) == "1.50"


def test_times_are_local_at_the_site() -> None:
    assert words.clock(NOW, STATE) == "14:24"
    assert words.clock_with_seconds(NOW, STATE) == "14:24:05"
    assert words.day(NOW, STATE) == "Sat 13 Jun"
    assert words.day(datetime(2026, 6, 13, 22, 30, tzinfo=UTC), STATE) == "Sun 14 Jun"


def test_another_day_is_named() -> None:
    assert words.day_and_clock(NOW + timedelta(hours=2), STATE) == "16:24"
    assert words.day_and_clock(NOW + timedelta(hours=12), STATE) == "Sun 14 Jun 02:24"


def test_iso_days_are_read_out_and_anything_else_is_left() -> None:
    assert words.iso_day("2026-06-13") == "Sat 13 Jun"
    assert words.iso_day("today") == "today"


def test_the_rest_of_the_units() -> None:
    assert words.percent(0.719) == "71 %"
    assert words.temperature(61.4) == "61 °C"
    assert words.watts(1092.4) == "1,092 W"
    assert words.count(1284) == "1,284"
    assert words.duration(5400.0) == "1 h 30 min"
    assert [words.percent(None), words.temperature(None), words.watts(None)] == ["—"] * 3
    assert [words.count(None), words.duration(None), words.kilowatts(None)] == ["—"] * 3

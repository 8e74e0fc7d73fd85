"""Measured days load whole, with honest gaps and two weeks of history."""

import gzip
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest

from hardware.sim.measured import DAY_NAMES, DayUnknown, load_day


def energy_kwh(name: str, hours: int = 24) -> float:
    return sum(row.pv_w for row in load_day(name).rows[: 2 * hours]) / 2000.0


def test_there_are_four_days() -> None:
    assert DAY_NAMES == ("sunny", "cloudy", "winter", "sydney")


@pytest.mark.parametrize("name", DAY_NAMES)
def test_day_has_no_gap_and_begins_at_local_midnight(name: str) -> None:
    day = load_day(name)

    starts = [row.starts_at for row in day.rows]

    assert len(starts) >= 48
    assert starts == [day.starts_at + n * timedelta(minutes=30) for n in range(len(starts))]


@pytest.mark.parametrize("name", DAY_NAMES)
def test_history_is_the_two_weeks_before_in_quarter_hours(name: str) -> None:
    day = load_day(name)

    first, last = day.history[0].starts_at, day.history[-1].starts_at

    assert first == day.starts_at - timedelta(days=14)
    assert last == day.starts_at - timedelta(minutes=15)
    assert 1300 <= len(day.history) <= 1344


def test_days_have_the_energy_that_was_measured() -> None:
    assert energy_kwh("sunny") == pytest.approx(32.66, abs=0.01)
    assert energy_kwh("cloudy") == pytest.approx(14.96, abs=0.01)
    assert energy_kwh("winter") == pytest.approx(13.18, abs=0.01)
    assert energy_kwh("sydney") == pytest.approx(6.37, abs=0.01)


def test_sunny_morning_is_as_measured() -> None:
    day = load_day("sunny")

    ten = next(r for r in day.rows if r.starts_at == datetime(2024, 5, 28, 8, tzinfo=UTC))

    assert (ten.pv_w, ten.house_w) == (2477.4, 300.1)


def test_history_keeps_the_energy_of_each_half_hour() -> None:

    day = load_day("sunny")
    raw = {
        line.split(",")[0]: line.split(",")[1:]
        for line in _lines("sunny")
        if line.startswith("2024-05-27T10")
    }

    quarters = [q for q in day.history if q.starts_at.isoformat().startswith("2024-05-27T10:")]

    measured_wh = sum(float(pv_w) / 2 for pv_w, _ in raw.values())
    assert len(quarters) == 4
    assert sum(q.pv_wh for q in quarters) == pytest.approx(measured_wh)


def test_unmeasured_half_hours_are_left_out_of_history() -> None:
    # The meter of 23 December 2024 slept: the winter day's history has no noon there.
    noon = datetime(2024, 12, 23, 11, tzinfo=UTC)

    assert noon not in {row.starts_at for row in load_day("winter").history}


def test_unknown_day_names_those_that_there_are() -> None:
    with pytest.raises(DayUnknown, match="no measured day 'snowy'; there are sunny, cloudy"):
        load_day("snowy")


def test_attribution_ships_with_the_data() -> None:
    text = files("hardware.sim.days").joinpath("README.md").read_text(encoding="utf-8")

    assert "davidusb-geek/emhass" in text
    assert "pierre-haessig/ausgrid-solar-data" in text
    assert "CC BY 4.0" in text


def _lines(name: str) -> list[str]:

    packed = files("hardware.sim.days").joinpath(f"{name}.csv.gz").read_bytes()
    return gzip.decompress(packed).decode().splitlines()

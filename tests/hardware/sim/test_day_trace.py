"""Between measured half hours the sky moves, and every half hour keeps its energy."""

from datetime import timedelta
from statistics import mean, pstdev

import pytest

from hardware.sim.measured import DAY_NAMES, load_day
from hardware.sim.trace import CELLS, DayTrace

NOON = 27
"""The slot from 13:30 local time."""


@pytest.mark.parametrize("name", DAY_NAMES)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_half_hour_keeps_its_sun_and_its_house(name: str, seed: int) -> None:
    day = load_day(name)
    trace = DayTrace(day, seed)

    for slot, row in enumerate(day.rows):
        assert mean(trace.pv_cells(slot)) == pytest.approx(row.pv_w, abs=1e-6)
        assert mean(trace.house_cells(slot)) == pytest.approx(row.house_w, abs=1e-6)


@pytest.mark.parametrize("name", DAY_NAMES)
def test_sun_is_never_negative_nor_beyond_the_panels(name: str) -> None:
    day = load_day(name)
    trace = DayTrace(day, 3)

    cells = [watts for slot in range(48) for watts in trace.pv_cells(slot)]

    assert min(cells) >= 0.0
    assert max(cells) <= day.peak_w


def test_clear_hour_has_hardly_any_texture() -> None:
    day = load_day("sunny")
    cells = DayTrace(day, 1).pv_cells(NOON + 2)

    assert pstdev(cells) < 0.03 * day.rows[NOON + 2].pv_w


def test_broken_clouds_have_much() -> None:
    day = load_day("cloudy")
    cells = DayTrace(day, 1).pv_cells(32)

    assert pstdev(cells) > 0.1 * day.rows[32].pv_w


def test_another_seed_is_another_sky() -> None:
    day = load_day("cloudy")

    assert DayTrace(day, 1).pv_cells(32) != DayTrace(day, 2).pv_cells(32)


def test_the_same_seed_is_the_same_sky() -> None:
    day = load_day("cloudy")

    assert DayTrace(day, 7).pv_cells(32) == DayTrace(day, 7).pv_cells(32)


def test_clear_sun_does_not_jump_between_half_hours() -> None:
    trace = DayTrace(load_day("sunny"), 1)

    before, after = trace.pv_cells(NOON + 1)[-1], trace.pv_cells(NOON + 2)[0]

    assert abs(after - before) < 60.0


def test_moment_finds_its_cell() -> None:
    day = load_day("sunny")
    trace = DayTrace(day, 1)

    at = day.starts_at + timedelta(minutes=30 * NOON, seconds=25)

    assert trace.pv_w(at) == trace.pv_cells(NOON)[2]
    assert trace.house_w(at) == trace.house_cells(NOON)[2]
    assert len(trace.pv_cells(NOON)) == CELLS == 180


def test_next_day_is_the_one_that_was_measured() -> None:
    day = load_day("sunny")
    trace = DayTrace(day, 1)

    tomorrow = day.starts_at + timedelta(days=1, minutes=30 * NOON)

    assert trace.pv_w(tomorrow) == trace.pv_cells(NOON + 48)[0]


@pytest.mark.parametrize("days", [-1, 5, 400])
def test_beyond_the_measured_hours_the_day_repeats(days: int) -> None:
    day = load_day("sunny")
    trace = DayTrace(day, 1)

    at = day.starts_at + timedelta(days=days, minutes=30 * NOON)

    assert trace.pv_w(at) == trace.pv_cells(NOON)[0]

"""The plan's time grid."""

from datetime import timedelta
from itertools import pairwise

from scheduler.steps import make_steps
from solard.core.tariff import PriceWindow, Tariff
from tests.scheduler.plans import MIDNIGHT, case_of, forecast_of


def test_two_days_become_96_steps_that_grow() -> None:
    steps = make_steps(forecast_of([(0.0, 0.0)] * 196))

    assert len(steps) == 96
    assert [steps[index].hours for index in (0, 47, 48, 71, 72, 95)] == [0.25, 0.25, 0.5, 0.5, 1, 1]
    assert steps[-1].ends_at == MIDNIGHT + timedelta(hours=48)


def test_steps_join_without_gap_or_overlap() -> None:
    steps = make_steps(forecast_of([(0.0, 0.0)] * 192))

    assert all(one.ends_at == later.starts_at for one, later in pairwise(steps))


def test_long_steps_hold_the_mean_of_their_slots() -> None:
    quarters = [(0.0, 0.0)] * 48 + [(100.0, 300.0), (300.0, 500.0)]

    last = make_steps(forecast_of(quarters))[-1]

    assert (last.hours, last.pv_w, last.house_w) == (0.5, 200.0, 400.0)


def test_grid_ends_with_a_short_forecast() -> None:
    assert len(make_steps(forecast_of([(0.0, 0.0)] * 3))) == 3


def test_forecast_without_slots_has_no_steps() -> None:
    assert make_steps(forecast_of([])) == ()


def test_price_that_changes_inside_a_long_step_is_averaged() -> None:
    evening = PriceWindow(from_minute=12 * 60 + 15, to_minute=24 * 60, price_per_kwh=0.40)
    tariff = Tariff(import_per_kwh=0.20, import_windows=(evening,))

    case = case_of([(0.0, 0.0)] * 52, tariff=tariff)

    assert [round(price, 6) for price in case.import_per_kwh[46:]] == [0.20, 0.20, 0.30, 0.40]


def test_unknown_import_counts_as_dear() -> None:
    assert case_of([(0.0, 0.0)], tariff=Tariff()).import_per_kwh == (0.30,)


def test_prices_follow_the_clock_on_the_wall() -> None:
    morning = PriceWindow(from_minute=120, to_minute=135, price_per_kwh=0.40)
    tariff = Tariff(import_per_kwh=0.20, import_windows=(morning,))

    case = case_of([(0.0, 0.0)] * 2, tariff=tariff, timezone="Europe/Paris")

    assert case.import_per_kwh == (0.40, 0.20)

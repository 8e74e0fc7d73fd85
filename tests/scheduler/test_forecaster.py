"""The forecaster as the simulator calls it: fed as time goes by, and blind to what comes later."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from scheduler.forecaster import Expected, Forecaster
from scheduler.past import row_quarters
from scheduler.pv_model import model_sky
from scheduler.sky import Floats, Sky
from tests.scheduler.skies import FRANCE, MONDAY

START = MONDAY - timedelta(days=6)
NOON = MONDAY + timedelta(hours=11)
SKY = model_sky(FRANCE, START, MONDAY + timedelta(days=4))


def cloudy(sky: Sky, seed: int = 1) -> Floats:
    """Every day its own share of clear sky, every quarter hour its own cloud."""
    random = np.random.default_rng(seed)
    daily = random.uniform(0.2, 1.0, sky.day.max() - sky.day.min() + 1)
    return sky.clear_w * np.clip(
        daily[sky.day - sky.day.min()] * random.uniform(0.8, 1.2, sky.count), 0, 1
    )


def fed(pv_w: Floats, *, step_s: int = 900, issued_w: Floats | None = None) -> Forecaster:
    forecaster = Forecaster(SKY, FRANCE.timezone)
    forecaster.take(START, step_s, pv_w, np.full(len(pv_w), 400.0))
    if issued_w is not None:
        forecaster.take_issued(START, 900, issued_w)
    return forecaster


def same(one: Expected, two: Expected) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(two, name))
        for name in ("pv_w", "pv_low_w", "pv_high_w", "house_w")
    )


@pytest.mark.parametrize("minutes", [0, 5, 20])
def test_what_comes_later_changes_nothing(minutes: int) -> None:
    now_at = NOON + timedelta(minutes=minutes)
    pv_w = np.repeat(cloudy(SKY), 3)
    later = pv_w.copy()
    first = round((now_at - START) / timedelta(minutes=5))
    later[first:] = 77.0

    assert same(fed(pv_w, step_s=300).expect(now_at), fed(later, step_s=300).expect(now_at))


def test_row_before_now_changes_something() -> None:
    pv_w = np.repeat(cloudy(SKY), 3)
    earlier = pv_w.copy()
    earlier[round((NOON - START) / timedelta(minutes=5)) - 1] = 0.0

    assert not same(fed(pv_w, step_s=300).expect(NOON), fed(earlier, step_s=300).expect(NOON))


def test_rows_one_by_one_are_the_same_as_all_at_once() -> None:
    pv_w = cloudy(SKY)
    count = round((NOON - START) / timedelta(minutes=15))
    bit_by_bit = Forecaster(SKY, FRANCE.timezone)
    for index in range(count):
        starts_at = START + index * timedelta(minutes=15)
        bit_by_bit.take(starts_at, 900, [pv_w[index]], [400.0])
        if index % 50 == 0:
            bit_by_bit.expect(starts_at)

    assert same(bit_by_bit.expect(NOON), fed(pv_w[:count]).expect(NOON))


def test_half_hours_hours_and_five_minutes_are_one_history() -> None:
    hourly = cloudy(SKY).reshape(-1, 4).mean(axis=1)

    from_hours = fed(hourly, step_s=3600).expect(NOON)

    assert same(from_hours, fed(np.repeat(hourly, 2), step_s=1800).expect(NOON))
    assert same(from_hours, fed(np.repeat(hourly, 12), step_s=300).expect(NOON))


def test_quantiles_lie_in_order_below_the_inverter_and_night_is_dark() -> None:
    expected = fed(cloudy(SKY), issued_w=cloudy(SKY, seed=2)).expect(NOON)

    assert (expected.pv_low_w <= expected.pv_w).all()
    assert (expected.pv_w <= expected.pv_high_w).all()
    assert expected.pv_high_w[4 * 13] == 0.0
    assert len(expected.pv_w) == 193


def test_32_absurd_issued_forecast_is_capped_by_clear_sky() -> None:
    absurd = fed(cloudy(SKY), issued_w=np.full(SKY.count, 1e6)).expect(NOON)

    ahead = slice(SKY.index(NOON), SKY.index(NOON) + 193)
    assert (absurd.pv_high_w <= 1.6 * SKY.clear_w[ahead] + 1e-9).all()


@pytest.mark.parametrize("nonsense", [1e9, -5000.0, np.nan, np.inf])
def test_impossible_issued_forecast_is_no_forecast(nonsense: float) -> None:
    pv_w = cloudy(SKY)

    assert same(
        fed(pv_w, issued_w=np.full(SKY.count, nonsense)).expect(NOON), fed(pv_w).expect(NOON)
    )


def test_rows_that_were_held_back_are_as_good_as_none() -> None:
    pv_w = cloudy(SKY)
    count = SKY.index(NOON)
    held = np.zeros(count, dtype=bool)
    held[-12:] = True
    throttled, gone = Forecaster(SKY, FRANCE.timezone), Forecaster(SKY, FRANCE.timezone)
    throttled.take(START, 900, pv_w[:count], np.full(count, 400.0), held)
    gone.take(START, 900, np.where(held, np.nan, pv_w[:count]), np.full(count, 400.0))

    assert same(throttled.expect(NOON), gone.expect(NOON))


def test_other_peoples_forecast_that_is_always_right_is_soon_believed() -> None:
    """Clouds that nobody could know from the past: days between 20 and 100 %."""
    pv_w = cloudy(SKY)
    alone, told = fed(pv_w), fed(pv_w, issued_w=pv_w)
    tomorrow = slice(SKY.index(NOON) + 80, SKY.index(NOON) + 130)
    truth_w = pv_w[tomorrow]

    off_w = [
        float(np.abs(each.expect(NOON).pv_w[80:130] - truth_w).mean()) for each in (alone, told)
    ]

    assert off_w[1] < 0.5 * off_w[0]


def test_first_moment_of_a_site_has_a_forecast() -> None:
    expected = Forecaster(SKY, FRANCE.timezone).expect(START)

    noon = SKY.index(START + timedelta(hours=11))
    assert 0.4 * SKY.clear_w[noon] < expected.pv_w[noon] < SKY.clear_w[noon]
    assert expected.pv_low_w[noon] < expected.pv_w[noon] < expected.pv_high_w[noon]


def test_hill_that_hides_the_morning_is_known_after_three_days() -> None:
    """A tenth of the light until the sun is highest; the model knows of no hill."""
    hidden_w = SKY.clear_w * np.where(SKY.clock < 48, 0.1, 1.0)
    young = Forecaster(SKY, FRANCE.timezone)
    young.take(START, 900, hidden_w[: 3 * 96], np.full(3 * 96, 400.0))
    midnight = START + timedelta(days=3)

    expected_w, clear_w = (
        each[24:40].sum() for each in (young.expect(midnight).pv_w, SKY.clear_w[3 * 96 :])
    )
    assert expected_w < 0.3 * clear_w


def test_measurement_of_an_hour_is_told_from_four_of_a_quarter() -> None:
    quarters = np.array([0.0, 0.0, 90.0, 80.0, 120.0, 160.0, 170.0, 150.0])
    halves = np.array([0.0, 0.0, 90.0, 90.0, 120.0, 120.0, 170.0, 170.0])
    hours = np.array([40.0, 90.0, 90.0, 90.0, 90.0, 170.0, 170.0, 170.0, 170.0])

    assert [row_quarters(quarters, 0), row_quarters(halves, 0)] == [1, 2]
    assert row_quarters(hours, 3) == 4
    assert row_quarters(np.full(8, np.nan), 0) == 1


def test_calibration_of_another_kind_of_forecast_is_learned_anew() -> None:
    """Weights of six things cannot be given to seven."""
    pv_w = cloudy(SKY)
    learned = fed(pv_w).calibration(NOON)
    older = replace(learned, weights=tuple(row[:-1] for row in learned.weights))
    given = Forecaster(SKY, FRANCE.timezone, older)
    given.take(START, 900, pv_w, np.full(len(pv_w), 400.0))

    assert same(given.expect(NOON), fed(pv_w).expect(NOON))

"""What comes after is worth something, by charge and by cards."""

from datetime import UTC, datetime, timedelta

import pytest

from solard.core.future import Future, FutureSlot

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FUTURE = Future(
    capacity_wh=10_000.0,
    start_cost=0.004,
    grid_soc=(0.0, 0.5, 1.0),
    slots=(
        FutureSlot(at=NOON, worths=((0.0, 1.0, 1.5), (0.004, 1.004, 1.504))),
        FutureSlot(at=NOON + HOUR, worths=((0.0, 2.0, 2.5), (0.0, 2.0, 2.5))),
    ),
)
NO_BATTERY = Future(
    capacity_wh=0.0,
    start_cost=0.0,
    grid_soc=(0.0,),
    slots=(FutureSlot(at=NOON, worths=((3.0,),)),),
)


def test_worth_is_linear_between_moments_and_charges() -> None:
    assert FUTURE.worth(NOON, 0, 0.25) == pytest.approx(0.5)
    assert FUTURE.worth(NOON + HOUR / 2, 0, 0.5) == pytest.approx(1.5)
    assert FUTURE.worth(NOON, 1, 1.0) == pytest.approx(1.504)


def test_charge_outside_the_table_counts_as_its_end() -> None:
    assert FUTURE.worth(NOON, 0, 1.2) == pytest.approx(1.5)
    assert FUTURE.worth(NOON, 0, -0.1) == pytest.approx(0.0)


def test_more_cards_than_the_table_knows_count_as_its_last() -> None:
    assert FUTURE.worth(NOON, 7, 0.5) == pytest.approx(1.004)


def test_moment_after_the_last_counts_as_the_last() -> None:
    assert FUTURE.worth(NOON + 2 * HOUR, 0, 0.5) == pytest.approx(2.0)


def test_water_value_is_the_slope_around_the_charge() -> None:
    assert FUTURE.water_value_per_kwh(NOON, 0, 0.25) == pytest.approx(0.2)
    assert FUTURE.water_value_per_kwh(NOON, 0, 0.5) == pytest.approx(0.15)
    assert FUTURE.water_value_per_kwh(NOON, 0, 1.0) == pytest.approx(0.1)


def test_without_a_battery_stored_energy_has_no_price() -> None:
    assert NO_BATTERY.water_value_per_kwh(NOON, 0, 0.5) == 0.0
    assert NO_BATTERY.worth(NOON, 0, 0.5) == 3.0


def test_covers_what_lies_between_its_moments() -> None:
    assert FUTURE.covers(NOON)
    assert FUTURE.covers(NOON + HOUR)
    assert not FUTURE.covers(NOON - HOUR)
    assert not FUTURE.covers(NOON + 2 * HOUR)
    assert not Future(capacity_wh=0.0, start_cost=0.0, grid_soc=(0.0,), slots=()).covers(NOON)

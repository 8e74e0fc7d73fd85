"""What several devices of a site say together."""

import pytest

from solard.core.readings import DeviceReading, PointReading, Quality
from solard.daemon import combine
from tests.daemon.stage import HandClock, reading


def asleep(clock: HandClock, device_id: str, *names: str) -> DeviceReading:
    return DeviceReading(
        device_id=device_id,
        measured_at=clock.now(),
        measured_s=clock.monotonic_s(),
        period_s=2.0,
        points=tuple(
            PointReading(name=name, value=None, unit="W", quality=Quality.ASLEEP) for name in names
        ),
    )


def test_powers_of_two_inverters_add_up(clock: HandClock) -> None:
    roofs = [reading(clock, "east", pv_power=900.0), reading(clock, "west", pv_power=2100.0)]

    assert combine.total(roofs, "pv_power") == 3000


def test_one_unknown_part_makes_the_sum_unknown(clock: HandClock) -> None:
    roofs = [reading(clock, "east", pv_power=900.0), reading(clock, "west", pv_power=None)]

    assert combine.total(roofs, "pv_power") is None


def test_device_that_does_not_measure_a_quantity_takes_no_part(clock: HandClock) -> None:
    assert combine.total([reading(clock, "meter", grid_power=5.0)], "pv_power") is None


def test_sleeping_inverter_gives_nothing_in_the_dark_and_is_unknown_by_day(
    clock: HandClock,
) -> None:
    roofs = [reading(clock, "east", pv_power=12.0), asleep(clock, "west", "pv_power")]

    assert combine.total(roofs, "pv_power", dark=True) == 12
    assert combine.total(roofs, "pv_power") is None


def test_lowest_of_two_batteries_decides(clock: HandClock) -> None:
    state = combine.battery(
        [
            reading(
                clock,
                "one",
                battery_soc=80.0,
                battery_power=500.0,
                battery_voltage=53.0,
                max_charge_power=3000.0,
            ),
            reading(
                clock,
                "two",
                battery_soc=35.0,
                battery_power=-200.0,
                battery_voltage=51.0,
                max_charge_power=2000.0,
            ),
        ]
    )

    assert state is not None
    assert (state.soc, state.power_w, state.voltage_v) == (0.35, 300, 51)
    assert (state.max_charge_w, state.max_discharge_w) == (5000, None)


def test_battery_that_became_unknown_makes_the_whole_unknown(clock: HandClock) -> None:
    state = combine.battery(
        [reading(clock, "one", battery_soc=80.0), reading(clock, "two", battery_soc=None)]
    )

    assert state is not None
    assert state.soc is None


def test_second_battery_of_one_inverter_counts(clock: HandClock) -> None:
    state = combine.battery(
        [
            reading(
                clock,
                battery_soc=90.0,
                battery2_soc=20.0,
                battery_power=100.0,
                battery2_power=-700.0,
            )
        ]
    )

    assert state is not None
    assert (state.soc, state.power_w) == (0.2, -600)


def test_without_a_reading_there_is_no_battery(clock: HandClock) -> None:
    assert combine.battery([]) is None


def test_one_alarm_of_many_devices_is_an_alarm(clock: HandClock) -> None:
    calm, alarmed = reading(clock, "a", inverter_alarm=0.0), reading(clock, "b", inverter_alarm=1.0)

    assert combine.flag([calm, alarmed], "inverter_alarm") is True
    assert combine.flag([calm], "inverter_alarm") is False
    assert combine.flag([reading(clock)], "inverter_alarm") is None


def test_loads_behind_two_inverters_add_up(clock: HandClock) -> None:
    houses = [reading(clock, "a", load_power=400.0), reading(clock, "b", load_power=250.0)]

    assert combine.load(houses) == 650


@pytest.mark.parametrize(
    ("grid_w", "load_w"), [(-1400.0, 1600.0), (700.0, 3700.0), (-4000.0, 0.0), (None, None)]
)
def test_load_that_no_device_tells_is_what_comes_in(
    clock: HandClock, grid_w: float | None, load_w: float | None
) -> None:
    roof = reading(clock, "roof", pv_power=3000.0)
    meter = reading(clock, "meter", grid_power=grid_w)

    assert combine.load([roof, meter]) == load_w


def test_load_without_a_meter_stays_unknown(clock: HandClock) -> None:
    assert combine.load([reading(clock, "roof", pv_power=3000.0)]) is None


def test_load_that_sleeps_with_its_inverter_is_what_the_grid_gives(clock: HandClock) -> None:
    roof = asleep(clock, "roof", "pv_power", "load_power")
    meter = reading(clock, "meter", grid_power=430.0)

    assert combine.load([roof, meter], dark=True) == 430
    assert combine.load([roof, meter]) is None


def test_load_that_is_missing_is_not_made_up(clock: HandClock) -> None:
    home = reading(clock, load_power=None, pv_power=10.0, grid_power=20.0)

    assert combine.load([home], dark=True) is None

"""One home's power plant: who feeds whom, and what stays on the roof."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solard.core.plant import (
    PlantFlows,
    PlantSpec,
    PlantState,
    charge_limit_w,
    discharge_limit_w,
    step_plant,
)
from solard.core.state import Supply

HOME = PlantSpec(
    supply=Supply.GRID,
    inverter_w=6000.0,
    capacity_wh=10000.0,
    max_charge_w=5000.0,
    max_discharge_w=4000.0,
)
CABIN = replace(HOME, supply=Supply.ISLAND, inverter_w=5000.0, generator_w=3000.0)
LONELY = replace(CABIN, generator_w=0.0)


def flows_of(
    spec: PlantSpec,
    *,
    soc: float = 0.6,
    sun_w: float = 0.0,
    house_w: float = 300.0,
    rig_w: float = 0.0,
    runs: bool = False,
) -> PlantFlows:
    state = PlantState(soc=soc, generator_runs=runs)
    return step_plant(
        spec, state, pv_available_w=sun_w, house_w=house_w, rig_w=rig_w, duration_s=1.0
    )[1]


def test_sun_feeds_house_and_rig_before_the_battery() -> None:
    flows = flows_of(HOME, sun_w=3000.0, house_w=400.0, rig_w=600.0)

    assert (flows.pv_w, flows.load_w, flows.battery_w, flows.grid_w) == (3000, 1000, -2000, 0)
    assert not flows.throttled


def test_what_the_battery_cannot_take_is_exported() -> None:
    flows = flows_of(replace(HOME, max_charge_w=1500.0), sun_w=3000.0, house_w=500.0)

    assert (flows.battery_w, flows.grid_w, flows.pv_w) == (-1500, -1000, 3000)


def test_export_cap_throttles_the_panels() -> None:
    flows = flows_of(replace(HOME, export_at_most_w=600.0), soc=1.0, sun_w=4000.0)

    assert (flows.grid_w, flows.battery_w, flows.pv_w) == (-600, 0, 900)
    assert flows.throttled


def test_battery_covers_what_the_sun_does_not() -> None:
    flows = flows_of(HOME, sun_w=200.0, house_w=1200.0)

    assert (flows.battery_w, flows.grid_w) == (1000, 0)


def test_grid_covers_what_the_battery_cannot_give() -> None:
    flows = flows_of(HOME, house_w=5500.0)

    assert (flows.battery_w, flows.grid_w, flows.unserved_w) == (4000, 1500, 0)


def test_battery_at_its_floor_gives_nothing() -> None:
    flows = flows_of(HOME, soc=0.1)

    assert (flows.battery_w, flows.grid_w, flows.max_discharge_w) == (0, 300, 0)


def test_full_battery_on_an_island_throttles_the_panels_to_the_load() -> None:
    flows = flows_of(LONELY, soc=1.0, sun_w=3900.0, house_w=300.0, rig_w=150.0)

    assert (flows.pv_w, flows.load_w, flows.battery_w, flows.grid_w) == (450, 450, 0, 0)
    assert flows.throttled
    assert flows.supply is Supply.ISLAND


def test_battery_that_refuses_charge_throttles_like_a_full_one() -> None:
    flows = flows_of(replace(LONELY, max_charge_w=0.0), soc=0.4, sun_w=2000.0)

    assert (flows.pv_w, flows.max_charge_w) == (300, 0)


def test_more_load_finds_the_hidden_sun() -> None:
    flows = flows_of(LONELY, soc=1.0, sun_w=3900.0, house_w=300.0, rig_w=1500.0)

    assert (flows.pv_w, flows.battery_w) == (1800, 0)


def test_battery_near_full_takes_ever_less() -> None:
    limits = [charge_limit_w(HOME, PlantState(soc=soc), 1.0) for soc in (0.95, 0.975, 0.99)]

    assert limits == [pytest.approx(w) for w in (5000.0, 2500.0, 1000.0)]


def test_absorption_ends_at_its_tail_current() -> None:
    assert charge_limit_w(HOME, PlantState(soc=0.9991), 1.0) == 0.0


def test_island_without_generator_leaves_load_dark_when_the_battery_is_empty() -> None:
    flows = flows_of(LONELY, soc=0.1, sun_w=100.0, house_w=700.0)

    assert (flows.load_w, flows.unserved_w, flows.grid_w) == (100, 600, 0)


def test_low_battery_starts_the_generator() -> None:
    flows = flows_of(CABIN, soc=0.2, house_w=700.0)

    assert flows.supply is Supply.GENERATOR
    assert (flows.generator_w, flows.battery_w) == (3000, -2300)


def test_generator_runs_until_its_stop_line() -> None:
    assert flows_of(CABIN, soc=0.39, runs=True).generator_w > 0.0
    assert flows_of(CABIN, soc=0.4, runs=True).generator_w == 0.0
    assert flows_of(CABIN, soc=0.39).generator_w == 0.0


def test_generator_asked_for_runs_at_any_charge() -> None:
    flows = flows_of(replace(CABIN, supply=Supply.GENERATOR), soc=1.0, house_w=700.0)

    assert (flows.supply, flows.generator_w) == (Supply.GENERATOR, 700)


def test_battery_helps_a_generator_that_is_too_small() -> None:
    flows = flows_of(replace(CABIN, supply=Supply.GENERATOR), house_w=4500.0)

    assert (flows.generator_w, flows.battery_w, flows.unserved_w) == (3000, 1500, 0)


def test_generator_that_is_not_there_is_an_island() -> None:
    assert flows_of(replace(LONELY, supply=Supply.GENERATOR)).supply is Supply.ISLAND


def test_island_serves_no_more_than_its_inverter() -> None:
    flows = flows_of(replace(LONELY, max_discharge_w=9000.0), sun_w=1000.0, house_w=6200.0)

    assert (flows.load_w, flows.unserved_w) == (5000, 1200)


def test_sun_beyond_the_inverter_still_charges_the_battery() -> None:
    flows = flows_of(HOME, sun_w=8000.0, house_w=7000.0)

    assert (flows.pv_w, flows.battery_w, flows.grid_w) == (8000, -2000, 1000)


def test_home_without_a_battery_exports_and_imports() -> None:
    bare = PlantSpec(supply=Supply.GRID, inverter_w=5000.0)

    assert flows_of(bare, soc=0.0, sun_w=1000.0).grid_w == -700.0
    assert flows_of(bare, soc=0.0).grid_w == 300.0


def test_charging_and_discharging_lose_on_the_way() -> None:
    # 2 kW for an hour: in 1.9 kWh of 10; out 2 kWh cost 2.105.
    start = PlantState(soc=0.5)

    charged, _ = step_plant(
        HOME, start, pv_available_w=2000.0, house_w=0.0, rig_w=0.0, duration_s=3600.0
    )
    drained, _ = step_plant(
        HOME, start, pv_available_w=0.0, house_w=1500.0, rig_w=500.0, duration_s=3600.0
    )

    assert charged.soc == pytest.approx(0.69)
    assert drained.soc == pytest.approx(0.28947, abs=1e-5)
    assert (charged.battery_in_wh, drained.battery_out_wh) == (2000.0, 2000.0)


def test_meters_count_each_way() -> None:
    sunny, _ = step_plant(
        HOME, PlantState(soc=1.0), pv_available_w=900.0, house_w=300.0, rig_w=0.0, duration_s=1800.0
    )
    dark, _ = step_plant(
        HOME,
        replace(sunny, soc=0.1),
        pv_available_w=0.0,
        house_w=400.0,
        rig_w=0.0,
        duration_s=900.0,
    )

    assert (sunny.pv_wh, sunny.load_wh, sunny.grid_out_wh) == (450.0, 150.0, 300.0)
    assert (dark.grid_in_wh, dark.grid_out_wh, dark.load_wh) == (100.0, 300.0, 250.0)


def test_long_step_never_takes_more_than_there_is_or_fits() -> None:
    day_s = 86400.0

    assert discharge_limit_w(HOME, PlantState(soc=0.6), day_s) == pytest.approx(4750.0 / 24)
    assert charge_limit_w(HOME, PlantState(soc=0.9), day_s) == pytest.approx(1052.63 / 24, abs=1e-3)


watts = st.floats(0.0, 12000.0)
specs = st.builds(
    PlantSpec,
    supply=st.sampled_from([Supply.GRID, Supply.ISLAND, Supply.GENERATOR]),
    inverter_w=st.floats(500.0, 10000.0),
    export_at_most_w=st.none() | st.floats(0.0, 6000.0),
    capacity_wh=st.just(0.0) | st.floats(500.0, 30000.0),
    max_charge_w=st.floats(0.0, 8000.0),
    max_discharge_w=st.floats(0.0, 8000.0),
    min_soc=st.floats(0.0, 0.5),
    generator_w=st.just(0.0) | st.floats(500.0, 6000.0),
)
steps = st.tuples(
    specs,
    st.builds(PlantState, soc=st.floats(0.0, 1.0), generator_runs=st.booleans()),
    watts,
    watts,
    st.floats(0.0, 3000.0),
    st.floats(0.01, 3600.0),
)
Step = tuple[PlantSpec, PlantState, float, float, float, float]


def run(step: Step) -> tuple[PlantState, PlantFlows]:
    spec, state, sun_w, house_w, rig_w, duration_s = step
    return step_plant(
        spec, state, pv_available_w=sun_w, house_w=house_w, rig_w=rig_w, duration_s=duration_s
    )


@given(steps)
def test_load_is_always_the_sum_of_its_sources(step: Step) -> None:
    _, flows = run(step)

    assert flows.load_w == flows.pv_w + flows.grid_w + flows.battery_w + flows.generator_w


@given(steps)
def test_all_load_is_served_or_named_dark(step: Step) -> None:
    _, flows = run(step)

    assert flows.load_w + flows.unserved_w == pytest.approx(step[3] + step[4], abs=1e-6)
    assert flows.unserved_w >= 0.0
    assert step[0].supply is not Supply.GRID or flows.unserved_w == 0.0


@given(steps)
def test_panels_give_no_more_than_the_sky(step: Step) -> None:
    _, flows = run(step)

    assert 0.0 <= flows.pv_w <= flows.pv_available_w == step[2]


@given(steps)
def test_charge_stays_between_empty_and_full(step: Step) -> None:
    state, flows = run(step)

    assert 0.0 <= state.soc <= 1.0
    assert -flows.max_charge_w - 1e-6 <= flows.battery_w <= flows.max_discharge_w + 1e-6


@given(steps)
def test_battery_is_never_drained_below_its_floor(step: Step) -> None:
    spec, before = step[0], step[1]

    after, _ = run(step)

    assert after.soc >= min(before.soc, spec.min_soc) - 1e-9


@given(steps)
def test_inverter_rating_and_export_cap_hold(step: Step) -> None:
    spec = step[0]

    _, flows = run(step)

    assert flows.pv_w + flows.battery_w <= spec.inverter_w + 1e-6
    if spec.export_at_most_w is not None:
        assert flows.grid_w >= -spec.export_at_most_w - 1e-6
    assert spec.supply is Supply.GRID or flows.grid_w == 0.0


@given(steps)
def test_sun_is_only_held_back_when_nobody_can_take_it(step: Step) -> None:
    spec = step[0]

    _, flows = run(step)

    if flows.throttled:
        cap_w = spec.export_at_most_w if spec.supply is Supply.GRID else 0.0
        at_cap = cap_w is not None and -flows.grid_w >= cap_w - 1e-6
        at_rating = flows.pv_w + min(0.0, flows.battery_w) >= spec.inverter_w - 1e-6
        assert flows.battery_w == pytest.approx(-flows.max_charge_w, abs=1e-6)
        assert at_cap or at_rating


@given(steps, st.floats(0.0, 5000.0))
def test_more_sun_never_means_more_import(step: Step, more_w: float) -> None:
    spec, state, sun_w, house_w, rig_w, duration_s = step

    _, less = run(step)
    _, more = run((spec, state, sun_w + more_w, house_w, rig_w, duration_s))

    assert more.pv_w >= less.pv_w - 1e-6
    assert more.grid_w <= less.grid_w + 1e-6

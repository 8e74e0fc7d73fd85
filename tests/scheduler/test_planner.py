"""Plans of small sites, checked by hand."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.planner import NothingToPlan, make_plan
from solard.core.plan import Plan
from solard.core.planning import PlanRequest
from solard.core.tariff import PriceWindow, Tariff
from tests.scheduler.plans import (
    FREE_EXPORT,
    GOLD,
    MIDNIGHT,
    MINER,
    PRICES,
    QUARTER,
    battery_of,
    request_of,
    rig_of,
)

DARK = (0.0, 200.0)
SUN = (1000.0, 200.0)
"""800 W are left by the house, 700 W beside an idle rig."""


CABIN = {"off_grid": True, "tariff": Tariff(), "workloads": (), "nominal_per_kwh": 0.10}


def plan_for(quarters: list[tuple[float, float]], **changes: object) -> Plan:
    return make_plan(request_of(quarters, **changes))


def rig_w(plan: Plan) -> list[float]:
    return [round(slot.rig_w, 3) for slot in plan.slots]


def water(plan: Plan) -> list[float]:
    return [round(slot.water_value_per_kwh, 4) for slot in plan.slots]


class TestFullCharge:
    """A battery that should be full comes before work that would earn more than its charge."""

    EVENING = MIDNIGHT + 16 * QUARTER

    def full(self, *by: datetime, sun: tuple[float, float] = SUN) -> Plan:
        battery = battery_of(capacity_wh=4000.0)
        return plan_for(
            [sun] * 16 + [DARK] * 16,
            battery=battery,
            soc=0.6,
            workloads=(GOLD,),
            full_by=by,
        )

    def test_without_a_wish_the_sun_goes_to_work(self) -> None:
        plan = self.full()

        assert {slot.rig_w for slot in plan.slots[:16]} == {300.0}

    def test_battery_is_full_in_the_evening_and_work_gets_the_rest(self) -> None:
        """1.6 kWh are missing, 2.8 kWh are left beside an idle rig: 1.2 kWh may work."""
        plan = self.full(self.EVENING)

        assert plan.slots[15].soc >= 0.99
        assert sum(slot.rig_w - 100.0 for slot in plan.slots[:16]) / 4 >= 0.9 * 800.0

    def test_sky_that_cannot_fill_it_is_no_error(self) -> None:
        plan = self.full(self.EVENING, sun=(400.0, 200.0))

        assert 0.6 < plan.slots[15].soc < 0.8
        assert {slot.rig_w for slot in plan.slots[:16]} == {100.0}

    def test_stored_energy_is_dear_until_then(self) -> None:
        plan = self.full(self.EVENING, sun=(400.0, 200.0))

        assert water(plan)[8] > 1.0
        assert water(plan)[20] <= 1.0


class TestSun:
    """What is left over is used while work is worth more than its export."""

    def test_full_battery_and_sun_turn_cards_on(self) -> None:
        plan = plan_for([SUN] * 2, battery=battery_of(), soc=1.0, tariff=FREE_EXPORT)

        assert rig_w(plan) == [300.0, 300.0]
        assert [slot.cards_on for slot in plan.slots] == [1, 1]

    def test_watts_that_earn_less_than_their_export_are_exported(self) -> None:
        """The first 100 W earn 0.10 per kWh, the next 0.06; export pays 0.08."""
        plan = plan_for([SUN] * 2)

        assert rig_w(plan) == [200.0, 200.0]
        assert [round(slot.grid_w) for slot in plan.slots] == [-600, -600]

    def test_watts_that_also_warm_a_cold_room_are_not_exported(self) -> None:
        assert rig_w(plan_for([SUN] * 2, heat_per_kwh=0.03)) == [300.0, 300.0]

    def test_work_of_unknown_worth_takes_all_that_would_be_exported(self) -> None:
        assert rig_w(plan_for([SUN] * 2, workloads=(), start_cost=0.004)) == [300.0, 300.0]

    def test_export_cap_throttles_and_the_rig_takes_what_it_can(self) -> None:
        plan = plan_for([SUN], export_at_most_w=0.0)

        (slot,) = plan.slots
        assert (round(slot.rig_w), round(slot.throttled_w), slot.grid_w) == (300, 500, 0.0)

    def test_negative_export_price_is_worked_off(self) -> None:
        assert rig_w(plan_for([SUN], tariff=replace(PRICES, export_per_kwh=-0.05))) == [300.0]

    def test_sun_for_some_cards_turns_some_on(self) -> None:
        """450 W beside the idle rig: four cards at their base, since that is where they earn."""
        rig = rig_of(6)
        team = replace(MINER, gpu_ids=tuple(card.gpu_id for card in rig.cards), worth_per_h=0.096)

        (slot,) = plan_for([(750.0, 200.0)], rig=rig, workloads=(team,)).slots

        assert (slot.cards_on, round(slot.rig_w)) == (4, 500)


class TestStarts:
    """Waking a card costs a loaded model."""

    def test_short_sun_is_not_worth_a_start(self) -> None:
        """Half an hour above export earns 0.001."""
        assert rig_w(plan_for([SUN] * 2, start_cost=0.004, cards_on=0)) == [100.0, 100.0]

    def test_card_that_runs_already_goes_on(self) -> None:
        assert rig_w(plan_for([SUN] * 2, start_cost=0.004, cards_on=1)) == [200.0, 200.0]

    def test_unknown_cards_start_for_free_at_once(self) -> None:
        assert rig_w(plan_for([SUN] * 2, start_cost=0.004, cards_on=None)) == [200.0, 200.0]

    def test_short_cloud_does_not_stop_a_card_that_would_have_to_start_again(self) -> None:
        """A quarter hour on import would cost 0.005 more than it earns; a start 0.02."""
        quarters = [SUN, DARK, SUN, SUN, SUN]
        changes = {"import_at_most_w": 1000.0, "cards_on": 1, "tariff": FREE_EXPORT}

        dear, cheap = (plan_for(quarters, start_cost=cost, **changes) for cost in (0.02, 0.001))

        assert rig_w(dear) == [300.0, 200.0, 300.0, 300.0, 300.0]
        assert rig_w(cheap) == [300.0, 100.0, 300.0, 300.0, 300.0]


class TestGrid:
    """Nothing is bought for work unless the owner says so."""

    def test_dark_hours_idle_however_much_work_is_worth(self) -> None:
        (slot,) = plan_for([DARK], workloads=(GOLD,)).slots

        assert (slot.rig_w, slot.grid_w) == (100.0, 300.0)

    def test_owner_may_let_the_site_import_up_to_a_limit(self) -> None:
        (slot,) = plan_for([DARK], workloads=(GOLD,), import_at_most_w=450.0).slots

        assert (round(slot.rig_w), round(slot.grid_w)) == (250, 450)

    def test_limit_below_the_house_leaves_the_house_alone(self) -> None:
        (slot,) = plan_for([DARK], workloads=(GOLD,), import_at_most_w=150.0).slots

        assert (round(slot.rig_w), round(slot.grid_w)) == (100, 300)

    def test_work_waits_for_the_hour_in_which_import_is_cheap(self) -> None:
        cheap = PriceWindow(from_minute=15, to_minute=30, price_per_kwh=0.02)
        tariff = replace(PRICES, import_windows=(cheap,))

        plan = plan_for([DARK] * 3, tariff=tariff, import_at_most_w=9000.0)

        assert rig_w(plan) == [100.0, 300.0, 100.0]

    def test_battery_is_never_charged_from_the_grid(self) -> None:
        cheap = PriceWindow(from_minute=0, to_minute=60, price_per_kwh=0.01)
        tariff = replace(PRICES, import_windows=(cheap,))

        plan = plan_for(
            [DARK] * 8, tariff=tariff, battery=battery_of(), soc=0.4, import_at_most_w=9000.0
        )

        assert all(slot.battery_w >= 0.0 for slot in plan.slots)

    def test_beside_a_battery_nothing_is_bought_for_work(self) -> None:
        """It would serve the work first, and the house would buy in its place."""
        plan = plan_for(
            [DARK] * 4,
            workloads=(GOLD,),
            battery=battery_of(work_above_soc=None),
            soc=0.4,
            import_at_most_w=9000.0,
        )

        assert rig_w(plan) == [100.0] * 4


class TestBattery:
    """Stored energy goes to whoever it is worth most to."""

    EVENING = [DARK] * 48
    """12 h of 300 W with the idle rig: 3.6 kWh."""

    def test_dear_evening_saves_the_battery_for_the_house(self) -> None:
        """2 kWh above empty cannot serve it: each kWh saves 0.30, work earns 0.10."""
        plan = plan_for(self.EVENING, battery=battery_of(standby_soc=0.0, work_above_soc=0.0))

        assert rig_w(replace(plan, slots=plan.slots[:8])) == [100.0] * 8

    def test_work_that_earns_more_than_import_costs_gets_the_battery(self) -> None:
        """100 W earn 1.00 per kWh, the next 0.60; a kWh left at the end counts 0.70."""
        plan = plan_for(
            self.EVENING[:8],
            workloads=(GOLD,),
            battery=battery_of(standby_soc=0.0, work_above_soc=0.1),
            soc=0.9,
        )

        assert rig_w(plan) == [200.0] * 8
        assert plan.slots[-1].soc == pytest.approx(0.9 - 0.4 * 2.0 / 10.0)

    def test_work_stops_at_the_work_line(self) -> None:
        """A quarter hour that starts above it may end 400 W × 15 min below."""
        plan = plan_for(
            self.EVENING,
            workloads=(GOLD,),
            battery=battery_of(standby_soc=0.2, work_above_soc=0.85),
            soc=0.9,
            cards_on=1,
        )

        worked = [slot for slot in plan.slots if slot.rig_w > 100.0]
        assert worked
        assert all(slot.soc >= 0.85 - 0.0125 for slot in worked)

    def test_sun_after_a_battery_that_must_not_work_yet_is_used(self) -> None:
        """At 52 % work may not start; a plan that counted on it is drawn again without."""
        quarters = [DARK] * 4 + [SUN] * 4
        spec = battery_of(max_charge_w=500.0)

        plan = plan_for(quarters, workloads=(GOLD,), battery=spec, soc=0.52, cards_on=0)

        assert rig_w(plan) == [100.0] * 4 + [300.0] * 4

    def test_below_the_work_line_the_battery_comes_first(self) -> None:
        plan = plan_for([SUN] * 2, battery=battery_of(), soc=0.4, workloads=(GOLD,))

        assert rig_w(plan) == [100.0, 100.0]
        assert [slot.battery_w for slot in plan.slots] == [-700.0, -700.0]

    def test_below_the_work_line_sun_that_the_battery_cannot_take_is_worked_off(self) -> None:
        spec = battery_of(max_charge_w=550.0)

        plan = plan_for([SUN] * 2, battery=spec, soc=0.4, workloads=(GOLD,))

        assert rig_w(plan) == [250.0, 250.0]

    def test_battery_that_feeds_no_work_leaves_all_sun_once_it_is_full(self) -> None:
        """0.1 kWh of room: 700 W fill it in 8.6 min, 300 W are left on average."""
        spec = battery_of(work_above_soc=None)

        plan = plan_for([SUN] * 2, battery=spec, soc=0.99, workloads=(GOLD,))

        assert rig_w(plan) == [300.0, 300.0]
        assert [round(slot.battery_w) for slot in plan.slots] == [-400, 0]

    def test_battery_that_feeds_no_work_is_left_alone_at_night(self) -> None:
        spec = battery_of(work_above_soc=None)

        assert rig_w(plan_for([DARK] * 4, battery=spec, soc=1.0, workloads=(GOLD,))) == [100.0] * 4

    def test_charge_below_the_reserve_has_a_plan_too(self) -> None:
        plan = plan_for([DARK] * 4, battery=battery_of(), soc=0.05)

        assert rig_w(plan) == [100.0] * 4
        assert plan.slots[-1].soc == pytest.approx(0.05 - 0.03)

    def test_charge_below_the_inverters_minimum_has_a_plan_too(self) -> None:
        plan = plan_for([DARK] * 4, battery=battery_of(min_soc=0.1), soc=0.05)

        assert [slot.grid_w for slot in plan.slots] == [300.0] * 4


class TestOffGrid:
    """No grid to fall back on."""

    def test_dark_winter_leaves_loads_unserved_and_still_plans(self) -> None:
        plan = plan_for([DARK] * 8, battery=battery_of(), soc=0.01, **CABIN)

        assert [round(slot.unserved_w) for slot in plan.slots] == [0, 200, *[300] * 6]
        assert all(slot.grid_w == 0.0 for slot in plan.slots)

    def test_stored_energy_saves_a_dark_house(self) -> None:
        lossy = battery_of(efficiency=0.9)

        plan = plan_for([DARK] * 8, battery=lossy, soc=0.01, **CABIN)

        assert water(plan)[0] == pytest.approx(10.0 * 0.9, rel=0.1)

    def test_full_battery_and_sun_leave_stored_energy_worth_nothing_more(self) -> None:
        plan = plan_for([SUN] * 4, battery=battery_of(), soc=1.0, **CABIN)

        assert rig_w(plan) == [300.0] * 4
        assert [round(slot.throttled_w) for slot in plan.slots] == [500] * 4
        assert water(plan)[:3] == pytest.approx([0.0] * 3, abs=0.04)

    def test_without_a_battery_the_sun_alone_works(self) -> None:
        plan = plan_for([SUN, DARK], **CABIN)

        assert rig_w(plan) == [300.0, 100.0]
        assert water(plan) == [0.0, 0.0]


class TestWaterValue:
    """The price of stored energy."""

    def test_stored_energy_is_worth_the_import_that_it_saves(self) -> None:
        plan = plan_for([DARK] * 48, battery=battery_of(efficiency=0.9), soc=0.31)

        assert water(plan)[0] == pytest.approx(0.30 * 0.9, rel=0.05)

    def test_stored_energy_is_worth_the_export_that_it_becomes(self) -> None:
        """A kWh more now fills the battery earlier: 1 / 0.8 kWh more are exported."""
        spec = battery_of(efficiency=0.8, capacity_wh=1000.0)

        plan = plan_for([SUN] * 12, battery=spec, soc=0.6)

        assert water(plan)[0] == pytest.approx(0.08 / 0.8)

    def test_stored_energy_is_worth_more_when_it_is_scarce(self) -> None:
        day = [SUN] * 16 + [DARK] * 32
        night = [DARK] * 48

        values = [
            water(plan_for(sky, battery=battery_of(), soc=soc))[0]
            for sky, soc in ((day, 0.95), (night, 0.95), (night, 0.31))
        ]

        assert values == sorted(values)
        assert values[0] < values[-1]

    def test_stored_energy_is_never_worth_more_than_it_can_save(self) -> None:
        """What is left at the end counts 0.70 of work's 1.00; it can only save 0.30 of import."""
        spec = battery_of(work_above_soc=None)

        assert water(plan_for([DARK] * 4, battery=spec, soc=0.5, workloads=(GOLD,))) == [0.30] * 4


def test_a_house_that_may_take_more_makes_stored_energy_dearer() -> None:
    """What a night leaves over counts 0.21; in one that takes more each kWh saves 0.30."""
    certain = request_of([DARK] * 96, battery=battery_of(), soc=1.0, workloads=(), rig=rig_of(0))
    slots = tuple(replace(slot, house_spread_w=200.0) for slot in certain.forecast.slots)
    unsure = replace(certain, forecast=replace(certain.forecast, slots=slots))

    known, feared = (water(make_plan(one))[0] for one in (certain, unsure))

    assert known == pytest.approx(0.21, abs=0.001)
    assert 0.215 < feared < 0.30


def test_forecast_without_slots_gives_no_plan() -> None:
    with pytest.raises(NothingToPlan, match="the forecast holds no slot"):
        plan_for([])


def test_rig_without_cards_is_planned_as_a_load() -> None:
    assert rig_w(plan_for([SUN, DARK], rig=rig_of(0), workloads=())) == [100.0, 100.0]


powers = st.floats(0.0, 6000.0)


@st.composite
def requests(draw: st.DrawFn) -> PlanRequest:
    quarters = draw(st.lists(st.tuples(powers, powers), min_size=1, max_size=54))
    reserve = draw(st.floats(0.0, 0.6))
    battery = battery_of(
        capacity_wh=draw(st.floats(500.0, 20_000.0)),
        efficiency=draw(st.floats(0.7, 1.0)),
        max_charge_w=draw(st.floats(0.0, 6000.0)),
        max_discharge_w=draw(st.floats(0.0, 6000.0)),
        standby_soc=reserve,
        work_above_soc=draw(st.none() | st.floats(reserve, 1.0)),
        min_soc=draw(st.floats(0.0, reserve)),
        wear_per_kwh=draw(st.floats(0.0, 0.05)),
    )
    return request_of(
        quarters,
        rig=rig_of(draw(st.integers(0, 3))),
        workloads=draw(st.sampled_from([(), (MINER,), (GOLD,)])),
        battery=draw(st.none() | st.just(battery)),
        soc=draw(st.none() | st.floats(0.0, 1.0)),
        off_grid=draw(st.booleans()),
        export_at_most_w=draw(st.none() | st.floats(0.0, 5000.0)),
        import_at_most_w=draw(st.none() | st.floats(0.0, 5000.0)),
        nominal_per_kwh=draw(st.none() | st.just(0.10)),
        cards_on=draw(st.none() | st.integers(0, 3)),
        start_cost=draw(st.sampled_from([0.0, 0.004])),
    )


@settings(max_examples=60, deadline=None)
@given(requests())
def test_every_request_has_a_plan_that_physics_allows(request: PlanRequest) -> None:
    plan = make_plan(request)

    most_w = request.rig.wall_w(200.0 * len(request.rig.cards))
    for slot in plan.slots:
        fed_w = slot.pv_w - slot.throttled_w + slot.battery_w + slot.grid_w + slot.unserved_w
        assert abs(fed_w - slot.house_w - slot.rig_w) < 1.0
        assert 0.0 <= slot.soc <= 1.0
        assert 100.0 - 1e-6 <= slot.rig_w <= most_w + 1e-3
        assert slot.water_value_per_kwh >= 0.0
        assert min(slot.throttled_w, slot.unserved_w + 1e-9) < 1.0
        if request.battery is not None:
            assert -request.battery.max_charge_w - 1e-6 <= slot.battery_w
            assert slot.battery_w <= request.battery.max_discharge_w + 1e-6
        if request.off_grid:
            assert slot.grid_w == 0.0
        if request.export_at_most_w is not None:
            assert slot.grid_w >= -request.export_at_most_w - 1e-6


@settings(max_examples=40, deadline=None)
@given(requests())
def test_without_leave_no_work_runs_on_import(request: PlanRequest) -> None:
    plan = make_plan(replace(request, import_at_most_w=None, off_grid=False, battery=None))

    for slot in plan.slots:
        needed_w = max(0.0, slot.house_w + 100.0 - slot.pv_w)
        assert slot.grid_w <= needed_w + 1e-3

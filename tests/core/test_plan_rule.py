"""The merit order: which power is worth running."""

from dataclasses import replace
from datetime import timedelta

import pytest

from solard.core.curves import CurvePoint, WorkCurve
from solard.core.rig import Workload
from solard.core.rules.plan_rule import PlanRule
from solard.core.state import Supply
from solard.core.tariff import Tariff
from tests.core.sites import (
    CURVE,
    NOON,
    battery_at,
    inputs_of,
    plan_of,
    plan_slot,
    read_card,
    rig_of,
    state_of,
)

PRICES = Tariff(currency="EUR", import_per_kwh=0.30, export_per_kwh=0.08)
RULE = PlanRule(max_discharge_w=5000.0)
MINER = Workload(name="miner", gpu_ids=("gpu-0", "gpu-1"), worth_per_h=0.06)
"""0.06 per hour for both cards at 600 W. Best stretch of the curve: 0.117 per kWh; the one from
200 to 300 W: 0.09 per kWh."""


def why(rule: PlanRule = RULE, **changes: object) -> str:
    return rule.propose(inputs_of(**changes)).proposal.why  # type: ignore[arg-type]


DARK = state_of(pv_w=0.0, load_w=540.0, battery=battery_at(0.9, 540.0))
"""Night: the house takes 400 W, the battery gives all."""


def wanted_w(rule: PlanRule = RULE, **changes: object) -> float | None:
    return rule.propose(inputs_of(**changes)).proposal.preferred_w  # type: ignore[arg-type]


def test_unknown_sun_leaves_no_wish() -> None:
    assert wanted_w(state=state_of(pv_w=None)) is None


def test_work_of_unknown_worth_takes_all_surplus_and_no_more() -> None:
    state = state_of(pv_w=800.0, load_w=540.0, battery=battery_at(0.7, -260.0))

    assert wanted_w(state=state, tariff=PRICES, plan=plan_of(plan_slot())) == 400.0


def test_no_surplus_means_no_work() -> None:
    state = state_of(pv_w=300.0, battery=battery_at(0.7, 240.0))

    assert wanted_w(state=state, tariff=PRICES) == 140.0


def test_surplus_smaller_than_the_idle_rig_starts_nothing() -> None:
    state = state_of(pv_w=500.0, battery=battery_at(0.7, 40.0))

    assert wanted_w(state=state, tariff=PRICES) == 140.0


def test_surplus_above_everything_runs_the_whole_rig() -> None:
    assert wanted_w(tariff=PRICES) == 700.0


def test_work_worth_less_than_export_leaves_its_last_stretch() -> None:
    dear = Tariff(import_per_kwh=0.30, export_per_kwh=0.10)

    assert wanted_w(tariff=dear, workloads=(MINER,), state=exporting()) == 500.0


def test_work_worth_more_than_export_takes_it_all() -> None:
    assert wanted_w(tariff=PRICES, workloads=(MINER,), state=exporting()) == 700.0


def exporting():  # type: ignore[no-untyped-def]
    return state_of(grid_w=-2460.0, battery=battery_at(1.0, 0.0))


DEAR_EXPORT = Tariff(currency="EUR", import_per_kwh=0.30, export_per_kwh=0.10)
CAPPED = replace(RULE, export_at_most_w=2000.0)


def at_the_cap(pv_w: float = 3000.0):  # type: ignore[no-untyped-def]
    """A full battery, 400 W for the house, 600 for the rig, the rest exported."""
    return state_of(
        pv_w=pv_w,
        load_w=1000.0,
        rig_w=600.0,
        grid_w=1000.0 - pv_w,
        battery=battery_at(1.0, 0.0),
    )


@pytest.mark.parametrize(
    ("cap_w", "rig_w"),
    [
        # Of 2,600 W so much cannot be sold and is free; 0.117 beats export up to 500 W, 0.09 not.
        (None, 500.0),
        (2600.0, 500.0),
        (2300.0, 500.0),
        (2000.0, 600.0),
        (1950.0, 650.0),
        (0.0, 700.0),
    ],
)
def test_sun_beyond_the_export_limit_is_free(cap_w: float | None, rig_w: float) -> None:
    rule = replace(RULE, export_at_most_w=cap_w)

    assert wanted_w(rule, tariff=DEAR_EXPORT, workloads=(MINER,), state=at_the_cap()) == rig_w


def test_less_sun_takes_from_what_would_be_held_back_first() -> None:
    def wanted(pv_w: float) -> float | None:
        return wanted_w(CAPPED, tariff=DEAR_EXPORT, workloads=(MINER,), state=at_the_cap(pv_w))

    assert [wanted(2960.0), wanted(2900.0), wanted(2500.0)] == [560.0, 500.0, 500.0]


def test_work_worth_nothing_but_the_export_it_displaces_takes_held_back_sun_too() -> None:
    assert wanted_w(CAPPED, tariff=DEAR_EXPORT, state=at_the_cap()) == 700.0


def test_an_island_sells_nothing() -> None:
    island = replace(at_the_cap(), supply=Supply.ISLAND, grid_w=None)

    assert wanted_w(tariff=DEAR_EXPORT, workloads=(MINER,), state=island) == 700.0


def test_stored_energy_that_is_worth_more_than_work_is_not_displaced() -> None:
    dear_water = plan_of(plan_slot(water_value_per_kwh=0.20))

    proposal = RULE.propose(inputs_of(tariff=PRICES, workloads=(MINER,), plan=dear_water)).proposal

    assert proposal.preferred_w == 140.0


def test_cheap_stored_energy_lets_the_battery_feed_work() -> None:
    cheap = plan_of(plan_slot(water_value_per_kwh=0.05))

    assert wanted_w(state=DARK, tariff=PRICES, workloads=(MINER,), plan=cheap) == 700.0


def test_work_of_unknown_worth_leaves_sun_that_is_worth_more_in_the_battery() -> None:
    dear, cheap = (plan_of(plan_slot(water_value_per_kwh=value)) for value in (0.30, 0.084))

    assert wanted_w(tariff=PRICES, plan=dear) == 140.0
    assert wanted_w(tariff=PRICES, plan=cheap) == 700.0


def test_work_of_unknown_worth_buys_nothing_however_cheap() -> None:
    free = plan_of(plan_slot(water_value_per_kwh=0.0))
    buyer = PlanRule(max_discharge_w=5000.0, import_at_most_w=4000.0)

    assert wanted_w(buyer, state=DARK, tariff=Tariff(import_per_kwh=0.0), plan=free) == 140.0


def test_stated_discharge_limit_bounds_what_the_battery_gives() -> None:
    battery = battery_at(0.9, 540.0, max_discharge_w=800.0)
    state = state_of(pv_w=0.0, load_w=540.0, battery=battery)
    cheap = plan_of(plan_slot(water_value_per_kwh=0.01))

    assert wanted_w(state=state, tariff=PRICES, workloads=(MINER,), plan=cheap) == 400.0


def test_import_is_taken_only_when_allowed_and_cheap() -> None:
    state = state_of(pv_w=0.0, battery=None)
    cheap = Tariff(import_per_kwh=0.05, export_per_kwh=0.0)
    buyer = PlanRule(import_at_most_w=4000.0)

    assert wanted_w(buyer, state=state, tariff=cheap, workloads=(MINER,)) == 140.0
    cheap_plan = plan_of(plan_slot(water_value_per_kwh=0.0))
    assert wanted_w(buyer, state=state, tariff=cheap, workloads=(MINER,), plan=cheap_plan) == 700.0
    assert wanted_w(state=state, tariff=cheap, workloads=(MINER,), plan=cheap_plan) == 140.0
    assert wanted_w(buyer, state=state, workloads=(MINER,), plan=cheap_plan) == 140.0


def test_measured_export_says_that_the_battery_takes_all_it_can() -> None:
    state = state_of(grid_w=-1460.0, battery=battery_at(0.7, -1000.0))
    dear_water = plan_of(plan_slot(water_value_per_kwh=0.50))

    assert wanted_w(state=state, tariff=PRICES, workloads=(MINER,), plan=dear_water) == 700.0


def test_stated_charge_limit_leaves_the_rest_for_export() -> None:
    battery = battery_at(0.7, -300.0, max_charge_w=2300.0)
    dear_water = plan_of(plan_slot(water_value_per_kwh=0.50))
    state = state_of(battery=battery)

    assert wanted_w(state=state, tariff=PRICES, workloads=(MINER,), plan=dear_water) == 300.0


def test_off_grid_work_counts_by_its_nominal_worth() -> None:
    rule = PlanRule(nominal_per_kwh=0.10, max_discharge_w=5000.0)
    dear = plan_of(plan_slot(water_value_per_kwh=0.2))
    cheap = plan_of(plan_slot(water_value_per_kwh=0.02))

    assert wanted_w(rule, plan=dear, state=state_of(supply=Supply.ISLAND)) == 140.0
    assert wanted_w(rule, plan=cheap, state=state_of(supply=Supply.ISLAND)) == 700.0


def test_rig_without_cards_that_we_steer_has_nothing_to_raise() -> None:
    rule = PlanRule(nominal_per_kwh=0.10)

    assert wanted_w(rule, rig=rig_of(0)) == 100.0


def test_cards_without_a_curve_are_left_out() -> None:
    bare = rig_of()
    without = type(bare)(host_w=100.0, psu_efficiency=1.0, cards=bare.cards)

    assert wanted_w(rig=without) == 140.0


def test_card_in_other_hands_is_left_out() -> None:
    from solard.core.state import CardHealth

    state = state_of(gpus=(read_card(health=CardHealth.MANUAL), read_card(1)))

    assert wanted_w(state=state) == 650.0


def test_power_that_brings_no_work_is_never_wanted() -> None:
    flat = WorkCurve(points=(*CURVE.points[:2], CurvePoint(300.0, 70.0)))
    bare = rig_of(1)
    rig = replace(bare, curves=((bare.cards[0].gpu_id, flat),))

    assert wanted_w(rig=rig) == 300.0


def test_next_names_the_plans_next_clear_change() -> None:
    plan = plan_of(plan_slot(0, rig_w=700.0), plan_slot(1, rig_w=680.0), plan_slot(2, rig_w=300.0))

    proposal = RULE.propose(inputs_of(tariff=PRICES, plan=plan)).proposal

    assert proposal.next == "14:00 down to 300 W (plan)."


def test_next_says_up_when_the_plan_rises() -> None:
    plan = plan_of(plan_slot(0), plan_slot(3, rig_w=690.0))
    state = state_of(pv_w=300.0)

    assert RULE.propose(inputs_of(state=state, plan=plan)).proposal.next == (
        "15:00 up to 690 W (plan)."
    )


def test_next_names_the_day_of_tomorrow() -> None:
    plan = plan_of(plan_slot(0), plan_slot(26, rig_w=690.0))

    assert RULE.propose(inputs_of(state=state_of(pv_w=300.0), plan=plan)).proposal.next == (
        "Sun 14:00 up to 690 W (plan)."
    )


def test_next_says_when_the_plan_sees_no_change() -> None:
    plan = plan_of(plan_slot(0, rig_w=700.0), plan_slot(1, rig_w=700.0))

    assert RULE.propose(inputs_of(tariff=PRICES, plan=plan)).proposal.next == (
        "The plan sees no change in the next two days."
    )


@pytest.mark.parametrize("age_s", [7200.0, -1.0])
def test_plan_that_is_too_old_or_from_the_future_is_not_used(age_s: float) -> None:
    plan = plan_of(plan_slot(), made_at=NOON - timedelta(seconds=age_s))

    assert RULE.propose(inputs_of(plan=plan)).proposal.next == (
        "A new plan; until then only surplus is used."
    )


class TestWhy:
    """One line, in live values: where the energy comes from, and what stops the rig."""

    def test_enough_sun_for_everything(self) -> None:
        assert why(tariff=PRICES) == "Surplus 2.6 kW: enough for the whole rig, 700 W."

    def test_all_the_sun_there_is(self) -> None:
        state = state_of(pv_w=800.0, load_w=540.0, battery=battery_at(0.7, -260.0))

        assert why(state=state, tariff=PRICES) == "Surplus 400 W: the rig takes all of it."

    def test_sun_without_anything_else_for_sale(self) -> None:
        state = state_of(pv_w=800.0, battery=None)

        assert why(state=state) == "Surplus 400 W: the rig takes all of it."

    def test_sun_and_a_battery_that_is_too_dear(self) -> None:
        state = state_of(pv_w=800.0, battery=battery_at(1.0, 0.0), grid_w=-260.0)
        plan = plan_of(plan_slot(water_value_per_kwh=0.20))

        assert why(state=state, tariff=PRICES, workloads=(MINER,), plan=plan) == (
            "Surplus 400 W: the rig takes all of it; what the battery holds is worth more "
            "(0.211 EUR/kWh, work would earn 0.117 EUR/kWh)."
        )

    def test_export_that_pays_more_than_the_rigs_last_watts(self) -> None:
        dear = Tariff(currency="EUR", import_per_kwh=0.30, export_per_kwh=0.10)

        assert why(tariff=dear, workloads=(MINER,), state=exporting()) == (
            "Surplus 2.6 kW: 500 W for the rig; the rest pays more as export "
            "(0.10 EUR/kWh, work would earn 0.09 EUR/kWh)."
        )

    def test_sun_that_would_be_held_back(self) -> None:
        assert why(CAPPED, tariff=DEAR_EXPORT, workloads=(MINER,), state=at_the_cap()) == (
            "Surplus 2.6 kW: 600 W for the rig, which would be held back; the rest pays more as "
            "export (0.10 EUR/kWh, work would earn 0.09 EUR/kWh)."
        )

    def test_last_watts_that_are_worth_more_in_the_battery(self) -> None:
        plan = plan_of(plan_slot(water_value_per_kwh=0.11))

        assert why(tariff=PRICES, workloads=(MINER,), plan=plan) == (
            "Surplus 2.6 kW: 500 W for the rig; the rest is worth more in the battery "
            "(0.104 EUR/kWh, work would earn 0.09 EUR/kWh)."
        )

    def test_sun_that_is_worth_more_in_the_battery(self) -> None:
        plan = plan_of(plan_slot(water_value_per_kwh=0.20))

        assert why(tariff=PRICES, workloads=(MINER,), plan=plan) == (
            "Surplus 2.6 kW: it is worth more in the battery "
            "(0.19 EUR/kWh, work would earn 0.117 EUR/kWh)."
        )

    def test_a_battery_that_gives_all(self) -> None:
        plan = plan_of(plan_slot(water_value_per_kwh=0.05))

        assert why(state=DARK, tariff=PRICES, workloads=(MINER,), plan=plan) == (
            "No surplus: 700 W for the rig, all from the battery "
            "(0.053 EUR/kWh, work earns 0.09 EUR/kWh)."
        )

    def test_a_battery_that_gives_what_pays(self) -> None:
        plan = plan_of(plan_slot(water_value_per_kwh=0.10))

        assert why(state=DARK, tariff=PRICES, workloads=(MINER,), plan=plan) == (
            "No surplus: 500 W for the rig, all from the battery "
            "(0.105 EUR/kWh, work earns 0.117 EUR/kWh)."
        )

    def test_a_grid_that_gives_the_rest(self) -> None:
        state = state_of(pv_w=800.0, battery=None)
        cheap = Tariff(currency="CHF", import_per_kwh=0.05, export_per_kwh=0.0)
        plan = plan_of(plan_slot(water_value_per_kwh=0.0))
        buyer = PlanRule(import_at_most_w=4000.0)

        assert why(buyer, state=state, tariff=cheap, workloads=(MINER,), plan=plan) == (
            "Surplus 400 W: 700 W for the rig, the rest from the grid "
            "(0.05 CHF/kWh, work earns 0.09 CHF/kWh)."
        )

    def test_a_grid_that_costs_too_much(self) -> None:
        plan = plan_of(plan_slot(water_value_per_kwh=0.0))
        buyer = PlanRule(import_at_most_w=4000.0)
        state = state_of(pv_w=300.0, battery=None)

        assert why(buyer, state=state, tariff=PRICES, workloads=(MINER,), plan=plan) == (
            "No surplus, and the grid costs more (0.30 EUR/kWh, work would earn 0.117 EUR/kWh)."
        )

    def test_work_that_nobody_values(self) -> None:
        assert why(state=DARK, tariff=PRICES) == (
            "No surplus, and nothing is bought for work whose worth nobody states."
        )

    def test_no_plan_to_buy_by(self) -> None:
        assert why(state=DARK, tariff=PRICES, workloads=(MINER,)) == (
            "No surplus, and without a fresh plan nothing is bought."
        )

    def test_nothing_at_all(self) -> None:
        assert why(state=state_of(pv_w=300.0, battery=None)) == "No surplus: no work."

    def test_sun_that_does_not_carry_the_idle_rig(self) -> None:
        plain = state_of(pv_w=500.0, battery=None)
        stored = state_of(pv_w=500.0, battery=battery_at(0.7, 40.0))

        assert why(state=plain) == "Surplus 100 W, less than the idle rig's 140 W."
        assert why(state=stored, workloads=(MINER,)) == (
            "Surplus 100 W, less than the idle rig's 140 W; without a fresh plan nothing is bought."
        )

    def test_cards_in_other_hands(self) -> None:
        assert why(rig=rig_of(0)) == "Surplus 2.6 kW: no card here can be steered."

    def test_off_grid_energy_has_no_price(self) -> None:
        rule = PlanRule(nominal_per_kwh=0.10, max_discharge_w=5000.0)
        dear, dearer = (plan_of(plan_slot(water_value_per_kwh=value)) for value in (0.20, 9.5))

        assert why(rule, plan=dear) == (
            "Surplus 2.6 kW: it is worth more in the battery (1.9 × what work counts)."
        )
        assert why(rule, plan=dearer) == (
            "Surplus 2.6 kW: it is worth more in the battery (more than 10 × what work counts)."
        )

    def test_work_that_is_worth_nothing(self) -> None:
        rule = PlanRule(nominal_per_kwh=0.0, max_discharge_w=5000.0)

        assert why(rule, plan=plan_of(plan_slot(water_value_per_kwh=0.05))) == (
            "Surplus 2.6 kW: it is worth more in the battery (more than 10 × what work counts)."
        )

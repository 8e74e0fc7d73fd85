"""Cards, and what so many of them earn together."""

from dataclasses import replace

import pytest

from scheduler.fleet import Fleet, make_fleet
from solard.core.curves import CurvePoint, WorkCurve
from solard.core.rig import PowerTerms, Rig
from solard.core.tariff import Tariff
from tests.scheduler.plans import CURVE, MINER, card, request_of, rig_of


def fleet_of(**changes: object) -> Fleet:
    return make_fleet(request_of([], **changes))


def test_idle_rig_is_host_and_parked_cards_at_the_wall() -> None:
    rig = Rig(host_w=90.0, psu_efficiency=0.5, cards=(card(parked_w=10.0), card(1, parked_w=20.0)))

    assert fleet_of(rig=rig).idle_kw == pytest.approx(0.150)


def test_each_count_of_cards_is_a_level() -> None:
    levels = fleet_of(rig=rig_of(2)).levels

    assert [level.cards_on for level in levels] == [0, 1, 2]
    assert [level.powers_w for level in levels] == [(100.0,), (200.0, 300.0), (300.0, 500.0)]


def test_the_better_card_comes_first_and_the_steeper_stretch_too() -> None:
    rig = rig_of(2)
    weaker = WorkCurve(points=(CurvePoint(100.0, 40.0), CurvePoint(200.0, 60.0)))
    team = replace(MINER, gpu_ids=("gpu-0", "gpu-1"), worth_per_h=0.14)

    fleet = fleet_of(
        rig=replace(rig, curves=(("gpu-0", weaker), ("gpu-1", CURVE))), workloads=(team,)
    )

    assert fleet.levels[1].values_per_h == pytest.approx((0.05, 0.08))
    assert fleet.levels[2].values_per_h == pytest.approx((0.09, 0.12, 0.14))


def test_stated_worth_is_spread_over_the_curve() -> None:
    assert fleet_of().levels[1].values_per_h == pytest.approx((0.010, 0.016))


def test_uptime_is_earned_by_every_working_card() -> None:
    fleet = fleet_of(workloads=(replace(MINER, uptime_per_h=0.003),))

    assert fleet.value_per_h(0, 100.0) == 0.0
    assert fleet.value_per_h(1, 200.0) == pytest.approx(0.013)


def test_power_beyond_the_top_earns_no_more() -> None:
    fleet = fleet_of()

    assert fleet.value_per_h(1, 250.0) == pytest.approx(0.013)
    assert fleet.value_per_h(1, 9e9) == pytest.approx(0.016)
    assert fleet.value_per_h(9, 9e9) == pytest.approx(0.016)


def test_unknown_worth_is_a_hair_more_than_the_export_it_displaces() -> None:
    fleet = fleet_of(workloads=(), start_cost=0.004)

    assert fleet.value_per_h(1, 300.0) == pytest.approx(0.2 * 0.0802)
    assert fleet.start_cost == 0.0


def test_unknown_export_is_worth_nothing_but_the_hair() -> None:
    assert fleet_of(workloads=(), tariff=Tariff()).best_per_kwh == pytest.approx(0.0002)


def test_nominal_worth_holds_at_the_best_efficiency() -> None:
    fleet = fleet_of(workloads=(), nominal_per_kwh=0.10, start_cost=0.004)

    assert fleet.best_per_kwh == pytest.approx(0.10)
    assert fleet.value_per_h(1, 300.0) == pytest.approx(0.010 + 0.006)
    assert fleet.start_cost == 0.004


def test_workload_that_needs_more_raises_the_least_and_keeps_its_card_awake() -> None:
    needy = replace(MINER, terms=PowerTerms.AT_LEAST, at_least_w=180.0)

    fleet = fleet_of(workloads=(needy,))

    assert (fleet.standby_cards, fleet.standby_kw) == (1, pytest.approx(0.280))


def test_workload_that_needs_more_than_the_card_gets_all_of_it() -> None:
    greedy = replace(MINER, terms=PowerTerms.AT_LEAST, at_least_w=900.0)

    assert fleet_of(workloads=(greedy,)).levels[1].powers_w == (300.0,)


def test_card_in_other_hands_is_a_fixed_load() -> None:
    rented = replace(MINER, terms=PowerTerms.HANDS_OFF)

    fleet = fleet_of(workloads=(rented,))

    assert (fleet.idle_kw, len(fleet.levels)) == (pytest.approx(0.300), 1)


def test_card_without_a_curve_is_assumed_to_be_usual() -> None:
    assert fleet_of(rig=replace(rig_of(), curves=())).best_per_kwh > 0.0


def test_card_that_does_no_work_earns_nothing() -> None:
    idle = WorkCurve(points=(CurvePoint(100.0, 0.0), CurvePoint(200.0, 0.0)))

    fleet = fleet_of(
        rig=replace(rig_of(), curves=(("gpu-0", idle),)), workloads=(), nominal_per_kwh=0.10
    )

    assert fleet.best_per_kwh == pytest.approx(0.0802)

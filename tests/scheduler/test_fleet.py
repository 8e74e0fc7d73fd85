"""Cards and what their work is worth."""

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


def test_equal_cards_form_one_class() -> None:
    (one,) = fleet_of(rig=rig_of(3)).classes

    assert (one.count, one.base_kw, one.most_kw) == (3, pytest.approx(0.1), pytest.approx(0.6))


def test_cards_with_other_curves_form_classes_of_their_own() -> None:
    rig = rig_of(2)
    weaker = WorkCurve(points=(CurvePoint(100.0, 40.0), CurvePoint(200.0, 60.0)))

    fleet = fleet_of(rig=replace(rig, curves=(("gpu-0", CURVE), ("gpu-1", weaker))))

    assert len(fleet.classes) == 2


def test_stated_worth_is_spread_over_the_curve() -> None:
    (one,) = fleet_of().classes

    assert one.base_value_per_h == pytest.approx(0.010)
    assert [round(each.value_per_kwh, 6) for each in one.stretches] == [0.06]


def test_power_is_worth_what_its_best_use_brings() -> None:
    fleet = fleet_of(rig=rig_of(2), workloads=(replace(MINER, gpu_ids=("gpu-0", "gpu-1")),))

    assert fleet.best_per_kwh == pytest.approx(0.05)
    assert fleet.value_per_h(0.1) == pytest.approx(0.005)
    assert fleet.value_per_h(0.3) == pytest.approx(0.010 + 0.003)
    assert fleet.value_per_h(9.9) == pytest.approx(0.016)


def test_unknown_worth_is_a_hair_more_than_the_export_it_displaces() -> None:
    fleet = fleet_of(workloads=())

    assert fleet.value_per_h(0.1) == pytest.approx(0.1 * 0.0802)
    assert fleet.value_per_h(0.2) == pytest.approx(0.2 * 0.0802)
    assert fleet.start_cost == 0.0


def test_unknown_export_is_worth_nothing_but_the_hair() -> None:
    assert fleet_of(workloads=(), tariff=Tariff()).best_per_kwh == pytest.approx(0.0002)


def test_nominal_worth_holds_at_the_best_efficiency() -> None:
    fleet = fleet_of(workloads=(), nominal_per_kwh=0.10, start_cost=0.004)

    assert fleet.best_per_kwh == pytest.approx(0.10)
    assert fleet.value_per_h(0.2) == pytest.approx(0.010 + 0.006)
    assert fleet.start_cost == 0.004


def test_card_works_from_its_most_efficient_power_on() -> None:
    curve = WorkCurve(
        points=(CurvePoint(100.0, 10.0), CurvePoint(150.0, 70.0), CurvePoint(200.0, 80.0))
    )

    (one,) = fleet_of(rig=replace(rig_of(), curves=(("gpu-0", curve),))).classes

    assert one.base_kw == pytest.approx(0.150)


def test_workload_that_needs_more_raises_the_base() -> None:
    needy = replace(MINER, terms=PowerTerms.AT_LEAST, at_least_w=180.0)

    assert fleet_of(workloads=(needy,)).classes[0].base_kw == pytest.approx(0.180)


def test_workload_that_needs_more_than_the_card_gets_all_of_it() -> None:
    greedy = replace(MINER, terms=PowerTerms.AT_LEAST, at_least_w=900.0)

    (one,) = fleet_of(workloads=(greedy,)).classes

    assert (one.base_kw, one.stretches) == (pytest.approx(0.2), ())


def test_card_in_other_hands_is_a_fixed_load() -> None:
    rented = replace(MINER, terms=PowerTerms.HANDS_OFF)

    fleet = fleet_of(workloads=(rented,))

    assert (fleet.idle_kw, fleet.classes) == (pytest.approx(0.300), ())


def test_card_without_a_curve_is_assumed_to_be_usual() -> None:
    assert fleet_of(rig=replace(rig_of(), curves=())).best_per_kwh > 0.0


def test_card_that_does_no_work_is_never_used() -> None:
    idle = WorkCurve(points=(CurvePoint(100.0, 0.0), CurvePoint(200.0, 0.0)))

    fleet = fleet_of(
        rig=replace(rig_of(), curves=(("gpu-0", idle),)), workloads=(), nominal_per_kwh=0.10
    )

    assert (fleet.classes, fleet.best_per_kwh, fleet.least_kw) == ((), 0.0, 0.0)

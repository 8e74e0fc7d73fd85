"""A plan lived through: the battery serves itself, and the tick's lines hold."""

import pytest

from scheduler.battery import serve
from scheduler.case import PlanCase
from scheduler.course import Course, Wish, idle_wish, live
from solard.core.planning import BatterySpec
from tests.scheduler.plans import GOLD, battery_of, card, case_of, rig_of

WORK = Wish(rig_w=300.0, cards_on=1)
"""One card at its most, host included."""
DARK = (0.0, 200.0)
SUN = (1000.0, 200.0)
"""800 W are left by the house, 700 W beside an idle rig."""


def lived(case: PlanCase, wish: Wish = WORK) -> Course:
    return live(case, [wish] * len(case.steps))


class TestBattery:
    """What a battery does by itself."""

    def test_takes_surplus_up_to_its_limit(self) -> None:
        served = serve(battery_of(max_charge_w=500.0), 0.5, 800.0, 1.0)

        assert (served.charge_w, served.discharge_w, served.soc) == (500.0, 0.0, 0.55)

    def test_gives_to_a_deficit_up_to_its_limit(self) -> None:
        served = serve(battery_of(max_discharge_w=500.0), 0.5, -800.0, 1.0)

        assert (served.charge_w, served.discharge_w, served.soc) == (0.0, 500.0, 0.45)

    def test_loses_on_both_ways(self) -> None:
        lossy = battery_of(efficiency=0.8)

        assert serve(lossy, 0.5, 1000.0, 1.0).soc == pytest.approx(0.58)
        assert serve(lossy, 0.5, -800.0, 1.0).soc == pytest.approx(0.40)

    def test_stops_at_full(self) -> None:
        served = serve(battery_of(), 0.99, 1000.0, 1.0)

        assert (served.charge_w, served.soc) == (pytest.approx(100.0), 1.0)

    def test_stops_at_the_inverters_minimum(self) -> None:
        served = serve(battery_of(min_soc=0.1), 0.15, -1000.0, 1.0)

        assert (served.discharge_w, served.soc) == (pytest.approx(500.0), pytest.approx(0.1))

    def test_below_the_minimum_it_gives_nothing_and_stays_where_it_is(self) -> None:
        served = serve(battery_of(min_soc=0.1), 0.05, -1000.0, 1.0)

        assert (served.discharge_w, served.soc) == (0.0, 0.05)

    @pytest.mark.parametrize("spec", [None, battery_of(capacity_wh=0.0)])
    def test_no_battery_does_nothing(self, spec: BatterySpec | None) -> None:
        assert serve(spec, 0.0, 800.0, 1.0).charge_w == 0.0


class TestFlows:
    """Where sun and load go."""

    def test_grid_feeds_what_the_battery_cannot(self) -> None:
        case = case_of([DARK], battery=battery_of(max_discharge_w=400.0), soc=0.9)

        (one,) = lived(case).steps

        assert (one.rig_w, one.battery_w, one.grid_w) == (300.0, 400.0, 100.0)

    def test_export_stops_at_its_cap_and_the_rest_is_throttled(self) -> None:
        (one,) = lived(case_of([SUN], export_at_most_w=200.0)).steps

        assert (one.grid_w, one.throttled_w) == (-200.0, 300.0)

    def test_off_grid_nothing_is_sold_and_dark_loads_are_unserved(self) -> None:
        sun, dark = lived(case_of([SUN, DARK], off_grid=True)).steps

        assert (sun.grid_w, sun.throttled_w, sun.unserved_w) == (0.0, 500.0, 0.0)
        assert (dark.grid_w, dark.throttled_w, dark.unserved_w) == (0.0, 0.0, 500.0)

    def test_soc_is_that_at_the_end(self) -> None:
        case = case_of([DARK, DARK], battery=battery_of(), soc=0.9)

        assert [one.soc for one in lived(case).steps] == pytest.approx([0.8875, 0.875])

    def test_without_a_battery_there_is_no_charge(self) -> None:
        assert [one.soc for one in lived(case_of([SUN])).steps] == [0.0]


class TestLines:
    """The battery lines of the tick."""

    def test_above_the_work_line_the_battery_feeds_work(self) -> None:
        (one,) = lived(case_of([DARK], battery=battery_of(), soc=0.9)).steps

        assert (one.rig_w, one.cards_on, one.battery_w) == (300.0, 1, 500.0)

    def test_work_starts_only_a_margin_above_the_line(self) -> None:
        case = case_of([DARK], battery=battery_of(), soc=0.52)

        assert lived(case).steps[0].rig_w == 100.0

    def test_work_that_runs_goes_on_down_to_the_line(self) -> None:
        case = case_of([DARK] * 2, battery=battery_of(), soc=0.51, cards_on=1)

        assert [one.rig_w for one in lived(case).steps] == [300.0, 100.0]

    def test_below_the_line_the_battery_comes_first(self) -> None:
        case = case_of([SUN], battery=battery_of(), soc=0.4)

        (one,) = lived(case).steps

        assert (one.rig_w, one.cards_on, one.battery_w) == (100.0, 0, -700.0)

    def test_below_the_line_the_rig_gets_what_the_battery_cannot_take(self) -> None:
        case = case_of([SUN], battery=battery_of(max_charge_w=550.0), soc=0.4)

        (one,) = lived(case).steps

        assert (one.rig_w, one.cards_on, one.battery_w) == (250.0, 1, -550.0)

    def test_sun_that_is_too_little_for_a_card_starts_none(self) -> None:
        case = case_of([SUN], battery=battery_of(max_charge_w=601.0), soc=0.4)

        (one,) = lived(case).steps

        assert (one.rig_w, one.cards_on, one.grid_w) == (100.0, 0, -99.0)

    def test_little_sun_leaves_fewer_cards(self) -> None:
        rig = rig_of(3)
        case = case_of([SUN], rig=rig, battery=battery_of(max_charge_w=450.0), soc=0.4)

        (one,) = lived(case, Wish(rig_w=700.0, cards_on=3)).steps

        assert (one.rig_w, one.cards_on) == (350.0, 2)

    def test_rig_without_cards_to_steer_only_idles(self) -> None:
        rig = type(rig_of())(host_w=100.0, psu_efficiency=1.0)
        case = case_of([SUN], rig=rig, battery=battery_of(), soc=0.4)

        assert lived(case).steps[0].rig_w == 100.0

    def test_battery_that_feeds_no_work_leaves_all_sun_once_it_is_full(self) -> None:
        spec = battery_of(work_above_soc=None, max_charge_w=700.0)
        low, full = (case_of([SUN], battery=spec, soc=soc) for soc in (0.9, 1.0))

        assert lived(low).steps[0].rig_w == 100.0
        assert lived(full).steps[0].rig_w == 300.0

    def test_battery_that_feeds_no_work_never_does(self) -> None:
        case = case_of([DARK], battery=battery_of(work_above_soc=None), soc=1.0)

        assert lived(case).steps[0].rig_w == 100.0

    def test_below_the_reserve_even_sun_starts_no_work(self) -> None:
        case = case_of([(9000.0, 200.0)], battery=battery_of(), soc=0.29)

        assert lived(case).steps[0].rig_w == 100.0

    def test_rig_returns_only_a_margin_above_the_reserve(self) -> None:
        spec = battery_of(max_charge_w=2000.0)
        case = case_of([(9000.0, 200.0)] * 3, battery=spec, soc=0.26)

        assert [one.rig_w for one in lived(case).steps] == [100.0, 100.0, 300.0]

    def test_unknown_charge_counts_as_the_reserve(self) -> None:
        case = case_of([DARK], battery=battery_of(), soc=None)

        assert lived(case).steps[0].soc == pytest.approx(0.2925)

    def test_line_may_be_crossed_inside_a_long_step(self) -> None:
        quarters = [(300.0, 200.0)] * 48 + [DARK] * 2
        case = case_of(quarters, battery=battery_of(), soc=0.505, cards_on=1)
        wishes = [idle_wish(case)] * 48 + [WORK]

        last = live(case, wishes).steps[-1]

        assert (last.rig_w, last.cards_on) == (200.0, 1)
        assert last.soc == pytest.approx(0.505 - 0.0125 - 0.0075)


class TestValue:
    """What a course is worth in money."""

    def test_idle_in_the_dark_costs_its_import(self) -> None:
        case = case_of([DARK])

        assert lived(case, idle_wish(case)).value == pytest.approx(-0.25 * 0.3 * 0.30)

    def test_export_pays(self) -> None:
        case = case_of([SUN])

        assert lived(case, idle_wish(case)).value == pytest.approx(0.25 * 0.7 * 0.08)

    def test_work_earns(self) -> None:
        assert lived(case_of([SUN])).value == pytest.approx(0.25 * (0.016 + 0.5 * 0.08))

    def test_darkness_costs_most(self) -> None:
        case = case_of([DARK], off_grid=True)

        assert lived(case, idle_wish(case)).value == pytest.approx(-0.25 * 0.3 * 10.0)

    def test_stored_energy_and_wear_count(self) -> None:
        case = case_of([DARK], battery=battery_of(wear_per_kwh=0.02), soc=0.9)
        stored = 8.925 * 0.7 * 0.30

        assert lived(case, idle_wish(case)).value == pytest.approx(stored - 0.25 * 0.3 * 0.01)

    def test_work_sets_the_worth_of_stored_energy_where_it_earns_more(self) -> None:
        assert case_of([DARK], workloads=(GOLD,)).end_per_kwh == pytest.approx(0.7)
        assert case_of([], off_grid=True).end_per_kwh == pytest.approx(0.07)

    def test_what_no_night_will_need_counts_as_work(self) -> None:
        """0.3 kW for two days are 14.4 kWh at 0.21; all beyond counts 0.7 of the 0.10 of work."""
        case = case_of([DARK], battery=battery_of(capacity_wh=50_000.0))

        assert case.end_worth(14.4) == pytest.approx(14.4 * 0.21)
        assert case.end_worth(24.4) == pytest.approx(14.4 * 0.21 + 10.0 * 0.07)

    def test_each_card_that_wakes_costs_a_start(self) -> None:
        fresh, running = (
            lived(case_of([SUN] * 2, start_cost=0.5, cards_on=cards)).value for cards in (0, 1)
        )

        assert running - fresh == pytest.approx(0.5)

    def test_first_start_is_free_where_nobody_knows_what_runs(self) -> None:
        case = case_of([SUN] * 2, start_cost=0.5, cards_on=None)

        assert lived(case).value == pytest.approx(0.5 * (0.016 + 0.5 * 0.08))

    def test_cards_in_other_hands_earn_nothing_here(self) -> None:
        rig = type(rig_of())(host_w=100.0, psu_efficiency=1.0, cards=(card(),))

        assert case_of([SUN], rig=rig, workloads=()).fleet.value_per_h(0, 100.0) == 0.0

"""Cards and power are chosen with the time after in mind."""

from dataclasses import replace
from datetime import timedelta

import pytest

from solard.core.curves import CurvePoint, WorkCurve
from solard.core.decision import Proposal
from solard.core.future import Future, FutureSlot
from solard.core.inputs import CardMemory, ControlMemory
from solard.core.levels import WorkPrice
from solard.core.plan import PlanSlot
from solard.core.rig import PowerTerms, Workload
from solard.core.rules.best_work import rig_levels
from solard.core.rules.plan_rule import PlanRule
from solard.core.state import SiteState, Supply
from solard.core.tariff import Tariff
from tests.core.sites import NOON, battery_at, inputs_of, plan_of, plan_slot, rig_of, state_of

PRICES = Tariff(currency="EUR", import_per_kwh=0.30, export_per_kwh=0.08)
MINER = Workload(name="miner", gpu_ids=("gpu-0", "gpu-1"), worth_per_h=0.10)
"""0.0005 for each work: 0.0194 per kWh… parked to 200 W earn 0.194 per kWh, the next 100 W 0.15."""
ALIVE = replace(
    MINER, terms=PowerTerms.AT_LEAST, at_least_w=100.0, uptime_per_h=0.003, outage_per_h=0.2
)
RULE = PlanRule(efficiency=1.0, max_discharge_w=5000.0, reserve_soc=0.2)


def future(water_value: float = 0.1, start: float = 0.004, capacity_wh: float = 10_000.0) -> Future:
    """Every stored kWh is worth the same; a card that runs is worth a start."""
    row = tuple(water_value * capacity_wh / 1000.0 * soc for soc in (0.0, 0.5, 1.0))
    worths = tuple(tuple(one + start * cards for one in row) for cards in range(3))
    return Future(
        capacity_wh=capacity_wh,
        start_cost=start,
        grid_soc=(0.0, 0.5, 1.0),
        slots=tuple(
            FutureSlot(at=NOON + timedelta(hours=hours), worths=worths) for hours in (0, 1, 2)
        ),
    )


def propose(
    after: Future,
    state: SiteState | None = None,
    rule: PlanRule = RULE,
    awake: int = 0,
    **changes: object,
) -> Proposal:
    plan = replace(plan_of(plan_slot()), future=after)
    cards = tuple(
        CardMemory(gpu_id=f"gpu-{index}", parked=index >= awake, since_s=0.0) for index in (0, 1)
    )
    values = {"tariff": PRICES, "workloads": (MINER,), "memory": ControlMemory(cards=cards)}
    inputs = inputs_of(state=state, plan=plan, **{**values, **changes})
    return rule.propose(inputs).proposal


def dark(soc: float = 0.9) -> SiteState:
    return state_of(pv_w=0.0, load_w=540.0, battery=battery_at(soc, 540.0))


def test_cheap_stored_energy_feeds_every_card() -> None:
    proposal = propose(future(0.05), dark())

    assert (proposal.preferred_w, proposal.preferred_cards) == (700.0, 2)
    assert proposal.why == (
        "No surplus: 2 at work, 700 W for the rig "
        "(stored energy 0.05 EUR/kWh, the last kWh of work earns 0.15 EUR/kWh; "
        "the battery comes down to 80 % by 13:00)."
    )


def test_stored_energy_that_is_worth_more_than_the_last_watts_stops_them() -> None:
    proposal = propose(future(0.17), dark())

    assert (proposal.preferred_w, proposal.preferred_cards) == (500.0, 2)


def test_dear_stored_energy_leaves_the_rig_idle() -> None:
    proposal = propose(future(0.25), dark())

    assert (proposal.preferred_w, proposal.preferred_cards) == (140.0, 0)
    assert proposal.why == (
        "No surplus: no card works, 140 W for the rig "
        "(stored energy 0.25 EUR/kWh, work would earn 0.194 EUR/kWh; "
        "the battery comes down to 80 % by 13:00)."
    )


def test_sentence_says_how_low_the_battery_comes() -> None:
    """The price of stored energy alone tells an owner little."""
    low = replace(plan_slot(), soc=0.21, starts_at=NOON, ends_at=NOON + timedelta(hours=9))
    next_day = replace(low, soc=0.18, ends_at=NOON + timedelta(hours=20))

    def why(slot: PlanSlot) -> str:
        plan = replace(plan_of(slot), future=future(0.25))
        inputs = inputs_of(state=dark(), plan=plan, tariff=PRICES, workloads=(MINER,))
        return RULE.propose(inputs).proposal.why

    assert why(low).endswith("; the battery comes down to 21 % by 21:00).")
    assert why(next_day).endswith("; the battery comes down to 18 % by Sun 08:00).")
    assert "comes down" not in why(replace(low, soc=0.9))


def test_below_the_reserve_the_battery_feeds_nothing() -> None:
    assert propose(future(0.0), dark(soc=0.19)).preferred_cards == 0


def test_start_is_paid_only_where_it_comes_back() -> None:
    """A card that runs is worth nothing later: its start must be earned in five minutes."""
    lasting, fleeting = future(0.05), future(0.05)
    flat = tuple(replace(slot, worths=(slot.worths[0],) * 3) for slot in fleeting.slots)
    fleeting = replace(fleeting, slots=flat, start_cost=0.02)

    assert propose(lasting, dark()).preferred_cards == 2
    assert propose(fleeting, dark()).preferred_cards == 0
    assert propose(fleeting, dark(), awake=2).preferred_cards == 2


def test_sun_that_is_worth_more_as_export_is_exported() -> None:
    full = state_of(grid_w=-2460.0, battery=battery_at(1.0, 0.0))
    dear = replace(PRICES, export_per_kwh=0.16)

    assert propose(future(0.2), full, tariff=dear).preferred_w == 500.0
    assert propose(future(0.2), full).preferred_w == 700.0


@pytest.mark.parametrize(("cap_w", "rig_w"), [(2600.0, 500.0), (2000.0, 600.0), (0.0, 700.0)])
def test_sun_beyond_the_export_limit_is_free(cap_w: float, rig_w: float) -> None:
    """2,600 W beside the house, a full battery; work earns 0.194 up to 500 W and 0.15 beyond."""
    full = state_of(grid_w=-2460.0, battery=battery_at(1.0, 0.0))
    dear = replace(PRICES, export_per_kwh=0.16)
    rule = replace(RULE, export_at_most_w=cap_w)

    assert propose(future(0.2), full, rule, tariff=dear).preferred_w == rig_w


def test_battery_that_states_its_limits_is_believed() -> None:
    """800 W less 400 W of house leave 400 W."""
    battery = battery_at(0.9, 540.0, max_charge_w=1000.0, max_discharge_w=800.0)
    state = state_of(pv_w=0.0, load_w=540.0, battery=battery)

    assert propose(future(0.01), state).preferred_w == 400.0


def test_nothing_is_bought_for_work_unless_the_owner_allows_it() -> None:
    state = state_of(pv_w=0.0, load_w=540.0, grid_w=540.0, battery=None)
    cheap = Tariff(currency="EUR", import_per_kwh=0.05)
    buyer = replace(RULE, import_at_most_w=4000.0)
    none = future(0.0, capacity_wh=0.0)
    none = replace(
        none, grid_soc=(0.0,), slots=tuple(replace(s, worths=((0.0,),) * 3) for s in none.slots)
    )

    assert propose(none, state, tariff=cheap, awake=2).preferred_cards == 0
    assert propose(none, state, rule=buyer, tariff=cheap, awake=2).preferred_cards == 2
    assert propose(none, state, rule=buyer, tariff=Tariff(), awake=2).preferred_cards == 0


def test_off_grid_nothing_is_sold_and_nothing_bought() -> None:
    island = state_of(supply=Supply.ISLAND, grid_w=None, battery=battery_at(1.0, -2460.0))
    buyer = replace(RULE, import_at_most_w=4000.0)

    assert propose(future(0.0), island, rule=buyer).preferred_w == 700.0


def test_card_that_keeps_answering_is_never_put_down() -> None:
    proposal = propose(future(0.9), dark(), workloads=(ALIVE,))

    assert proposal.preferred_cards == 1


def test_outage_is_worth_a_card_that_nobody_keeps_awake() -> None:
    """It loses 240 W at 0.35 for five minutes, and saves 0.20 an hour."""
    careless = replace(ALIVE, terms=PowerTerms.FREE, at_least_w=None)

    assert propose(future(0.35), dark(), workloads=(careless,)).preferred_cards == 1
    assert propose(future(0.35), dark()).preferred_cards == 0


def test_plan_whose_future_is_over_falls_back_to_its_prices() -> None:
    late = state_of(taken_at=NOON + timedelta(hours=1, minutes=59))
    plan = replace(plan_of(plan_slot(1.0)), future=future())

    proposal = RULE.propose(
        inputs_of(state=late, plan=plan, tariff=PRICES, workloads=(MINER,))
    ).proposal

    assert proposal.preferred_cards is None


def test_levels_leave_out_cards_of_running_jobs() -> None:
    job = Workload(name="job", gpu_ids=("gpu-0",), must_run=True)
    levels = rig_levels(inputs_of(workloads=(MINER, job)), WorkPrice(per_work=0.0005, per_kwh=0.0))

    assert [level.least_w for level in levels] == [220.0, 300.0]
    assert levels[1].value_per_h(400.0) == pytest.approx(0.035)


def test_last_kwh_of_the_least_power_is_its_mean() -> None:
    levels = rig_levels(inputs_of(), WorkPrice(per_work=0.001, per_kwh=0.0))

    assert levels[1].last_per_kwh(220.0) == pytest.approx(1000.0 * 0.02 / 220.0)
    assert levels[1].last_per_kwh(320.0) == pytest.approx(0.5)
    assert levels[0].last_per_kwh(140.0) == 0.0


def test_work_without_a_worth_counts_by_its_energy() -> None:
    levels = rig_levels(inputs_of(), WorkPrice(per_work=None, per_kwh=0.10))

    assert levels[1].values_per_h == pytest.approx((0.008, 0.028))


def test_power_that_does_no_more_work_is_no_bend() -> None:
    flat = WorkCurve(points=(CurvePoint(100.0, 20.0), CurvePoint(300.0, 20.0)))
    lame = replace(rig_of(1), curves=(("gpu-0", flat),))

    levels = rig_levels(inputs_of(rig=lame), WorkPrice(per_work=0.001, per_kwh=0.0))

    assert levels[1].powers_w == (200.0,)

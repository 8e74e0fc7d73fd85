"""Plans stay inside what the owner's rules leave: the tick's own rules, asked beforehand."""

from dataclasses import replace
from datetime import timedelta

from scheduler.limits import find_limits
from scheduler.planner import make_plan
from scheduler.steps import make_steps
from solard.core.conditions import Condition, PolicyAction, Quantity
from solard.core.inputs import Rule
from solard.core.job import JobDemand
from solard.core.modes import WorkMode
from solard.core.plan import Plan
from solard.core.rules.card_limit import CardLimit
from solard.core.rules.inverter_rating import InverterRating
from solard.core.rules.user_policy import UserPolicy
from solard.core.tariff import PriceSlot, Tariff
from tests.scheduler.plans import GOLD, MIDNIGHT, MINER, QUARTER, battery_of, request_of, rig_of

SUN = (1000.0, 200.0)
DARK = (0.0, 200.0)
FIRST_HALF_HOUR = Condition(quantity=Quantity.TIME, between=(0.0, 30.0))


def policy(action: PolicyAction, *when: Condition, unless: tuple[Condition, ...] = ()) -> Rule:
    return UserPolicy(name="mine", when=when, unless=unless, action=action)


def plan_for(quarters: list[tuple[float, float]], *rules: Rule, **changes: object) -> Plan:
    return make_plan(request_of(quarters, **{"workloads": (GOLD,), "rules": rules, **changes}))


def rig_w(plan: Plan) -> list[float]:
    return [round(slot.rig_w) for slot in plan.slots]


def test_cap_holds_in_its_window_and_nowhere_else() -> None:
    quiet = policy(PolicyAction(rig_at_most_w=220.0), FIRST_HALF_HOUR)

    assert rig_w(plan_for([SUN] * 4, quiet)) == [220, 220, 300, 300]


def test_time_of_day_is_the_sites_own() -> None:
    quiet = policy(PolicyAction(rig_at_most_w=220.0), FIRST_HALF_HOUR)

    assert rig_w(plan_for([SUN] * 2, quiet, timezone="Europe/Zurich")) == [300, 300]


def test_standby_leaves_the_rig_answering() -> None:
    quiet = policy(PolicyAction(mode=WorkMode.STANDBY), FIRST_HALF_HOUR)

    plan = plan_for([SUN] * 3, quiet)
    assert rig_w(plan) == [100, 100, 300]
    assert [slot.cards_on for slot in plan.slots] == [0, 0, 1]


def test_cap_of_each_card_bends_every_level() -> None:
    quiet = policy(PolicyAction(each_gpu_at_most_w=150.0), FIRST_HALF_HOUR)
    rig = rig_of(2)
    team = replace(GOLD, gpu_ids=("gpu-0", "gpu-1"))

    assert rig_w(plan_for([SUN] * 3, quiet, rig=rig, workloads=(team,))) == [400, 400, 500]


def test_cap_below_what_a_card_needs_parks_it() -> None:
    plan = plan_for([SUN], CardLimit(at_most_w=99.0), workloads=(replace(GOLD, outage_per_h=1.0),))

    assert (rig_w(plan), plan.slots[0].cards_on) == ([100], 0)


def test_card_limit_is_known_to_the_plan() -> None:
    assert rig_w(plan_for([SUN], CardLimit(at_most_w=170.0))) == [270]


def test_no_import_for_the_rig_where_a_policy_forbids_it() -> None:
    own = policy(PolicyAction(import_for_rig_at_most_w=0.0), FIRST_HALF_HOUR)

    assert rig_w(plan_for([DARK] * 3, own, import_at_most_w=5000.0)) == [100, 100, 300]


def test_battery_is_left_alone_where_a_policy_spares_it() -> None:
    """50 W of sun start no card; the battery would."""
    spared = policy(PolicyAction(battery_for_rig_at_most_w=0.0), FIRST_HALF_HOUR)

    plan = plan_for([(250.0, 200.0)] * 4, spared, battery=battery_of(), soc=0.9)
    assert rig_w(plan) == [100, 100, 200, 200]


def test_line_of_charge_holds_below_it_only() -> None:
    """The battery may feed work above 85 %: it starts at 90 %, and 0.5 kWh are above."""
    dark_spell = policy(PolicyAction(work_above_soc=0.85))

    plan = plan_for([DARK] * 8, dark_spell, battery=battery_of(), soc=0.9)
    assert plan.slots[-1].soc < 0.85
    below = [slot.rig_w for slot in plan.slots[1:] if slot.soc < 0.84]
    assert max(below) == 100.0
    assert plan.slots[0].rig_w == 200.0


def test_condition_on_the_sun_ahead_is_asked_of_the_forecast() -> None:
    little = Condition(quantity=Quantity.SUN_NEXT_48H, below=12_000.0)
    quiet = policy(PolicyAction(rig_at_most_w=220.0), little)

    assert rig_w(plan_for([SUN], quiet)) == [300]  # 1 kW for two days
    assert rig_w(plan_for([(220.0, 0.0)], quiet)) == [220]


def test_condition_on_a_price_is_asked_of_that_hours_price() -> None:
    dear = policy(
        PolicyAction(rig_at_most_w=150.0), Condition(quantity=Quantity.IMPORT_PRICE, above=0.4)
    )
    prices = (
        PriceSlot(starts_at=MIDNIGHT, ends_at=MIDNIGHT + QUARTER, import_per_kwh=0.5),
        PriceSlot(starts_at=MIDNIGHT + QUARTER, ends_at=MIDNIGHT + 2 * QUARTER, import_per_kwh=0.1),
    )

    assert rig_w(plan_for([SUN] * 2, dear, prices=prices)) == [100, 300]


def test_unless_excuses_in_the_plan_too() -> None:
    bright = Condition(quantity=Quantity.PV_POWER, above=900.0)
    quiet = policy(PolicyAction(rig_at_most_w=220.0), unless=(bright,))

    assert rig_w(plan_for([SUN, (800.0, 200.0)], quiet)) == [300, 220]


def test_least_power_is_bought_where_the_owner_wants_it() -> None:
    """Ten times dearer than what the work earns, and still what was asked for."""
    paid = policy(PolicyAction(rig_at_least_w=250.0), FIRST_HALF_HOUR)

    plan = plan_for([DARK] * 3, paid, workloads=(MINER,), import_at_most_w=5000.0)
    assert rig_w(plan) == [250, 250, 100]


def test_inverter_carries_house_rig_and_its_free_part() -> None:
    """600 W less 200 W free less 200 W of house: 200 W for the rig."""
    rating = InverterRating(continuous_w=600.0, keep_free_w=200.0)
    cabin = {"off_grid": True, "tariff": Tariff(), "nominal_per_kwh": 0.10, "workloads": ()}

    plan = plan_for([SUN], rating, battery=battery_of(), soc=1.0, **cabin)
    assert rig_w(plan) == [200]


def test_rating_binds_nothing_while_there_is_a_grid() -> None:
    rating = InverterRating(continuous_w=600.0, keep_free_w=200.0)

    assert rig_w(plan_for([SUN], rating)) == [300]


def test_fuse_of_the_rigs_phase_bounds_the_plan() -> None:
    """House and sun spread over three phases, the rig is on one: 300 W less a third of 600 W."""
    plan = plan_for([(0.0, 600.0)], import_at_most_w=5000.0, fuse_w=300.0, phases=3)

    assert rig_w(plan) == [100]
    wider = plan_for([(0.0, 600.0)], import_at_most_w=5000.0, fuse_w=450.0, phases=3)
    assert rig_w(wider) == [250]


def test_job_waits_until_a_policy_leaves_it_room() -> None:
    quiet = policy(PolicyAction(mode=WorkMode.STANDBY), FIRST_HALF_HOUR)
    job = JobDemand(
        job_id="train-1",
        power_w=150.0,
        cards=1,
        remaining_s=900.0,
        deadline_at=MIDNIGHT + timedelta(hours=1),
        value=5.0,
        interruptible=False,
    )

    (window,) = plan_for([SUN] * 4, quiet, jobs=(job,)).jobs
    assert window.starts_at == MIDNIGHT + timedelta(minutes=30)


def test_rules_that_leave_everything_cost_nothing() -> None:
    loose = policy(PolicyAction(rig_at_most_w=50_000.0))
    request = request_of([SUN] * 2, rules=(loose,))

    assert find_limits(request, make_steps(request.forecast)) is None


def test_plan_is_the_same_with_and_without_rules_that_never_hold() -> None:
    never = policy(
        PolicyAction(rig_at_most_w=120.0), Condition(quantity=Quantity.PV_POWER, above=1e6)
    )
    quarters = [SUN, DARK, SUN, DARK]

    with_rule = plan_for(quarters, never, battery=battery_of(), soc=0.7)
    assert replace(with_rule, solve_s=0.0) == replace(
        plan_for(quarters, battery=battery_of(), soc=0.7), solve_s=0.0
    )

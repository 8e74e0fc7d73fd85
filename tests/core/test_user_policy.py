"""Policies: when they act, and what they then narrow."""

from solard.core.conditions import Condition, PolicyAction, Quantity
from solard.core.modes import WorkMode
from solard.core.rules.inverter_rating import InverterRating
from solard.core.rules.user_policy import UserPolicy, holds, live_value
from solard.core.state import Seen, Supply
from solard.core.tariff import Tariff
from tests.core.sites import (
    after,
    battery_at,
    inputs_of,
    plan_of,
    plan_slot,
    remembering,
    state_of,
)

LOW_BATTERY = Condition(quantity=Quantity.BATTERY_SOC, below=0.5)
STAND_BY = PolicyAction(mode=WorkMode.STANDBY)


def policy(*when: Condition, unless: tuple[Condition, ...] = (), **action: object) -> UserPolicy:
    act = PolicyAction(**action) if action else STAND_BY  # type: ignore[arg-type]
    return UserPolicy(name="test", when=when, unless=unless, action=act)


def most_w(rule: UserPolicy, *rules: object, **changes: object) -> float:
    inputs = inputs_of(*rules, **changes)  # type: ignore[arg-type]
    return rule.propose(inputs).proposal.bounds.max_w


def test_policy_acts_while_all_of_when_holds() -> None:
    both = policy(LOW_BATTERY, Condition(quantity=Quantity.SUPPLY, is_="grid"))

    assert both.propose(inputs_of(state=state_of(battery=battery_at(0.4)))).proposal.mode is (
        WorkMode.STANDBY
    )
    assert both.propose(inputs_of()).proposal.mode is WorkMode.FULL


def test_policy_without_when_always_acts() -> None:
    assert policy().propose(inputs_of()).proposal.mode is WorkMode.STANDBY


def test_unless_excuses() -> None:
    sunny = Condition(quantity=Quantity.SURPLUS, above=2000.0)

    assert policy(unless=(sunny,)).propose(inputs_of()).proposal.mode is WorkMode.FULL
    cloudy = inputs_of(state=state_of(pv_w=500.0))
    assert policy(unless=(sunny,)).propose(cloudy).proposal.mode is WorkMode.STANDBY


def test_unknown_value_lets_lowering_actions_act() -> None:
    unknown = inputs_of(state=state_of(battery=None))

    proposal = policy(LOW_BATTERY, rig_at_most_w=300.0).propose(unknown).proposal

    assert proposal.bounds.max_w == 300.0


def test_unknown_value_keeps_raising_actions_still() -> None:
    cheap = Condition(quantity=Quantity.IMPORT_PRICE, below=0.0)

    proposal = policy(cheap, rig_at_least_w=450.0).propose(inputs_of()).proposal

    assert proposal.bounds.min_w == 140.0


def test_known_condition_lets_raising_actions_act() -> None:
    paid = Tariff(currency="EUR", import_per_kwh=-0.02)
    cheap = Condition(quantity=Quantity.IMPORT_PRICE, below=0.0)

    proposal = policy(cheap, rig_at_least_w=450.0).propose(inputs_of(tariff=paid)).proposal

    assert (proposal.bounds.min_w, proposal.bounds.max_w) == (450.0, 700.0)


def test_condition_with_for_must_have_held() -> None:
    slow = policy(Condition(quantity=Quantity.BATTERY_SOC, below=0.5, for_s=600.0))
    start = inputs_of(state=state_of(battery=battery_at(0.4)))
    first = slow.propose(start)
    then = slow.propose(after(start, first, 600))

    assert first.proposal.mode is WorkMode.FULL
    assert then.proposal.mode is WorkMode.STANDBY


def test_time_window_may_pass_midnight() -> None:
    night = Condition(quantity=Quantity.TIME, between=(22 * 60.0, 7 * 60.0))
    evening = inputs_of(state=state_of(utc_offset_s=12 * 3600))
    morning = inputs_of(state=state_of(utc_offset_s=-4 * 3600))

    assert holds(night, evening) is True
    assert holds(night, morning) is True
    assert holds(night, inputs_of()) is False


def test_window_of_a_power_is_half_open() -> None:
    window = Condition(quantity=Quantity.PV_POWER, between=(3000.0, 4000.0))

    assert holds(window, inputs_of()) is True
    assert holds(window, inputs_of(state=state_of(pv_w=4000.0))) is False


def test_condition_without_a_relation_never_holds() -> None:
    assert holds(Condition(quantity=Quantity.PV_POWER), inputs_of()) is False


def test_live_values_are_those_of_the_state_and_tariff() -> None:
    tariff = Tariff(import_per_kwh=0.28, export_per_kwh=0.08)
    car = Seen(device_id="car", power_w=7000.0)
    shed = Seen(device_id="shed", temperature_c=12.0)
    inputs = inputs_of(tariff=tariff, plan=plan_of(plan_slot()), state=state_of(seen=(car, shed)))
    told_by = {Quantity.DEVICE_POWER: "car", Quantity.DEVICE_TEMPERATURE: "shed"}

    found = {
        one.value: live_value(Condition(quantity=one, device_id=told_by.get(one)), inputs)
        for one in Quantity
    }

    assert found == {
        "battery_soc": 0.7,
        "time": 720.0,
        "surplus": 2600.0,
        "pv_power": 3000.0,
        "grid_power": 0.0,
        "battery_power": -2460.0,
        "import_price": 0.28,
        "export_price": 0.08,
        "supply": "grid",
        "sun_next_48h": 2000.0,
        "NAME.power": 7000.0,
        "NAME.temperature": 12.0,
    }


def test_live_values_are_unknown_where_nothing_says_them() -> None:
    inputs = inputs_of(state=state_of(battery=None, supply=Supply.UNKNOWN))

    for quantity in (
        Quantity.BATTERY_SOC,
        Quantity.BATTERY_POWER,
        Quantity.SUPPLY,
        Quantity.SUN_NEXT_48H,
        Quantity.DEVICE_POWER,
    ):
        assert live_value(Condition(quantity=quantity, device_id="car"), inputs) is None


def test_car_that_charges_goes_first_and_one_that_is_silent_may_be_charging() -> None:
    charges = Condition(quantity=Quantity.DEVICE_POWER, device_id="car", above=100.0)
    first = UserPolicy(
        name="the car goes first",
        when=(charges,),
        action=PolicyAction(import_for_rig_at_most_w=0.0, battery_for_rig_at_most_w=0.0),
    )

    def most_with(*seen: Seen) -> float:
        state = state_of(seen=seen, grid_w=2000.0, rig_w=640.0)
        return first.propose(inputs_of(state=state)).proposal.bounds.max_w

    assert most_with(Seen(device_id="car", power_w=0.0)) == 700.0
    assert most_with(Seen(device_id="car", power_w=7000.0)) == 140.0
    assert most_with(Seen(device_id="car")) == 140.0


def test_rig_at_most_is_an_upper_bound() -> None:
    assert most_w(policy(rig_at_most_w=300.0)) == 300.0


def test_at_least_above_its_own_at_most_gives_way() -> None:
    proposal = policy(rig_at_most_w=300.0, rig_at_least_w=400.0).propose(inputs_of()).proposal

    assert (proposal.bounds.min_w, proposal.bounds.max_w) == (300.0, 300.0)


def test_off_is_the_lowest_the_rig_can_be() -> None:
    proposal = policy(mode=WorkMode.OFF).propose(inputs_of()).proposal

    assert (proposal.mode, proposal.bounds.max_w) == (WorkMode.OFF, 140.0)


def test_eco_caps_the_mode_and_no_power() -> None:
    proposal = policy(mode=WorkMode.ECO).propose(inputs_of()).proposal

    assert (proposal.mode, proposal.bounds.max_w) == (WorkMode.ECO, 700.0)


def test_each_gpu_gets_a_cap() -> None:
    caps = policy(each_gpu_at_most_w=150.0).propose(inputs_of()).proposal.card_caps

    assert [cap.at_most_w for cap in caps] == [150.0, 150.0]


def test_import_for_the_rig_is_bounded() -> None:
    rule = policy(import_for_rig_at_most_w=0.0)

    assert most_w(rule, state=state_of(rig_w=500.0, grid_w=200.0)) == 300.0
    unknown = state_of(grid_w=None)
    assert most_w(rule, state=unknown, memory=remembering(budget_w=250.0)) == 250.0


def test_battery_for_the_rig_is_bounded() -> None:
    rule = policy(battery_for_rig_at_most_w=0.0)

    discharging = state_of(rig_w=500.0, grid_w=0.0, battery=battery_at(0.7, 150.0))
    assert most_w(rule, state=discharging) == 350.0
    exporting = state_of(rig_w=300.0, grid_w=-100.0, battery=battery_at(0.7, 0.0))
    assert most_w(rule, state=exporting) == 400.0
    unknown = state_of(battery=None)
    assert most_w(rule, state=unknown, memory=remembering(budget_w=250.0)) == 250.0


def test_work_line_of_a_policy_keeps_the_battery_for_itself_below_it() -> None:
    rule = policy(work_above_soc=0.85)
    below = state_of(rig_w=500.0, battery=battery_at(0.8, 150.0))

    assert most_w(rule, state=below) == 350.0
    assert most_w(rule, state=state_of(battery=battery_at(0.9, 150.0))) == 700.0


def test_keep_free_leaves_part_of_the_inverter() -> None:
    rating = InverterRating(continuous_w=3000.0)
    rule = policy(keep_free_w=2200.0)

    assert most_w(rule, rating) == 400.0
    assert most_w(rule, memory=remembering(budget_w=250.0)) == 250.0

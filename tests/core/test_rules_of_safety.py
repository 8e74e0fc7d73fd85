"""Supply, alarm, temperature, rating, battery limits, fuse: what stands above everything."""

from dataclasses import replace

import pytest

from solard.core.modes import WorkMode
from solard.core.rules.bms_limits import BmsLimits
from solard.core.rules.card_limit import CardLimit
from solard.core.rules.fuse import Fuse
from solard.core.rules.gpu_temperature import GpuTemperature
from solard.core.rules.inverter_alarm import InverterAlarm
from solard.core.rules.inverter_rating import InverterRating
from solard.core.rules.supply_loss import SupplyLoss
from solard.core.state import Supply
from tests.core.sites import after, battery_at, inputs_of, read_card, remembering, state_of

HOME = SupplyLoss(expected=Supply.GRID)
CABIN = SupplyLoss(expected=Supply.ISLAND)


def test_running_generator_brings_the_rig_to_standby() -> None:
    state = state_of(supply=Supply.GENERATOR, generator_w=2400.0)

    proposal = HOME.propose(inputs_of(state=state)).proposal

    assert proposal.mode is WorkMode.STANDBY
    assert proposal.bounds.max_w == 140.0
    assert proposal.why == ("Generator running, 2.4 kW: no fuel for mining, the rig is at standby.")


def test_generator_of_unknown_power_is_still_a_generator() -> None:
    proposal = HOME.propose(inputs_of(state=state_of(supply=Supply.GENERATOR))).proposal

    assert proposal.why == "Generator running: no fuel for mining, the rig is at standby."


def test_generator_that_may_feed_the_rig_changes_nothing() -> None:
    rule = SupplyLoss(expected=Supply.GRID, generator_may_feed_rig=True)

    proposal = rule.propose(inputs_of(state=state_of(supply=Supply.GENERATOR))).proposal

    assert proposal.mode is WorkMode.FULL


def test_lost_grid_brings_a_home_to_standby() -> None:
    proposal = HOME.propose(inputs_of(state=state_of(supply=Supply.ISLAND))).proposal

    assert proposal.mode is WorkMode.STANDBY
    assert proposal.why.startswith("Grid lost, noticed at 12:00")


def test_home_that_works_on_its_island_is_left_alone() -> None:
    rule = SupplyLoss(expected=Supply.GRID, work_on_island=True)

    assert rule.propose(inputs_of(state=state_of(supply=Supply.ISLAND))).proposal.mode is (
        WorkMode.FULL
    )


def test_any_ac_input_off_grid_counts_as_a_generator() -> None:
    assert CABIN.propose(inputs_of(state=state_of(supply=Supply.GRID))).proposal.mode is (
        WorkMode.STANDBY
    )


def test_work_waits_five_minutes_after_the_supply_is_back() -> None:
    lost = inputs_of(state=state_of(supply=Supply.ISLAND))
    back = after(lost, HOME.propose(lost), 60, supply=Supply.GRID)
    returned = HOME.propose(back)
    soon = after(back, returned, 299, supply=Supply.GRID)
    then = after(back, returned, 300, supply=Supply.GRID)

    assert returned.proposal.mode is WorkMode.STANDBY
    assert HOME.propose(soon).proposal.mode is WorkMode.STANDBY
    assert HOME.propose(then).proposal.mode is WorkMode.FULL


def test_expected_supply_needs_no_wait_at_the_first_tick() -> None:
    assert HOME.propose(inputs_of()).notes == ()


def test_unknown_supply_lets_nothing_rise() -> None:
    inputs = inputs_of(state=state_of(supply=Supply.UNKNOWN), memory=remembering(budget_w=300.0))

    assert HOME.propose(inputs).proposal.bounds.max_w == 300.0


def test_alarm_sheds_the_load_and_silence_about_alarms_does_not() -> None:
    alarmed = inputs_of(state=state_of(inverter_alarm=True))

    assert InverterAlarm().propose(alarmed).proposal.mode is WorkMode.STANDBY
    assert InverterAlarm().propose(inputs_of()).proposal.mode is WorkMode.FULL


def test_hot_card_loses_a_tenth_of_its_range() -> None:
    state = state_of(gpus=(read_card(temperature_c=85.0), read_card(1)))

    proposal = GpuTemperature(at_most_c=80.0).propose(inputs_of(state=state)).proposal

    assert [(cap.gpu_id, cap.at_most_w) for cap in proposal.card_caps] == [("gpu-0", 280.0)]
    assert proposal.why == "Card 0 above 80 °C."


def test_hot_card_loses_more_only_after_ten_seconds() -> None:
    rule = GpuTemperature(at_most_c=80.0)
    hot = inputs_of(state=state_of(gpus=(read_card(temperature_c=85.0),)))
    first = rule.propose(hot)
    soon = rule.propose(after(hot, first, 9))
    later = rule.propose(after(hot, first, 10))

    assert soon.proposal.card_caps[0].at_most_w == 280.0
    assert later.proposal.card_caps[0].at_most_w == 260.0


def test_card_whose_limit_is_unknown_starts_from_its_highest() -> None:
    state = state_of(gpus=(read_card(temperature_c=85.0, limit_w=None),))

    answer = GpuTemperature(at_most_c=80.0).propose(inputs_of(state=state))

    assert answer.proposal.card_caps[0].at_most_w == 280.0


def test_cooled_card_gets_its_power_back_slowly() -> None:
    rule = GpuTemperature(at_most_c=80.0)
    hot = inputs_of(state=state_of(gpus=(read_card(temperature_c=85.0),)))
    cool = (read_card(temperature_c=70.0),)
    capped = rule.propose(hot)
    waiting = rule.propose(after(hot, capped, 29, gpus=cool))
    free = rule.propose(after(hot, capped, 30, gpus=cool))

    assert waiting.proposal.card_caps[0].at_most_w == 280.0
    assert free.proposal.card_caps == ()


def test_long_hot_card_gets_one_step_at_a_time_back() -> None:
    rule = GpuTemperature(at_most_c=80.0)
    hot = inputs_of(state=state_of(gpus=(read_card(temperature_c=85.0),)))
    first = rule.propose(hot)
    second_inputs = after(hot, first, 10)
    second = rule.propose(second_inputs)
    cooled = rule.propose(after(second_inputs, second, 30, gpus=(read_card(temperature_c=70.0),)))

    assert cooled.proposal.card_caps[0].at_most_w == 280.0


def test_card_just_under_the_limit_keeps_its_cap() -> None:
    rule = GpuTemperature(at_most_c=80.0)
    hot = inputs_of(state=state_of(gpus=(read_card(temperature_c=85.0),)))
    warm = after(hot, rule.propose(hot), 60, gpus=(read_card(temperature_c=79.0),))

    assert rule.propose(warm).proposal.card_caps[0].at_most_w == 280.0


def test_card_that_stops_telling_its_temperature_keeps_its_cap() -> None:
    rule = GpuTemperature(at_most_c=80.0)
    hot = inputs_of(state=state_of(gpus=(read_card(temperature_c=85.0),)))
    silent = after(hot, rule.propose(hot), 60, gpus=(read_card(temperature_c=None),))

    assert rule.propose(silent).proposal.card_caps[0].at_most_w == 280.0


def test_cool_cards_get_no_cap() -> None:
    proposal = (
        GpuTemperature(at_most_c=80.0)
        .propose(inputs_of(state=state_of(gpus=(read_card(), read_card(1, temperature_c=None)))))
        .proposal
    )

    assert proposal.card_caps == ()
    assert proposal.why == "All cards are cool."


def test_card_limit_caps_every_card() -> None:
    proposal = CardLimit(at_most_w=250.0).propose(inputs_of()).proposal

    assert [cap.at_most_w for cap in proposal.card_caps] == [250.0, 250.0]


def test_single_card_is_capped_further_and_never_higher() -> None:
    both = CardLimit(at_most_w=250.0, single=((1, 200.0), (0, 300.0)))
    alone = CardLimit(single=((1, 200.0),))

    assert [cap.at_most_w for cap in both.propose(inputs_of()).proposal.card_caps] == [250.0, 200.0]
    caps = alone.propose(inputs_of()).proposal.card_caps
    assert [(cap.gpu_id, cap.at_most_w) for cap in caps] == [("gpu-1", 200.0)]


def test_island_inverter_carries_house_rig_and_a_kettle() -> None:
    rule = InverterRating(continuous_w=2000.0, keep_free_w=1000.0)
    state = state_of(supply=Supply.ISLAND)

    proposal = rule.propose(inputs_of(state=state)).proposal

    assert proposal.bounds.max_w == 600.0
    assert proposal.why == ("The inverter carries 2 kW, 1 kW stay free and the house takes 400 W.")


@pytest.mark.parametrize(("rated_w", "carried_w"), [(800.0, 800.0), (9000.0, 1000.0)])
def test_inverter_that_says_that_it_carries_less_is_believed(
    rated_w: float, carried_w: float
) -> None:
    rule = InverterRating(continuous_w=1000.0)
    state = state_of(supply=Supply.ISLAND, inverter_rated_w=rated_w)

    assert rule.propose(inputs_of(state=state)).proposal.bounds.max_w == carried_w - 400.0


def test_rating_does_not_matter_on_the_grid() -> None:
    rule = InverterRating(continuous_w=500.0, keep_free_w=100.0)

    assert rule.propose(inputs_of()).proposal.bounds.max_w == 700.0


def test_unknown_house_lets_nothing_rise_on_an_island() -> None:
    rule = InverterRating(continuous_w=2000.0)
    state = state_of(supply=Supply.ISLAND, load_w=None)
    inputs = inputs_of(state=state, memory=remembering(budget_w=250.0))

    assert rule.propose(inputs).proposal.bounds.max_w == 250.0


def test_battery_limit_bounds_an_island_to_sun_and_discharge() -> None:
    battery = battery_at(0.7, 0.0, max_discharge_w=200.0)
    state = state_of(supply=Supply.ISLAND, pv_w=700.0, battery=battery)

    assert BmsLimits().propose(inputs_of(state=state)).proposal.bounds.max_w == 500.0


def test_battery_limit_is_silent_on_a_grid_or_when_unstated() -> None:
    limited = battery_at(0.7, 0.0, max_discharge_w=0.0)

    on_grid = BmsLimits().propose(inputs_of(state=state_of(battery=limited)))
    unstated = BmsLimits().propose(inputs_of(state=state_of(supply=Supply.ISLAND)))
    no_battery = BmsLimits().propose(inputs_of(state=state_of(supply=Supply.ISLAND, battery=None)))

    assert [each.proposal.bounds.max_w for each in (on_grid, unstated, no_battery)] == [700.0] * 3


def test_fuse_leaves_the_rig_what_its_phase_can_still_carry() -> None:
    state = state_of(phase_w=(1000.0, 7500.0, 500.0))
    fuse = Fuse(current_a=35.0, phases=3, rig_phase=2)

    assert fuse.propose(inputs_of(state=state)).proposal.bounds.max_w == 690.0


def test_unknown_rig_phase_counts_as_the_fullest() -> None:
    state = state_of(phase_w=(1000.0, 500.0, 7600.0))

    assert Fuse(current_a=35.0, phases=3).propose(inputs_of(state=state)).proposal.bounds.max_w == (
        590.0
    )


def test_unknown_phases_count_as_all_on_one() -> None:
    state = state_of(grid_w=7600.0)

    assert Fuse(current_a=35.0, phases=3).propose(inputs_of(state=state)).proposal.bounds.max_w == (
        590.0
    )


def test_unknown_meter_lets_nothing_rise_over_the_fuse() -> None:
    inputs = inputs_of(state=state_of(grid_w=None), memory=remembering(budget_w=200.0))

    assert Fuse(current_a=35.0).propose(inputs).proposal.bounds.max_w == 200.0


def test_fuse_does_not_matter_without_a_grid() -> None:
    inputs = inputs_of(state=replace(state_of(), supply=Supply.ISLAND))

    assert Fuse(current_a=1.0).propose(inputs).proposal.bounds.max_w == 700.0

"""Data age, battery lines, grid limits, operator, keep-alive."""

from datetime import timedelta

from solard.core.inputs import Override, OverrideKind
from solard.core.modes import WorkMode
from solard.core.rules.battery_lines import BatteryLines
from solard.core.rules.data_age import DataAge
from solard.core.rules.grid_limits import GridLimits
from solard.core.rules.keep_alive import KeepAlive
from solard.core.rules.operator import OperatorRule
from solard.core.state import Supply
from tests.core.sites import NOON, after, battery_at, inputs_of, remembering, state_of

LINES = BatteryLines(work_above_soc=0.6, standby_above_soc=0.4, shut_down_below_soc=0.2)


def battery_inputs(soc: float | None, **changes: object):  # type: ignore[no-untyped-def]
    return inputs_of(state=state_of(battery=battery_at(soc, 0.0), **changes))


def test_fresh_data_raises_no_objection() -> None:
    assert DataAge().propose(inputs_of()).proposal.bounds.max_w == 700.0


def test_first_reading_is_not_enough_to_work() -> None:
    proposal = DataAge().propose(inputs_of(state=state_of(good_polls=1))).proposal

    assert proposal.mode is WorkMode.STANDBY


def test_stale_data_lets_nothing_rise() -> None:
    state = state_of(stale=frozenset({"gx"}))
    inputs = inputs_of(state=state, memory=remembering(budget_w=350.0))

    proposal = DataAge().propose(inputs).proposal

    assert proposal.bounds.max_w == 350.0
    assert proposal.why == "gx: last value is old, so nothing rises."


def test_missing_data_brings_the_rig_to_standby() -> None:
    state = state_of(missing=frozenset({"gx"}), missing_for_s=34.0)
    inputs = inputs_of(state=state, memory=remembering(budget_w=350.0))

    proposal = DataAge().propose(inputs).proposal

    assert proposal.mode is WorkMode.STANDBY
    assert proposal.why == "No answer from gx for 34 s. The rig only answers."


def test_data_missing_for_ten_minutes_stops_work() -> None:
    state = state_of(missing=frozenset({"gx"}), missing_for_s=600.0)

    assert DataAge().propose(inputs_of(state=state)).proposal.mode is WorkMode.OFF


def test_silence_does_not_wake_a_rig_that_is_off() -> None:
    state = state_of(missing=frozenset({"gx"}), missing_for_s=34.0)
    inputs = inputs_of(state=state, memory=remembering(budget_w=100.0))

    assert DataAge().propose(inputs).proposal.mode is WorkMode.OFF


def test_battery_above_the_work_line_may_feed_work() -> None:
    proposal = LINES.propose(battery_inputs(0.65)).proposal

    assert proposal.bounds.max_w == 700.0


def test_work_starts_only_five_percent_above_its_line() -> None:
    assert LINES.propose(battery_inputs(0.64)).proposal.bounds.max_w == 140.0


def test_running_work_goes_on_down_to_its_line() -> None:
    start = battery_inputs(0.65)
    falling = after(start, LINES.propose(start), 60, battery=battery_at(0.6))
    below = after(falling, LINES.propose(falling), 60, battery=battery_at(0.59))

    assert LINES.propose(falling).proposal.bounds.max_w == 700.0
    assert LINES.propose(below).proposal.bounds.max_w == 140.0


def test_between_the_lines_work_gets_what_the_battery_cannot_take() -> None:
    state = state_of(battery=battery_at(0.5, -2000.0), grid_w=-300.0)

    assert LINES.propose(inputs_of(state=state)).proposal.bounds.max_w == 440.0


def test_unknown_grid_leaves_nothing_between_the_lines() -> None:
    state = state_of(battery=battery_at(0.5, None), grid_w=None)

    assert LINES.propose(inputs_of(state=state)).proposal.bounds.max_w == 140.0


def test_battery_that_feeds_no_work_says_how_to_allow_it() -> None:
    rule = BatteryLines(work_above_soc=None, standby_above_soc=0.25, shut_down_below_soc=0.1)

    proposal = rule.propose(battery_inputs(0.9)).proposal

    assert proposal.bounds.max_w == 140.0
    assert proposal.next is not None
    assert "battery.work_above" in proposal.next


def test_below_the_standby_line_the_rig_only_answers() -> None:
    proposal = LINES.propose(battery_inputs(0.39)).proposal

    assert proposal.mode is WorkMode.STANDBY
    assert proposal.why == ("Battery 39 %: below 40 % the rig only answers, below 20 % it is off.")


def test_standby_is_left_five_percent_higher() -> None:
    low = battery_inputs(0.39)
    answer = LINES.propose(low)

    assert LINES.propose(after(low, answer, 9, battery=battery_at(0.44))).proposal.mode is (
        WorkMode.STANDBY
    )
    assert LINES.propose(after(low, answer, 9, battery=battery_at(0.45))).proposal.mode is (
        WorkMode.FULL
    )


def test_below_the_last_line_the_rig_is_off() -> None:
    proposal = LINES.propose(battery_inputs(0.19)).proposal

    assert proposal.mode is WorkMode.OFF
    assert proposal.why == "Battery 19 %: everything off below 20 %."


def test_low_voltage_counts_only_when_it_lasts() -> None:
    rule = BatteryLines(
        work_above_soc=0.6,
        standby_above_soc=0.4,
        shut_down_below_soc=0.2,
        shut_down_below_v=49.6,
        shut_down_for_s=30.0,
    )
    sagging = battery_at(0.7, 0.0, voltage_v=49.0)
    start = inputs_of(state=state_of(battery=sagging))
    first = rule.propose(start)
    held = rule.propose(after(start, first, 30, battery=sagging))

    assert first.proposal.mode is WorkMode.FULL
    assert held.proposal.mode is WorkMode.OFF
    assert held.proposal.why == (
        "Battery 70 %, 49.0 V: everything off below 20 % or 49.6 V for 30 s."
    )


def test_rig_stays_off_while_the_voltage_is_low() -> None:
    rule = BatteryLines(
        work_above_soc=0.6,
        standby_above_soc=0.4,
        shut_down_below_soc=0.2,
        shut_down_below_v=49.6,
        shut_down_for_s=0.0,
    )
    sagging = battery_at(0.7, 0.0, voltage_v=49.0)
    start = inputs_of(state=state_of(battery=sagging))
    off = rule.propose(start)
    unknown = rule.propose(after(start, off, 60, battery=battery_at(0.7, 0.0)))
    back = rule.propose(after(start, off, 60, battery=battery_at(0.7, 0.0, voltage_v=52.0)))

    assert off.proposal.mode is WorkMode.OFF
    assert unknown.proposal.mode is WorkMode.OFF
    assert back.proposal.mode is WorkMode.FULL


def test_unknown_charge_lets_the_rig_only_answer() -> None:
    assert LINES.propose(battery_inputs(None)).proposal.mode is WorkMode.STANDBY
    assert LINES.propose(inputs_of(state=state_of(battery=None))).proposal.mode is (
        WorkMode.STANDBY
    )


def test_unknown_charge_does_not_wake_a_rig_that_is_off() -> None:
    empty = battery_inputs(0.1)
    silent = after(empty, LINES.propose(empty), 60, battery=None)

    assert LINES.propose(silent).proposal.mode is WorkMode.OFF


def test_import_of_the_site_stays_under_its_limit() -> None:
    state = state_of(grid_w=3800.0, rig_w=500.0)

    proposal = GridLimits(import_at_most_w=4000.0).propose(inputs_of(state=state)).proposal

    assert proposal.bounds.max_w == 700.0
    assert GridLimits(import_at_most_w=3700.0).propose(inputs_of(state=state)).proposal.bounds == (
        type(proposal.bounds)(min_w=140.0, max_w=400.0)
    )


def test_unknown_import_lets_nothing_rise() -> None:
    inputs = inputs_of(state=state_of(grid_w=None), memory=remembering(budget_w=300.0))

    assert GridLimits(import_at_most_w=1.0).propose(inputs).proposal.bounds.max_w == 300.0


def test_island_has_no_import_to_limit() -> None:
    inputs = inputs_of(state=state_of(supply=Supply.ISLAND))

    assert GridLimits(import_at_most_w=1.0).propose(inputs).proposal.bounds.max_w == 700.0


def override(kind: OverrideKind, power_w: float | None = None, hours: float = 2.0) -> Override:
    return Override(kind=kind, until_at=NOON + timedelta(hours=hours), power_w=power_w)


def test_pause_lets_the_rig_only_answer_until_it_ends() -> None:
    inputs = inputs_of(overrides=(override(OverrideKind.PAUSE),))

    proposal = OperatorRule().propose(inputs).proposal

    assert proposal.mode is WorkMode.STANDBY
    assert proposal.why == "Paused by the operator until 14:00."


def test_operator_power_is_an_interval_of_one_point() -> None:
    inputs = inputs_of(overrides=(override(OverrideKind.RUN, 600.0),))

    bounds = OperatorRule().propose(inputs).proposal.bounds

    assert (bounds.min_w, bounds.max_w) == (600.0, 600.0)


def test_expired_override_is_no_override() -> None:
    inputs = inputs_of(overrides=(override(OverrideKind.PAUSE, hours=0.0),))

    assert OperatorRule().propose(inputs).proposal.mode is WorkMode.FULL


def test_keep_alive_asks_for_the_power_to_answer() -> None:
    assert KeepAlive().propose(inputs_of()).proposal.bounds.min_w == 140.0


def test_below_its_reserve_the_battery_feeds_no_work_but_sun_does() -> None:
    lines = BatteryLines(
        work_above_soc=0.1, reserve_soc=0.3, standby_above_soc=0.1, shut_down_below_soc=0.05
    )
    state = state_of(pv_w=900.0, load_w=540.0, battery=battery_at(0.25, -360.0))

    proposal = lines.propose(inputs_of(state=state)).proposal

    assert proposal.bounds.max_w == 500.0
    assert proposal.why == "Battery 25 %: below 30 % only sun feeds work."

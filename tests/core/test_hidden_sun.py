"""Looking for sun that a throttling inverter hides."""

from solard.core.rules.hidden_sun import HiddenSun
from solard.core.state import Supply
from tests.core.sites import after, battery_at, inputs_of, remembering, state_of

RULE = HiddenSun()
FULL = battery_at(0.98, 0.0)


def island(**changes: object):  # type: ignore[no-untyped-def]
    values = {"supply": Supply.ISLAND, "pv_w": 540.0, "battery": FULL, "grid_w": 0.0}
    return state_of(**{**values, **changes})


def test_full_battery_on_an_island_starts_a_search_from_the_present_draw() -> None:
    proposal = RULE.propose(inputs_of(state=island())).proposal

    assert proposal.preferred_w == 140.0
    assert proposal.why.startswith("Battery 98 %; panels give 540 W and may be held back")
    assert proposal.next == (
        "+150 W in 1 min; back off if the battery gives more than 150 W (now 0 W)."
    )


def test_search_rises_by_one_step_a_minute() -> None:
    start = inputs_of(state=island())
    first = RULE.propose(start)
    early = RULE.propose(after(start, first, 59))
    due = RULE.propose(after(start, first, 60))

    assert early.proposal.preferred_w == 140.0
    assert due.proposal.preferred_w == 290.0


def test_search_does_not_run_ahead_of_the_rig() -> None:
    start = inputs_of(state=island())
    one_inputs = after(start, RULE.propose(start), 60)
    two_inputs = after(one_inputs, RULE.propose(one_inputs), 60)
    three = RULE.propose(after(two_inputs, RULE.propose(two_inputs), 60))

    assert three.proposal.preferred_w == 440.0


def test_battery_that_answers_ends_the_search_at_once() -> None:
    start = inputs_of(state=island(rig_w=500.0, load_w=900.0))
    first = RULE.propose(start)
    missed = RULE.propose(after(start, first, 2, battery=battery_at(0.98, 200.0)))

    assert missed.proposal.preferred_w == 300.0
    assert "waiting after a miss" in missed.proposal.why


def test_search_waits_five_minutes_after_a_miss() -> None:
    start = inputs_of(state=island(rig_w=500.0, load_w=900.0))
    missed_inputs = after(start, RULE.propose(start), 2, battery=battery_at(0.98, 200.0))
    missed = RULE.propose(missed_inputs)
    calm = {"battery": FULL, "rig_w": 300.0, "load_w": 700.0}
    waiting = RULE.propose(after(missed_inputs, missed, 299, **calm))
    trying = RULE.propose(after(missed_inputs, missed, 300, **calm))

    assert waiting.proposal.preferred_w == 300.0
    assert trying.proposal.preferred_w == 450.0


def test_small_help_of_the_battery_ends_the_search_when_it_adds_up() -> None:
    start = inputs_of(state=island(rig_w=500.0, load_w=900.0))
    helped = RULE.propose(after(start, RULE.propose(start), 1600, battery=battery_at(0.98, 140.0)))

    assert helped.proposal.preferred_w == 360.0


def test_battery_that_refuses_charge_is_a_sign_too() -> None:
    cold = battery_at(0.6, 0.0, max_charge_w=0.0)

    proposal = RULE.propose(inputs_of(state=island(battery=cold))).proposal

    assert proposal.why.startswith("Battery 60 % and refusing charge")


def test_battery_that_charges_below_its_limit_gets_all_the_sun_there_is() -> None:
    charging = battery_at(0.97, -800.0, max_charge_w=2000.0)
    at_limit = battery_at(0.97, -1900.0, max_charge_w=2000.0)

    assert RULE.propose(inputs_of(state=island(battery=charging))).proposal.preferred_w is None
    assert RULE.propose(inputs_of(state=island(battery=at_limit))).proposal.preferred_w == 140.0


def test_running_search_goes_on_while_its_own_steps_take_the_charge_down() -> None:
    start = inputs_of(state=island(battery=battery_at(0.96, -1900.0, max_charge_w=2000.0)))
    first = RULE.propose(start)
    lower = after(start, first, 60, battery=battery_at(0.96, -1200.0, max_charge_w=2000.0))
    spent = after(start, first, 60, battery=battery_at(0.92, -1200.0, max_charge_w=2000.0))
    cold = after(start, first, 60, battery=battery_at(0.5, 0.0, max_charge_w=0.0))

    assert RULE.propose(lower).proposal.preferred_w == 290.0
    assert RULE.propose(spent).proposal.preferred_w is None
    assert RULE.propose(cold).proposal.preferred_w == 290.0


def test_there_is_nothing_to_look_for() -> None:
    cases = {
        "the battery is not full": island(battery=battery_at(0.8, 0.0)),
        "it is dark": island(pv_w=10.0),
        "pv is unknown": island(pv_w=None),
        "there is no battery": island(battery=None),
        "the charge is unknown": island(battery=battery_at(None)),
        "the flow is unknown": island(battery=battery_at(0.98, None)),
        "the rig is unknown": island(rig_w=None),
        "the grid takes all": state_of(battery=FULL),
        "nobody knows what feeds us": island(supply=Supply.UNKNOWN),
    }

    wishes = {
        case: RULE.propose(inputs_of(state=state)).proposal.preferred_w
        for case, state in cases.items()
    }

    assert wishes == dict.fromkeys(cases)


def test_export_cap_that_is_reached_hides_sun_on_a_grid() -> None:
    capped = HiddenSun(export_at_most_w=1000.0)
    at_cap = state_of(battery=FULL, grid_w=-900.0)
    below_cap = state_of(battery=FULL, grid_w=-500.0)

    assert capped.propose(inputs_of(state=at_cap)).proposal.preferred_w == 140.0
    assert capped.propose(inputs_of(state=below_cap)).proposal.preferred_w is None
    assert capped.propose(inputs_of(state=state_of(grid_w=None))).proposal.preferred_w is None


def test_inverter_that_tells_is_believed_on_a_grid() -> None:
    capped = HiddenSun(export_at_most_w=0.0)
    honest = state_of(battery=FULL, grid_w=0.0, pv_throttled=False)
    throttled = state_of(battery=battery_at(0.5, 0.0), grid_w=0.0, pv_throttled=True)

    assert capped.propose(inputs_of(state=honest)).proposal.preferred_w is None
    assert capped.propose(inputs_of(state=throttled)).proposal.preferred_w == 140.0


def test_search_never_leaves_the_envelope() -> None:
    state = island(rig_w=700.0, load_w=1100.0)
    start = inputs_of(state=state, memory=remembering(budget_w=700.0))

    due = RULE.propose(after(start, RULE.propose(start), 60))

    assert due.proposal.preferred_w == 700.0
    assert due.proposal.next == (
        "More the cards do not take; back off if the battery gives more than 150 W (now 0 W)."
    )

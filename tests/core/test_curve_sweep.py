"""Measuring a card: down its levels, in surplus only, never up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from solard.core.curve_picture import curve_lines
from solard.core.decide import decide
from solard.core.inputs import Note
from solard.core.learning import CurveBin, LearnedCurve
from solard.core.rules.curve_sweep import CurveSweep, sweep_is_over
from solard.core.state import CardHealth
from solard.core.sweep import LEVEL_S, CardSweep, sweep_levels
from tests.core.sites import CURVE, NOON, after, card, inputs_of, read_card, remembering, state_of

SWEEP = CardSweep(gpu_id="gpu-0", until_at=NOON + timedelta(hours=2))
KEY = "curve sweep/gpu-0"


def site(limit_w: float = 300.0, note: Note | None = None, **changes):
    state = state_of(gpus=(read_card(0, limit_w=limit_w), read_card(1)), **changes)
    memory = remembering(notes=() if note is None else (note,))
    return inputs_of(state=state, sweep=SWEEP, memory=memory)


def level(level_w: float | None, since_s: float | None = None) -> Note:
    return Note(key=KEY, active=True, level_w=level_w, since_s=since_s)


def caps(answer) -> list[tuple[str, float]]:
    return [(cap.gpu_id, cap.at_most_w) for cap in answer.proposal.card_caps]


def test_levels_go_from_the_highest_limit_to_the_lowest():
    assert sweep_levels(card()) == (300.0, 275.0, 250.0, 225.0, 200.0, 175.0, 150.0, 125.0, 100.0)


def test_nothing_is_measured_unless_it_is_asked_for():
    answer = CurveSweep().propose(inputs_of())

    assert (caps(answer), answer.notes) == ([], ())
    assert answer.proposal.why == "No card is being measured."


def test_a_level_caps_its_card_and_says_which():
    answer = CurveSweep().propose(site(note=level(250.0)))

    assert caps(answer) == [("gpu-0", 250.0)]
    assert answer.proposal.why == "gpu0 is measured at 250 W (3 of 9)."


def test_a_level_counts_from_when_the_card_has_its_limit():
    early = CurveSweep().propose(site(limit_w=300.0, note=level(275.0)))
    there = CurveSweep().propose(site(limit_w=274.0, note=level(275.0)))

    assert early.notes == (level(275.0),)
    assert there.notes == (level(275.0, since_s=1000.0),)


def test_the_next_level_follows_when_the_time_is_over():
    almost = CurveSweep().propose(site(275.0, level(275.0, since_s=1000.0 - LEVEL_S + 1)))
    over = CurveSweep().propose(site(275.0, level(275.0, since_s=1000.0 - LEVEL_S)))

    assert caps(almost) == [("gpu-0", 275.0)]
    assert caps(over) == [("gpu-0", 250.0)]


@pytest.mark.parametrize("changes", [{"pv_w": 450.0}, {"pv_w": None}, {"rig_w": None}])
def test_without_a_surplus_that_is_known_the_cap_is_lifted_and_the_sweep_waits(changes):
    answer = CurveSweep().propose(site(275.0, level(275.0, since_s=950.0), **changes))

    assert caps(answer) == []
    assert answer.notes == (level(275.0),)
    assert answer.proposal.why == "gpu0 waits for surplus to be measured at 275 W (2 of 9)."


@pytest.mark.parametrize("changes", [{"health": CardHealth.MANUAL}, {"parked": True}])
def test_a_card_that_does_not_work_for_us_is_not_counted(changes):
    inputs = site(note=level(275.0, since_s=950.0))
    gpus = (read_card(0, limit_w=275.0, **changes),)

    answer = CurveSweep().propose(replace(inputs, state=replace(inputs.state, gpus=gpus)))

    assert answer.notes == (level(275.0),)


def test_after_the_lowest_level_the_card_is_free_and_stays_so():
    last = CurveSweep().propose(site(100.0, level(100.0, since_s=800.0)))
    next_tick = CurveSweep().propose(site(100.0, last.notes[0]))

    assert sweep_is_over(last.notes[0])
    assert caps(last) == caps(next_tick) == []
    assert next_tick.proposal.why == "gpu0 is measured: `solard gpu curve 0`."


def test_a_sweep_ends_by_itself():
    inputs = site(note=level(275.0))

    answer = CurveSweep().propose(after(inputs, CurveSweep().propose(inputs), 7200.0))

    assert (caps(answer), answer.notes) == ([], ())


def test_measuring_never_gives_a_card_more():
    free = replace(site(), rules=())
    swept = replace(site(note=level(150.0)), rules=(CurveSweep(),))

    before = {one.gpu_id: one.limit_w for one in decide(free)[0].limits}
    after_ = {one.gpu_id: one.limit_w for one in decide(swept)[0].limits}

    assert after_["gpu-0"] <= min(150.0, before["gpu-0"])


def test_a_picture_shows_what_was_measured_and_the_best_point():
    learned = LearnedCurve(
        gpu_id="gpu-0",
        workload="llm",
        bins=(CurveBin(power_w=200.0, rate=70.0, weight_s=60.0),),
    )

    lines = curve_lines(card(), CURVE, learned, 50.0)

    assert lines[0] == "     W   work  per W"
    assert lines[1].startswith("   300   100%   100% ████████████████████████████████████████")
    assert lines[1].endswith("◀ most work per watt")
    assert lines[-1] == "   100    20%    47% ████████"
    assert sum("●" in line for line in lines) == 2


def test_a_picture_of_a_card_that_nobody_measured_marks_nothing():
    assert not any("●" in line for line in curve_lines(card(), CURVE, None, 0.0))

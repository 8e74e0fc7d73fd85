"""A restart does not undo a card's rest."""

from datetime import timedelta

import pytest

from solard.core.carried_over import carried_over
from solard.core.decide import decide
from solard.core.inputs import CardMemory, ControlMemory
from solard.core.records import CycleRecord
from tests.core.sites import inputs_of, rig_of, state_of

STATE = state_of()
NEW_S = 5.0
"""Monotonic seconds of a machine that has just started."""


def last_cycle(*cards: CardMemory) -> CycleRecord:
    inputs = inputs_of(rig=rig_of(2))
    decision, _ = decide(inputs)
    return CycleRecord(
        inputs=inputs, decision=decision, memory=ControlMemory(cards=cards), results=()
    )


def parked_for(seconds: float) -> CardMemory:
    return CardMemory(gpu_id="gpu-0", parked=True, since_s=STATE.taken_s - seconds)


@pytest.mark.parametrize(("away_s", "rested_s"), [(0, 120), (60, 180), (-3600, 120)])
def test_2_parked_card_goes_on_with_its_rest_over_a_restart(away_s: float, rested_s: float) -> None:
    now_at = STATE.taken_at + timedelta(seconds=away_s)

    (card,) = carried_over(last_cycle(parked_for(120.0)), now_at, NEW_S).cards

    assert card.parked
    assert NEW_S - card.since_s == rested_s


def test_card_that_the_restart_interrupted_may_go_on_at_once() -> None:
    working = CardMemory(gpu_id="gpu-0", parked=False, since_s=STATE.taken_s)

    assert carried_over(last_cycle(working), STATE.taken_at, NEW_S).cards == ()


def test_first_start_remembers_nothing() -> None:
    assert carried_over(None, STATE.taken_at, NEW_S) == ControlMemory()

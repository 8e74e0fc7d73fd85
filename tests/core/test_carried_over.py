"""A restart undoes neither a card's rest nor its time at work."""

from dataclasses import replace
from datetime import timedelta

import pytest

from solard.core.allocate import allocate
from solard.core.carried_over import carried_over
from solard.core.decide import decide
from solard.core.inputs import CardMemory, ControlMemory
from solard.core.modes import WorkMode
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


def working_for(seconds: float, worked_s: float | None = None) -> CardMemory:
    since_s = STATE.taken_s - seconds
    return CardMemory(gpu_id="gpu-0", parked=False, since_s=since_s, worked_s=worked_s)


def after_restart(card: CardMemory, away_s: float = 20.0) -> ControlMemory:
    now_at = STATE.taken_at + timedelta(seconds=away_s)
    return carried_over(last_cycle(card), now_at, NEW_S)


def decided(memory: ControlMemory, now_s: float, mode: WorkMode, cards: int) -> ControlMemory:
    """What is remembered where there is power for all and so many cards are wanted."""
    inputs = inputs_of(state=state_of(taken_s=now_s), rig=rig_of(2), memory=memory)
    split = allocate(inputs, 2000.0, mode, (), cards)
    return replace(memory, cards=split.memory)


def working(memory: ControlMemory) -> list[str]:
    return [card.gpu_id for card in memory.cards if not card.parked]


def test_card_that_worked_goes_on_with_its_time_at_work_over_a_restart() -> None:
    """Two minutes before it and 20 s away: 460 s are left of ten minutes, though none is wanted."""
    blind = decided(after_restart(working_for(120.0)), NEW_S, WorkMode.STANDBY, 0)
    assert working(blind) == []

    back = decided(blind, NEW_S + 6.0, WorkMode.FULL, 0)
    assert working(back) == ["gpu-0"]
    assert working(decided(back, NEW_S + 6.0 + 459.0, WorkMode.FULL, 0)) == ["gpu-0"]
    assert working(decided(back, NEW_S + 6.0 + 460.0, WorkMode.FULL, 0)) == []


def test_time_at_work_adds_up_over_two_restarts() -> None:
    back = after_restart(working_for(100.0, worked_s=200.0), away_s=0.0)

    assert [card.worked_s for card in back.cards] == [300.0]


def test_card_that_had_worked_long_enough_may_go_on_at_once_and_need_not() -> None:
    back = after_restart(working_for(3600.0))

    assert working(decided(back, NEW_S + 6.0, WorkMode.FULL, 0)) == []
    again = decided(back, NEW_S + 6.0, WorkMode.FULL, 1)
    assert len(working(again)) == 1


def test_card_is_not_due_back_for_ever() -> None:
    back = after_restart(working_for(120.0))

    assert working(decided(back, NEW_S + 601.0, WorkMode.FULL, 0)) == []


def test_cards_that_a_restart_stopped_come_back_one_by_one() -> None:
    both = tuple(replace(working_for(60.0), gpu_id=f"gpu-{index}") for index in (0, 1))
    memory = carried_over(last_cycle(*both), STATE.taken_at, NEW_S)

    first = decided(memory, NEW_S + 6.0, WorkMode.FULL, 0)
    soon = decided(first, NEW_S + 8.0, WorkMode.FULL, 0)
    later = decided(soon, NEW_S + 16.0, WorkMode.FULL, 0)

    assert [len(working(one)) for one in (first, soon, later)] == [1, 1, 2]


def test_nothing_is_forgotten_before_the_keeper_has_listed_its_cards() -> None:
    memory = after_restart(working_for(120.0))

    _, after = decide(inputs_of(rig=rig_of(0), memory=memory))

    assert after.cards == memory.cards


def test_first_start_remembers_nothing() -> None:
    assert carried_over(None, STATE.taken_at, NEW_S) == ControlMemory()

"""What a new process takes over from the last decision of the one before it."""

from dataclasses import replace
from datetime import datetime, timedelta

from solard.core.inputs import CardMemory, ControlMemory
from solard.core.records import CycleRecord


def carried_over(last: CycleRecord | None, now_at: datetime, now_s: float) -> ControlMemory:
    """Return a memory in which parked cards go on with their rest, and cards at work are due back.

    Monotonic seconds start anew with the machine, so times go by the wall clock; one that stepped
    back counts as no time at all. Nothing else is kept: after a start a rig has to see good data
    and the work line first. A card that the start itself stopped comes back as soon as there is
    power for it, and works at least as long as it would have.
    """
    if last is None:
        return ControlMemory()
    before = last.inputs.state
    away_s = max(0.0, (now_at - before.taken_at) / timedelta(seconds=1))
    return ControlMemory(
        cards=tuple(_at(one, before.taken_s, now_s, away_s) for one in last.memory.cards)
    )


def _at(card: CardMemory, before_s: float, now_s: float, away_s: float) -> CardMemory:
    lasted_s = max(0.0, before_s - card.since_s) + away_s
    if card.parked:
        return replace(card, since_s=now_s - lasted_s)
    worked_s = lasted_s + (card.worked_s or 0.0)
    return replace(card, parked=True, since_s=now_s, worked_s=worked_s)

"""What a new process takes over from the last decision of the one before it."""

from dataclasses import replace
from datetime import datetime, timedelta

from solard.core.inputs import CardMemory, ControlMemory
from solard.core.records import CycleRecord


def carried_over(last: CycleRecord | None, now_at: datetime, now_s: float) -> ControlMemory:
    """Return a memory in which parked cards go on with their rest.

    Monotonic seconds start anew with the machine, so times go by the wall clock; one that stepped
    back counts as no time at all. Nothing else is kept: after a start a rig has to see good data
    and the work line first, and a card that the start itself interrupted may go on at once.
    """
    if last is None:
        return ControlMemory()
    before = last.inputs.state
    passed_s = max(0.0, (now_at - before.taken_at) / timedelta(seconds=1))
    return ControlMemory(
        cards=tuple(
            _at(one, before.taken_s, now_s - passed_s) for one in last.memory.cards if one.parked
        )
    )


def _at(card: CardMemory, before_s: float, then_s: float) -> CardMemory:
    return replace(card, since_s=then_s - max(0.0, before_s - card.since_s))

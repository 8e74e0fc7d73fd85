"""One decision: rules → arbitrate → ramp → allocate, from values to values."""

from solard.core.allocate import Allocation, allocate
from solard.core.arbitrate import Ruling, arbitrate
from solard.core.decision import Decision
from solard.core.inputs import ControlMemory, DecideInputs
from solard.core.loads import envelope
from solard.core.modes import WorkMode, lower_mode
from solard.core.ramp import RampMemory, ramp
from solard.core.units import clamp
from solard.core.wording import say_power

FULL_WORK_SHARE = 0.6
"""From this share of all possible work on, workloads run full; below they save."""


def decide(inputs: DecideInputs) -> tuple[Decision, ControlMemory]:
    """Return what the rig does now and what the next tick must remember.

    The same inputs always give the same answer: nothing else is read.
    """
    answers = tuple(rule.propose(inputs) for rule in inputs.rules)
    room = envelope(inputs)
    ruling = arbitrate(tuple(answer.proposal for answer in answers), room)
    before = inputs.memory
    timers = ramp(
        ruling.target_w,
        room,
        RampMemory(
            budget_w=before.budget_w, rising_since_s=before.rising_since_s, rose_s=before.rose_s
        ),
        inputs.state.taken_s,
    )
    budget_w = clamp(timers.budget_w or 0.0, room.min_w, room.max_w)
    allocation = allocate(inputs, budget_w, ruling.mode, ruling.card_caps, ruling.cards)
    memory = ControlMemory(
        notes=tuple(note for answer in answers for note in answer.notes),
        decided_s=inputs.state.taken_s,
        budget_w=budget_w,
        rising_since_s=timers.rising_since_s,
        rose_s=timers.rose_s,
        # Before the keeper has listed its cards nothing is forgotten of them.
        cards=allocation.memory if inputs.rig.cards else before.cards,
    )
    return _decision(inputs, ruling, allocation, memory), memory


def _decision(
    inputs: DecideInputs, ruling: Ruling, allocation: Allocation, memory: ControlMemory
) -> Decision:
    budget_w = memory.budget_w or 0.0
    return Decision(
        decided_at=inputs.state.taken_at,
        decided_s=inputs.state.taken_s,
        rule=ruling.rule,
        target_w=ruling.target_w,
        budget_w=budget_w,
        mode=_mode(inputs, ruling, allocation),
        limits=allocation.limits,
        expected_w=inputs.rig.wall_w(allocation.cards_w),
        why=ruling.why,
        next=_next(ruling, memory),
        heard=ruling.heard,
    )


def _mode(inputs: DecideInputs, ruling: Ruling, allocation: Allocation) -> WorkMode:
    if not inputs.rig.cards:
        return ruling.mode
    if allocation.working == 0:
        return lower_mode(ruling.mode, WorkMode.STANDBY)
    share = allocation.work_share
    return lower_mode(ruling.mode, WorkMode.FULL if share >= FULL_WORK_SHARE else WorkMode.ECO)


def _next(ruling: Ruling, memory: ControlMemory) -> str:
    text = ruling.next or "Nothing is due; every tick looks again."
    rising = memory.rising_since_s is not None  # a rise too small for a write never comes
    if not rising or ruling.target_w - (memory.budget_w or 0.0) < 1.0:
        return text
    return f"Rising to {say_power(ruling.target_w)} step by step. {text}"

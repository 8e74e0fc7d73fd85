"""The few shapes that most answers of rules have."""

from solard.core.bounds import PowerBounds
from solard.core.decision import Proposal
from solard.core.inputs import Answer, DecideInputs, Note
from solard.core.loads import envelope, standby_w
from solard.core.modes import WorkMode


def no_objection(inputs: DecideInputs, rule: str, why: str, *notes: Note) -> Answer:
    """Ask for nothing: the whole envelope is fine."""
    return Answer(proposal=Proposal(rule=rule, bounds=envelope(inputs), why=why), notes=notes)


def at_most(
    inputs: DecideInputs,
    power_w: float,
    *,
    rule: str,
    why: str,
    next: str | None,
    notes: tuple[Note, ...] = (),
) -> Answer:
    """Let the rig draw at most `power_w`, and never ask for less than it can be brought to."""
    room = envelope(inputs)
    bounds = PowerBounds(min_w=room.min_w, max_w=room.clamp(power_w))
    return Answer(proposal=Proposal(rule=rule, bounds=bounds, why=why, next=next), notes=notes)


def only_answer(
    inputs: DecideInputs, *, rule: str, why: str, next: str, notes: tuple[Note, ...] = ()
) -> Answer:
    """Keep the rig answering and nothing more."""
    room = envelope(inputs)
    bounds = PowerBounds(min_w=room.min_w, max_w=room.clamp(standby_w(inputs)))
    proposal = Proposal(rule=rule, bounds=bounds, why=why, next=next, mode=WorkMode.STANDBY)
    return Answer(proposal=proposal, notes=notes)


def switch_off(
    inputs: DecideInputs, *, rule: str, why: str, next: str, notes: tuple[Note, ...] = ()
) -> Answer:
    """Stop all work: every card parked, nothing answers."""
    least_w = envelope(inputs).min_w
    bounds = PowerBounds(min_w=least_w, max_w=least_w)
    proposal = Proposal(rule=rule, bounds=bounds, why=why, next=next, mode=WorkMode.OFF)
    return Answer(proposal=proposal, notes=notes)


def steady_w(inputs: DecideInputs) -> float:
    """Return the power that rises by nothing: the last budget, or standby before the first."""
    last_w = inputs.memory.budget_w
    return standby_w(inputs) if last_w is None else last_w

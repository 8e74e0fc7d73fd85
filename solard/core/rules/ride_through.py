"""A short cloud parks no card: a few Wh from battery or grid carry it over."""

from dataclasses import dataclass, replace

from solard.core.decision import Proposal
from solard.core.inputs import ControlMemory, DecideInputs, Note
from solard.core.loads import card_loads
from solard.core.units import energy_wh
from solard.core.wording import say_energy

NOTE = "plan/ride"
LONGEST_S = 600.0
"""However small the gap: a sky that stays so is no short cloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The cards at work, at their least."""

    cards: int
    least_w: float
    """Of the whole rig at the wall."""


def ride_through(
    inputs: DecideInputs, proposal: Proposal, allowance_wh: float
) -> tuple[Proposal, Note]:
    """Return a wish that keeps the running cards at their least while the allowance lasts.

    What they take beyond the wish is counted in Wh, so that a big gap ends sooner than a small
    one; what the wish leaves above them pays it back. Every bound above the plan still holds.
    """
    memory, wanted_w = inputs.memory, proposal.preferred_w
    running = find_running(inputs, memory)
    if wanted_w is None or running is None or memory.decided_s is None:
        return proposal, Note(key=NOTE)
    elapsed_s = inputs.state.taken_s - memory.decided_s
    missing_wh = energy_wh(running.least_w - wanted_w, elapsed_s)
    if missing_wh > 0.0:
        missing_wh = max(missing_wh, allowance_wh * elapsed_s / LONGEST_S)
    used_wh = max(0.0, memory.note(NOTE).used_wh + missing_wh)
    if missing_wh <= 0.0 or used_wh > allowance_wh:
        return proposal, Note(key=NOTE, used_wh=min(used_wh, allowance_wh))
    left = say_energy(allowance_wh - used_wh)
    held = replace(
        proposal,
        preferred_w=running.least_w,
        preferred_cards=running.cards,
        why=f"{proposal.why} A short gap parks no card: {left} left for it.",
    )
    return held, Note(key=NOTE, active=True, used_wh=used_wh)


def find_running(inputs: DecideInputs, memory: ControlMemory) -> Running | None:
    """Return the cards that work and that we steer; None where there are none."""
    cards_w, running = 0.0, 0
    for load in card_loads(inputs):
        known = memory.card(load.card.gpu_id)
        works = load.fixed_w is None and known is not None and not known.parked
        running += works
        cards_w += load.least_w if works else load.low_w
    return Running(cards=running, least_w=inputs.rig.wall_w(cards_w)) if running else None

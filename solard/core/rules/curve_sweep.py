"""Measure a card at one power after the other, in surplus only; it may only take power away."""

from dataclasses import dataclass

from solard.core.decision import CardCap, Proposal
from solard.core.inputs import Answer, DecideInputs, Note
from solard.core.loads import envelope
from solard.core.rules.answers import no_objection
from solard.core.state import CardHealth, SiteState
from solard.core.sweep import LEVEL_S, sweep_levels
from solard.core.wording import say_power

RULE = "curve sweep"
SAME_W = 2.0
"""A card's limit is a level within this: drivers round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveSweep:
    """Cap the card that is being measured at the level that is due.

    A level counts while the card really has that limit and works. Without surplus the cap is
    lifted and the sweep waits: measuring buys nothing and empties no battery.
    """

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with a cap for one card, or nothing."""
        sweep = inputs.sweep
        card = next((c for c in inputs.rig.cards if sweep and c.gpu_id == sweep.gpu_id), None)
        if sweep is None or card is None or sweep.until_at <= inputs.state.taken_at:
            return no_objection(inputs, RULE, "No card is being measured.")
        levels = sweep_levels(card)
        note = _advance(inputs.memory.note(f"{RULE}/{card.gpu_id}"), levels, inputs.state)
        name = f"gpu{card.index}"
        if note.level_w is None:
            return _answer(inputs, note, f"{name} is measured: `solard gpu curve {card.index}`.")
        place = 1 + levels.index(note.level_w)
        where = f"{say_power(note.level_w)} ({place} of {len(levels)})"
        if not _in_surplus(inputs.state):
            return _answer(inputs, note, f"{name} waits for surplus to be measured at {where}.")
        cap = CardCap(gpu_id=card.gpu_id, at_most_w=note.level_w)
        return _answer(inputs, note, f"{name} is measured at {where}.", (cap,))


def sweep_is_over(note: Note) -> bool:
    """Say whether a sweep has been through all its levels."""
    return note.active and note.level_w is None


def _advance(note: Note, levels: tuple[float, ...], state: SiteState) -> Note:
    """Return the note for now: the level that is due, and since when the card has been at it."""
    if sweep_is_over(note):
        return note
    level_w = levels[0] if note.level_w is None else note.level_w
    gpu = state.gpu(note.key.removeprefix(f"{RULE}/"))
    is_there = (
        gpu is not None
        and gpu.health is CardHealth.OK
        and not gpu.parked
        and gpu.limit_w is not None
        and abs(gpu.limit_w - level_w) <= SAME_W
    )
    if not is_there or not _in_surplus(state):
        return Note(key=note.key, active=True, level_w=level_w)
    since_s = state.taken_s if note.since_s is None else note.since_s
    if state.taken_s - since_s < LEVEL_S:
        return Note(key=note.key, active=True, since_s=since_s, level_w=level_w)
    rest = levels[levels.index(level_w) + 1 :]
    return Note(key=note.key, active=True, level_w=rest[0] if rest else None)


def _in_surplus(state: SiteState) -> bool:
    """Say whether the sun alone carries the rig now; where that is unknown, it does not."""
    surplus_w, rig_w = state.surplus_w, state.rig_w
    return surplus_w is not None and rig_w is not None and surplus_w >= rig_w


def _answer(inputs: DecideInputs, note: Note, why: str, caps: tuple[CardCap, ...] = ()) -> Answer:
    proposal = Proposal(rule=RULE, bounds=envelope(inputs), why=why, card_caps=caps)
    return Answer(proposal=proposal, notes=(note,))

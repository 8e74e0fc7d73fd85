"""A hot card gets less, until it has cooled."""

from dataclasses import dataclass

from solard.core.decision import CardCap, Proposal
from solard.core.inputs import Answer, DecideInputs, Note
from solard.core.loads import envelope
from solard.core.rig import GpuCard
from solard.core.state import GpuState

RULE = "GPU temperature"
STEP_SHARE = 0.1
"""Of a card's range, at each step."""
STEP_AFTER_S = 10.0
RETURN_AFTER_S = 30.0
RETURN_BELOW_C = 3.0
"""Cooler than the limit by this before a card gets power back: cards warm in tens of seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuTemperature:
    """Take a tenth of its range off a card that is too hot, every 10 s, and give it back slower."""

    at_most_c: float

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with a cap for each card that is, or just was, too hot."""
        notes = [
            note
            for card in inputs.rig.cards
            if (note := self._watch(card, inputs.state.gpu(card.gpu_id), inputs)) is not None
        ]
        caps = tuple(
            CardCap(gpu_id=note.key.removeprefix(f"{RULE}/"), at_most_w=note.level_w)
            for note in notes
            if note.level_w is not None
        )
        hot = [card.name for card in inputs.rig.cards if any(c.gpu_id == card.gpu_id for c in caps)]
        why = f"{', '.join(hot)} above {self.at_most_c:g} °C." if hot else "All cards are cool."
        proposal = Proposal(
            rule=RULE,
            bounds=envelope(inputs),
            why=why,
            next=f"Cooler than {self.at_most_c - RETURN_BELOW_C:g} °C for 30 s." if hot else None,
            card_caps=caps,
        )
        return Answer(proposal=proposal, notes=tuple(notes))

    def _watch(self, card: GpuCard, read: GpuState | None, inputs: DecideInputs) -> Note | None:
        before = inputs.memory.note(f"{RULE}/{card.gpu_id}")
        now_s = inputs.state.taken_s
        if read is None or read.temperature_c is None:
            return before if before.level_w is not None else None
        waited_s = None if before.since_s is None else now_s - before.since_s
        step_w = (card.max_w - card.min_w) * STEP_SHARE
        if read.temperature_c > self.at_most_c:
            if waited_s is not None and waited_s < STEP_AFTER_S:
                return before
            level_w = before.level_w if before.level_w is not None else read.limit_w or card.max_w
            return Note(key=before.key, since_s=now_s, level_w=max(card.min_w, level_w - step_w))
        if before.level_w is None:
            return None
        if read.temperature_c > self.at_most_c - RETURN_BELOW_C or (waited_s or 0) < RETURN_AFTER_S:
            return before
        level_w = before.level_w + step_w
        return (
            None if level_w >= card.max_w else Note(key=before.key, since_s=now_s, level_w=level_w)
        )

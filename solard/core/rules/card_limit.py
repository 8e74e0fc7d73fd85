"""The most that cards are ever told: all of them, and single ones."""

from dataclasses import dataclass

from solard.core.decision import CardCap, Proposal
from solard.core.inputs import Answer, DecideInputs
from solard.core.loads import envelope
from solard.core.wording import say_power

RULE = "card limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLimit:
    """Cap every card of the rig, and single ones further."""

    at_most_w: float | None = None
    """None = what its driver allows."""
    single: tuple[tuple[int, float], ...] = ()
    """A card's index and its own cap, W."""

    def cap_w(self, index: int) -> float | None:
        """Return what one card may take; None = what its driver allows."""
        caps_w = (self.at_most_w, dict(self.single).get(index))
        return min((cap_w for cap_w in caps_w if cap_w is not None), default=None)

    def sentence(self) -> str:
        """Return the rule as a sentence."""
        most_w = self.at_most_w
        parts = [] if most_w is None else [f"No card takes more than {say_power(most_w)}"]
        parts += [f"gpu{index} takes at most {say_power(cap_w)}" for index, cap_w in self.single]
        return f"{'; '.join(parts)}."

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with one cap a card."""
        caps = tuple(
            CardCap(gpu_id=card.gpu_id, at_most_w=cap_w)
            for card in inputs.rig.cards
            if (cap_w := self.cap_w(card.index)) is not None
        )
        proposal = Proposal(rule=RULE, bounds=envelope(inputs), why=self.sentence(), card_caps=caps)
        return Answer(proposal=proposal)

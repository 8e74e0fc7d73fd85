"""The most that any card is ever told."""

from dataclasses import dataclass

from solard.core.decision import CardCap, Proposal
from solard.core.inputs import Answer, DecideInputs
from solard.core.loads import envelope
from solard.core.wording import say_power

RULE = "card limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLimit:
    """Cap every card of the rig."""

    at_most_w: float

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with one cap a card."""
        caps = tuple(
            CardCap(gpu_id=card.gpu_id, at_most_w=self.at_most_w) for card in inputs.rig.cards
        )
        proposal = Proposal(
            rule=RULE,
            bounds=envelope(inputs),
            why=f"No card takes more than {say_power(self.at_most_w)}.",
            card_caps=caps,
        )
        return Answer(proposal=proposal)

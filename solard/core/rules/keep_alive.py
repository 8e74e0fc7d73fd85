"""Degrade, don't vanish: while nothing forbids it, the rig goes on answering."""

from dataclasses import dataclass

from solard.core.bounds import PowerBounds
from solard.core.decision import Proposal
from solard.core.inputs import Answer, DecideInputs
from solard.core.loads import envelope, standby_w
from solard.core.wording import say_power

RULE = "keep-alive"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAlive:
    """Ask for at least the power at which workloads answer."""

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with the standby power as the lower end."""
        room = envelope(inputs)
        least_w = room.clamp(standby_w(inputs))
        proposal = Proposal(
            rule=RULE,
            bounds=PowerBounds(min_w=least_w, max_w=room.max_w),
            why=f"{say_power(least_w)} keep the workloads answering: the network drops the silent.",
            next="With surplus the cards start.",
        )
        return Answer(proposal=proposal)

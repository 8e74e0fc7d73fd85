"""A job that runs gets its power: one that is cut short has wasted what it took."""

from dataclasses import dataclass

from solard.core.bounds import PowerBounds
from solard.core.decision import CardCap, Proposal
from solard.core.inputs import Answer, DecideInputs
from solard.core.loads import CardLoad, card_loads, envelope
from solard.core.rules.answers import no_objection
from solard.core.wording import say_power

RULE = "jobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPower:
    """Ask for the power of the jobs that run, and for no more on their cards than that."""

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with the jobs' power above a rig that only answers."""
        jobs = tuple(work for work in inputs.workloads if work.must_run)
        loads = tuple(load for load in card_loads(inputs) if load.fixed_w is None)
        held = tuple(load for load in loads if load.must_run)
        if not held:
            return no_objection(inputs, RULE, "No job runs on a card.")
        room = envelope(inputs)
        least_w = room.clamp(_least_w(inputs, held))
        names = ", ".join(job.name for job in jobs if job.gpu_ids)
        proposal = Proposal(
            rule=RULE,
            bounds=PowerBounds(min_w=least_w, max_w=room.max_w),
            why=f"{names}: {say_power(least_w)} for the rig while it runs.",
            next="When it ends, its cards go back to other work.",
            card_caps=tuple(
                CardCap(gpu_id=load.card.gpu_id, at_most_w=load.least_w) for load in held
            ),
        )
        return Answer(proposal=proposal)


def _least_w(inputs: DecideInputs, held: tuple[CardLoad, ...]) -> float:
    """Return the rig's draw at the wall with the jobs' cards at work and the others at standby."""
    cards_w = 0.0
    for load in card_loads(inputs):
        if load in held:
            cards_w += load.least_w
        else:
            cards_w += load.standby_w if load.fixed_w is None else load.fixed_w
    return inputs.rig.wall_w(cards_w)

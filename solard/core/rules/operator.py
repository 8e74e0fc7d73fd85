"""What the operator asked for, until it expires: a rule like others, so it bypasses nothing."""

from dataclasses import dataclass

from solard.core.bounds import PowerBounds
from solard.core.decision import Proposal
from solard.core.inputs import Answer, DecideInputs, Override, OverrideKind
from solard.core.loads import envelope
from solard.core.rules.answers import no_objection, only_answer
from solard.core.state import SiteState
from solard.core.wording import say_power, say_when

RULE = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRule:
    """Follow the newest override that has not expired."""

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with a pause, a fixed power, or nothing."""
        state = inputs.state
        running = [each for each in inputs.overrides if each.until_at > state.taken_at]
        if not running:
            return no_objection(inputs, RULE, "No override.")
        override = running[-1]
        until = _until(override, state)
        if override.kind is OverrideKind.PAUSE or override.power_w is None:
            return only_answer(
                inputs,
                rule=RULE,
                why=f"Paused by the operator until {until}.",
                next=f"{until} the pause ends by itself.",
            )
        power_w = envelope(inputs).clamp(override.power_w)
        proposal = Proposal(
            rule=RULE,
            bounds=PowerBounds(min_w=power_w, max_w=power_w),
            preferred_w=power_w,
            why=f"The operator asked for {say_power(override.power_w)} until {until}.",
            next=f"{until} this ends by itself.",
        )
        return Answer(proposal=proposal)


def _until(override: Override, state: SiteState) -> str:
    return say_when(override.until_at + (state.local_at - state.taken_at), state.local_at)

"""What the battery may give is a bound where nothing else can fill the gap."""

from dataclasses import dataclass

from solard.core.inputs import Answer, DecideInputs
from solard.core.rules.answers import at_most, no_objection
from solard.core.state import Supply
from solard.core.wording import say_power

RULE = "battery limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class BmsLimits:
    """Off the grid, let the rig draw no more than sun and allowed discharge give together."""

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with surplus plus allowed discharge; no objection where it is not stated."""
        state = inputs.state
        allowed_w = None if state.battery is None else state.battery.max_discharge_w
        if state.supply is Supply.GRID or allowed_w is None or state.surplus_w is None:
            return no_objection(inputs, RULE, "The battery states no limit that matters now.")
        return at_most(
            inputs,
            state.surplus_w + allowed_w,
            rule=RULE,
            why=(
                f"The battery allows {say_power(allowed_w)} of discharge beside "
                f"{say_power(max(0.0, state.surplus_w))} of surplus."
            ),
            next="When the battery allows more.",
        )

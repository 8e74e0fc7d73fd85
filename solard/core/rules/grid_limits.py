"""The most that the site may import."""

from dataclasses import dataclass

from solard.core.inputs import Answer, DecideInputs
from solard.core.rules.answers import at_most, no_objection, steady_w
from solard.core.state import Supply
from solard.core.wording import say_power

RULE = "grid limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLimits:
    """Keep the import of the whole site under a limit."""

    import_at_most_w: float

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with the rig's draw at which the import would be exactly the limit."""
        state = inputs.state
        if state.supply is not Supply.GRID:
            return no_objection(inputs, RULE, "No grid, no import.")
        if state.grid_w is None or state.rig_w is None:
            return at_most(
                inputs,
                steady_w(inputs),
                rule=RULE,
                why="The import is unknown: nothing rises.",
                next="As soon as the meter answers.",
            )
        limit = say_power(self.import_at_most_w)
        return at_most(
            inputs,
            state.rig_w - state.grid_w + self.import_at_most_w,
            rule=RULE,
            why=f"The site imports {say_power(max(0.0, state.grid_w))} of at most {limit}.",
            next="When the house takes less or the sun gives more.",
        )

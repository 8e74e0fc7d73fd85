"""Without a grid, the inverter carries everything: leave it room."""

from dataclasses import dataclass

from solard.core.inputs import Answer, DecideInputs
from solard.core.rules.answers import at_most, no_objection, steady_w
from solard.core.state import SiteState, Supply
from solard.core.wording import say_power

RULE = "inverter rating"


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterRating:
    """Keep house and rig together under the inverter's continuous rating less a free part."""

    continuous_w: float
    """As the owner wrote it; an inverter that says less is believed."""
    keep_free_w: float = 0.0
    """For the kettle, and for cards that spike above their limit."""

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with what house and rating leave; on the grid it carries nothing for us."""
        state = inputs.state
        if state.supply is Supply.GRID:
            return no_objection(inputs, RULE, "The grid carries what the inverter cannot.")
        carried_w = self.carried_w(state)
        usable_w = carried_w - self.keep_free_w
        if state.house_w is None:
            return at_most(
                inputs,
                min(usable_w, steady_w(inputs)),
                rule=RULE,
                why="The house load is unknown, so is what the inverter can carry besides.",
                next="As soon as the load is measured.",
            )
        return at_most(
            inputs,
            usable_w - state.house_w,
            rule=RULE,
            why=(
                f"The inverter carries {say_power(carried_w)}, "
                f"{say_power(self.keep_free_w)} stay free and the house takes "
                f"{say_power(state.house_w)}."
            ),
            next="When the house takes less.",
        )

    def carried_w(self, state: SiteState) -> float:
        """Return what the inverter carries for ever, as the owner or the inverter says."""
        rated_w = state.inverter_rated_w
        return self.continuous_w if rated_w is None else min(self.continuous_w, rated_w)

"""The fullest phase of the board bounds the rig."""

from dataclasses import dataclass

from solard.core.inputs import Answer, DecideInputs
from solard.core.rules.answers import at_most, no_objection, steady_w
from solard.core.state import SiteState, Supply
from solard.core.wording import say_power

RULE = "fuse"
PHASE_VOLTS = 230.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuse:
    """Keep the phase that feeds the rig under the main fuse."""

    current_a: float
    phases: int = 1
    rig_phase: int | None = None
    """1, 2 or 3; None = unknown, so the fullest one counts."""

    @property
    def phase_w(self) -> float:
        """Return what one phase carries."""
        return self.current_a * PHASE_VOLTS

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with what the fuse leaves on the rig's phase, in W of import."""
        state = inputs.state
        if state.supply is not Supply.GRID:
            return no_objection(inputs, RULE, "Nothing flows through the main fuse.")
        loaded_w = self._loaded_w(state)
        if loaded_w is None or state.rig_w is None:
            return at_most(
                inputs,
                steady_w(inputs),
                rule=RULE,
                why="The load on the main fuse is unknown: nothing rises.",
                next="As soon as the meter answers.",
            )
        fuse_w = self.phase_w
        return at_most(
            inputs,
            state.rig_w + fuse_w - loaded_w,
            rule=RULE,
            why=f"The rig's phase carries {say_power(loaded_w)} of {say_power(fuse_w)}.",
            next="When the house takes less on that phase.",
        )

    def _loaded_w(self, state: SiteState) -> float | None:
        if self.phases > 1 and len(state.phase_w) == self.phases:
            if self.rig_phase is None:
                return max(state.phase_w)
            return state.phase_w[self.rig_phase - 1]
        return state.grid_w  # phases unknown: assume that all of it is on one

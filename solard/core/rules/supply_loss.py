"""A generator, or a grid that is gone, leaves nothing for work."""

from dataclasses import dataclass

from solard.core.inputs import Answer, DecideInputs, switched
from solard.core.rules.answers import at_most, no_objection, only_answer, steady_w
from solard.core.state import SiteState, Supply
from solard.core.wording import say_duration, say_power, say_time

RULE = "supply"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyLoss:
    """Keep the rig at standby on a generator or on a lost grid, and a while after."""

    expected: Supply
    """`grid` for a home with a grid, `island` off-grid: there every AC input is a generator."""
    generator_may_feed_rig: bool = False
    work_on_island: bool = False
    """Whether a home may work on when its grid is lost."""
    return_after_s: float = 300.0

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with standby while the supply is not the expected one, and until it has held."""
        state, now_s = inputs.state, inputs.state.taken_s
        lost = self._is_lost(state.supply)
        before = inputs.memory.note(RULE)
        if before.since_s is None and not lost:
            return self._normal(inputs)
        note = switched(before, lost, now_s)
        if lost:
            return only_answer(
                inputs, rule=RULE, why=self._why_lost(state), next=self._next_lost(), notes=(note,)
            )
        since_s = now_s if note.since_s is None else note.since_s
        wait_s = self.return_after_s - (now_s - since_s)
        if wait_s <= 0:
            return self._normal(inputs)
        return only_answer(
            inputs,
            rule=RULE,
            why=(
                f"The {self.expected.value} is back, but not yet for "
                f"{say_duration(self.return_after_s)}."
            ),
            next=f"In {say_duration(wait_s)} the rig may work again.",
            notes=(note,),
        )

    def _is_lost(self, supply: Supply) -> bool:
        if self.expected is Supply.GRID:
            if supply is Supply.GENERATOR:
                return not self.generator_may_feed_rig
            return supply is Supply.ISLAND and not self.work_on_island
        return supply in {Supply.GENERATOR, Supply.GRID} and not self.generator_may_feed_rig

    def _normal(self, inputs: DecideInputs) -> Answer:
        if inputs.state.supply is not Supply.UNKNOWN:
            return no_objection(inputs, RULE, f"On {inputs.state.supply.value} as expected.")
        return at_most(
            inputs,
            steady_w(inputs),
            rule=RULE,
            why="The inverter does not say what feeds the house: nothing rises.",
            next="As soon as it does.",
        )

    def _why_lost(self, state: SiteState) -> str:
        if state.supply is Supply.ISLAND:
            return (
                f"Grid lost, noticed at {say_time(state.local_at)} (the inverter says island): "
                "the rig is at standby to keep the house alive."
            )
        power = "" if state.generator_w is None else f", {say_power(state.generator_w)}"
        return f"Generator running{power}: no fuel for mining, the rig is at standby."

    def _next_lost(self) -> str:
        return f"{say_duration(self.return_after_s).capitalize()} after it is over, work may start."

"""Old data never raises power; no data brings the rig down in two stages."""

from dataclasses import dataclass

from solard.core.inputs import Answer, DecideInputs
from solard.core.loads import standby_w
from solard.core.rules.answers import at_most, no_objection, only_answer, steady_w, switch_off
from solard.core.wording import say_duration

RULE = "data age"
GOOD_POLLS_TO_START = 2
_ANSWERS = "When it answers again."


@dataclass(frozen=True, slots=True, kw_only=True)
class DataAge:
    """Hold on stale data, stand by on missing data, stop work when it stays missing."""

    stop_after_s: float = 600.0

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with what the age of the data allows."""
        state = inputs.state
        if state.missing:
            return self._missing(inputs)
        if state.good_polls < GOOD_POLLS_TO_START:
            return only_answer(
                inputs,
                rule=RULE,
                why="Just started: waiting for two good readings of every device.",
                next="With the second good reading.",
            )
        if state.stale:
            return at_most(
                inputs,
                steady_w(inputs),
                rule=RULE,
                why=f"{_names(state.stale)}: last value is old, so nothing rises.",
                next="With the next good reading.",
            )
        return no_objection(inputs, RULE, "All readings are fresh.")

    def _missing(self, inputs: DecideInputs) -> Answer:
        state = inputs.state
        silent_s = state.missing_for_s
        why = f"No answer from {_names(state.missing)} for {say_duration(silent_s)}."
        if silent_s >= self.stop_after_s:
            return switch_off(inputs, rule=RULE, why=f"{why} Work is stopped.", next=_ANSWERS)
        if steady_w(inputs) < standby_w(inputs):
            return switch_off(inputs, rule=RULE, why=f"{why} The rig stays off.", next=_ANSWERS)
        return only_answer(
            inputs,
            rule=RULE,
            why=f"{why} The rig only answers.",
            next=f"In {say_duration(self.stop_after_s - silent_s)} work stops, unless it answers.",
        )


def _names(sources: frozenset[str]) -> str:
    return ", ".join(sorted(sources))

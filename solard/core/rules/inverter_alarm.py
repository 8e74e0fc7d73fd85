"""An inverter in alarm gets its load taken off at once."""

from dataclasses import dataclass

from solard.core.inputs import Answer, DecideInputs
from solard.core.rules.answers import no_objection, only_answer

RULE = "inverter alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterAlarm:
    """Keep the rig at standby while the inverter reports a fault."""

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with standby in an alarm; an inverter that cannot tell raises no objection."""
        if not inputs.state.inverter_alarm:
            return no_objection(inputs, RULE, "The inverter reports no fault.")
        return only_answer(
            inputs,
            rule=RULE,
            why="The inverter reports a fault: the rig sheds its load.",
            next="As soon as the fault is cleared.",
        )

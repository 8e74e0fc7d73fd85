"""What is kept of a tick: enough to decide it again, exactly."""

from dataclasses import dataclass

from solard.core.codec import Codec
from solard.core.decide import decide
from solard.core.decision import Applied, ApplyResult, Clamped, Decision, Refused
from solard.core.inputs import ControlMemory, DecideInputs
from solard.core.rules.registry import RULE_KINDS

RECORD_CODEC = Codec({kind.__name__: kind for kind in (*RULE_KINDS, Applied, Clamped, Refused)})
"""The one codec for everything that leaves this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleRecord:
    """One tick: what was known, what was decided, what is remembered, what the cards answered."""

    inputs: DecideInputs
    decision: Decision
    memory: ControlMemory
    results: tuple[ApplyResult, ...] = ()


def replays_same(record: CycleRecord) -> bool:
    """Decide the record again from its inputs alone, and say whether the answer is the same."""
    return decide(record.inputs) == (record.decision, record.memory)

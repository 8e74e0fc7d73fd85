"""A subnet in sixty lines: miners add numbers, validators count who adds them right.

Installed by a package whose pyproject.toml has
    [project.entry-points."solard.subnets"]
    sums = "solard_sums:SUMS"
"""

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

from miner.subnets.subnet import QuestionInvalid, Subnet, Surroundings, Verdict
from miner.wire.synapse import SynapseField, SynapseKind
from solard.core.modes import WorkMode


class SumsWorker:
    def __init__(self, surroundings: Surroundings) -> None:
        self._clock = surroundings.clock

    async def learn(self) -> None: ...

    async def answer(self, question: Any, mode: WorkMode) -> dict[str, Any]:
        numbers = question.get("numbers")
        if not isinstance(numbers, list) or not all(isinstance(one, int) for one in numbers):
            raise QuestionInvalid("sums: numbers is a list of whole numbers")
        return {"total": sum(numbers if mode is WorkMode.FULL else numbers[:2])}


class SumsJudge:
    def __init__(self, surroundings: Surroundings) -> None:
        self._verdicts: list[Verdict] = []

    async def open(self, round_at: datetime) -> None: ...

    def question(self, round_at: datetime, hotkey: str) -> dict[str, Any]:
        return {"numbers": Random(f"{round_at} {hotkey}").sample(range(100), 5)}

    def hear(self, round_at: datetime, hotkey: str, answer: Any) -> bool:
        right = answer is not None and answer.get("total") == sum(
            self.question(round_at, hotkey)["numbers"]
        )
        self._verdicts.append(Verdict(hotkey=hotkey, score=float(right), weight=1.0))
        return True

    async def settle(self, now: datetime) -> tuple[Verdict, ...]:
        verdicts, self._verdicts = tuple(self._verdicts), []
        return verdicts

    def to_json(self) -> dict[str, Any]:
        return {}

    def restore(self, data: Mapping[str, Any]) -> None: ...


FIELDS = (SynapseField(name="numbers", kind="list", is_required=True),)
KIND = SynapseKind(name="sums", fields=(*FIELDS, SynapseField(name="total", kind="int")))
COSTS = {WorkMode.FULL: 2.0, WorkMode.ECO: 1.0, WorkMode.STANDBY: 1.0}
SUMS = Subnet(name="sums", about="sums", kind=KIND, round_s=900.0, mode_power_w=COSTS,
              new_worker=SumsWorker, new_judge=SumsJudge)  # fmt: skip

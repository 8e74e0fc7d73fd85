"""The subnet `text`: read a passage, answer questions about it.

A miner answers with a language model of its owner's, at an OpenAI-compatible endpoint, or with the
small reader that comes with solard.
"""

from collections.abc import Mapping
from random import Random
from typing import Any

from miner.subnets.at_once import AtOnceJudge
from miner.subnets.mixing import Weighed, take_best, vote_of
from miner.subnets.passage import Passage, new_passage, right_share
from miner.subnets.reader import read
from miner.subnets.subnet import QuestionInvalid, Subnet, Surroundings
from miner.wire.synapse import SynapseField, SynapseKind
from solard.core.modes import WorkMode

NAME = "text"
PEOPLE = 6
QUESTIONS = 5
ROUND_S = 900.0
LONGEST_PASSAGE = 20_000
MOST_QUESTIONS = 20
LONGEST_ANSWER = 400
SENTENCES_OF_MODE: Mapping[WorkMode, int | None] = {
    WorkMode.FULL: None,
    WorkMode.ECO: 12,
    WorkMode.STANDBY: 4,
}
"""How much of a passage the small reader reads in each mode; None = all."""

KIND = SynapseKind(
    name=NAME,
    fields=(
        SynapseField(name="passage", kind="str", is_required=True),
        SynapseField(name="questions", kind="list", is_required=True),
        SynapseField(name="answers", kind="list"),
        SynapseField(name="model", kind="str"),
    ),
    hash_fields=("passage", "questions"),
)


class TextWorker:
    """Answers with the owner's model at full power, and with the small reader otherwise."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._endpoint = surroundings.endpoint
        self._model = surroundings.model or "default"

    async def learn(self) -> None:
        """There is nothing to learn: facts are new each time."""

    async def answer(self, question: Any, mode: WorkMode) -> dict[str, Any]:
        """Return one answer for each question."""
        passage, questions = _read_question(question)
        if self._endpoint is not None and mode is WorkMode.FULL:
            from miner.subnets.completion import complete

            answers = await complete(self._endpoint, self._model, passage, questions)
            return {"answers": answers, "model": self._model}
        sentences = SENTENCES_OF_MODE.get(mode)
        answers = [read(passage, one, sentences=sentences) for one in questions]
        return {"answers": answers, "model": "reader"}


def new_judge(surroundings: Surroundings) -> AtOnceJudge:
    """Return a judge that makes each miner a passage of its own and counts right answers."""
    del surroundings
    return AtOnceJudge(ask, score)


def ask(seed: bytes) -> dict[str, Any]:
    """Return the passage of a seed, and its questions."""
    passage = _passage(seed)
    return {"passage": passage.text, "questions": list(passage.questions)}


def score(seed: bytes, answer: Any) -> float | None:
    """Return which part of the answers is right."""
    said = _read_answer(answer)
    return None if said is None else right_share(said, _passage(seed).answers)


def _passage(seed: bytes) -> Passage:
    return new_passage(Random(int.from_bytes(seed, "big")), PEOPLE, QUESTIONS)


def _read_question(data: Any) -> tuple[str, list[str]]:
    passage = data.get("passage") if isinstance(data, dict) else None
    questions = data.get("questions") if isinstance(data, dict) else None
    if not isinstance(passage, str) or len(passage) > LONGEST_PASSAGE:
        raise QuestionInvalid(f"text: a passage has at most {LONGEST_PASSAGE} characters")
    if not isinstance(questions, list) or not 0 < len(questions) <= MOST_QUESTIONS:
        raise QuestionInvalid(f"text: a passage has 1 to {MOST_QUESTIONS} questions")
    if not all(isinstance(one, str) and len(one) <= LONGEST_ANSWER for one in questions):
        raise QuestionInvalid(f"text: a question has at most {LONGEST_ANSWER} characters")
    return passage, questions


def _read_answer(data: Any) -> list[str] | None:
    answers = data.get("answers") if isinstance(data, dict) else None
    if not isinstance(answers, list) or len(answers) != QUESTIONS:
        return None
    if not all(isinstance(one, str) and len(one) <= LONGEST_ANSWER for one in answers):
        return None
    return answers


def mix_answers(answers: Weighed) -> dict[str, Any]:
    """Let the answers to each question vote, by the weight of who gave them."""
    voted = vote_of(answers, "answers")
    return take_best(answers) if voted is None else {"answers": voted, "model": "mixture"}


TEXT = Subnet(
    name=NAME,
    about="models: questions about a passage",
    kind=KIND,
    round_s=ROUND_S,
    mode_power_w={WorkMode.FULL: 5.0, WorkMode.ECO: 2.0, WorkMode.STANDBY: 1.0},
    new_worker=TextWorker,
    new_judge=new_judge,
    mix=mix_answers,
)

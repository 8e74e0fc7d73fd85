"""The subnet `text`: passages nobody knew, a small reader, and a language model of the owner's."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from aiohttp import web

from miner.subnets.completion import ModelAway, complete
from miner.subnets.passage import new_passage, right_share
from miner.subnets.reader import read
from miner.subnets.subnet import QuestionInvalid
from miner.subnets.text import TEXT
from solard.core.modes import WorkMode
from tests.miner.subnets import NOON, alone

PASSAGE = "Anna keeps 12 goats. Bruno has lived in Genoa for years. Anna painted the gate green."


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many goats does Anna keep?", "12"),
        ("In which town does Bruno live?", "Genoa"),
        ("Which colour did Anna paint the gate?", "green"),
        ("What is the capital of nowhere?", ""),
    ],
)
def test_the_small_reader_finds_the_word(question: str, answer: str) -> None:
    assert read(PASSAGE, question) == answer


def test_the_small_reader_survives_an_empty_passage() -> None:
    assert read("", "Who?") == ""
    assert read("Who is it?", "Who is it?") == ""


def test_an_answer_counts_if_it_has_the_word_and_is_no_list_of_everything() -> None:
    everything = " ".join(["goats"] * 13)

    assert right_share(["She keeps 12.", "genoa", ""], ["12", "Genoa", "green"]) == 2 / 3
    assert right_share([everything], ["goats"]) == 0.0


def test_a_passage_answers_its_own_questions() -> None:
    passage = new_passage(Random(7), 6, 5)

    assert len(passage.questions) == len(passage.answers) == 5
    assert all(answer in passage.text for answer in passage.answers)


@pytest.mark.parametrize(
    ("mode", "low", "high"),
    [(WorkMode.FULL, 0.95, 1.0), (WorkMode.ECO, 0.3, 0.8), (WorkMode.STANDBY, 0.05, 0.4)],
)
async def test_less_power_reads_less_and_knows_less(
    mode: WorkMode, low: float, high: float
) -> None:
    worker, judge = TEXT.new_worker(alone()), TEXT.new_judge(alone())
    judge.restore({"secret": "07" * 32})
    hotkeys = [f"miner-{number}" for number in range(40)]
    for hotkey in hotkeys:
        judge.hear(NOON, hotkey, await worker.answer(judge.question(NOON, hotkey), mode))

    verdicts = await judge.settle(NOON)

    assert low <= sum(one.score for one in verdicts) / len(hotkeys) <= high


async def test_silence_counts_as_nothing_and_nonsense_is_asked_again() -> None:
    judge = TEXT.new_judge(alone())

    assert judge.hear(NOON, "a", None)
    assert not judge.hear(NOON, "b", {"answers": ["one"]})
    assert not judge.hear(NOON, "b", {"answers": [1, 2, 3, 4, 5]})
    assert not judge.hear(NOON, "b", {"answers": ["x" * 500] * 5})
    assert [(one.hotkey, one.score) for one in await judge.settle(NOON)] == [("a", 0.0)]


@pytest.mark.parametrize(
    "question",
    [
        {},
        [],
        {"passage": "a" * 30_000, "questions": ["Who?"]},
        {"passage": "a", "questions": []},
        {"passage": "a", "questions": ["Who?"] * 21},
        {"passage": "a", "questions": [7]},
    ],
)
async def test_a_question_that_is_none_is_refused(question: Any) -> None:
    with pytest.raises(QuestionInvalid):
        await TEXT.new_worker(alone()).answer(question, WorkMode.FULL)


@asynccontextmanager
async def model(answer: web.Response, asked: list[Any] | None = None) -> AsyncIterator[str]:
    """Serve `/v1/chat/completions` as llama.cpp and others do."""

    async def serve(request: web.Request) -> web.Response:
        if asked is not None:
            asked.append(await request.json())
        return answer

    application = web.Application()
    application.router.add_post("/v1/chat/completions", serve)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def said(text: str) -> web.Response:
    return web.json_response({"choices": [{"message": {"content": text}}]})


async def test_the_owners_model_answers_at_full_power_alone() -> None:
    asked: list[Any] = []
    question = {"passage": PASSAGE, "questions": ["How many goats does Anna keep?"]}
    async with model(said("1. 12\n"), asked) as url:
        worker = TEXT.new_worker(alone(endpoint=url, model="qwen"))
        full = await worker.answer(question, WorkMode.FULL)
        eco = await worker.answer(question, WorkMode.ECO)

    assert full == {"answers": ["12"], "model": "qwen"}
    assert eco == {"answers": ["12"], "model": "reader"}
    assert len(asked) == 1
    assert asked[0]["model"] == "qwen"
    assert PASSAGE in json.dumps(asked[0]["messages"])


async def test_a_number_alone_is_an_answer_and_missing_lines_are_empty() -> None:
    async with model(said("12\n\n2) Genoa")) as url:
        assert await complete(url, "m", PASSAGE, ["a?", "b?", "c?"]) == ["12", "Genoa", ""]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (web.Response(status=404, text="no such model"), "HTTP 404; is 'm' loaded?"),
        (web.Response(text="<html>"), "no chat completion"),
        (web.json_response({"choices": []}), "no chat completion"),
    ],
)
async def test_a_model_that_fails_is_a_sentence(answer: web.Response, sentence: str) -> None:
    async with model(answer) as url:
        with pytest.raises(ModelAway) as failed:
            await complete(url, "m", PASSAGE, ["a?"])

    assert sentence in str(failed.value)


async def test_a_model_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(ModelAway, match="model at http://127"):
        await complete("http://127.0.0.1:1/v1", "m", PASSAGE, ["a?"])

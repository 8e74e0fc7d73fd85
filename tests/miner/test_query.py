"""A client of a subnet, with real axons on loopback: who is asked, who next, what is mixed."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from miner.axon import Axon, Service
from miner.chain.backend import Metagraph, NeuronInfo
from miner.dendrite import Dendrite
from miner.keys import from_uri
from miner.query import Candidate, NobodyAnswered, ask_subnet, find_candidates, query
from miner.subnets.catalog import find_subnet
from miner.wire.refusal import NotServing
from miner.work import RequestInvalid, handler_of
from solard.system.lines import serve_lines
from solard.system.places import places_at
from tests.miner.stage import Idler

TEXT = find_subnet("text")
QUESTION = {"passage": "p", "questions": ["q"]}
NEURON = NeuronInfo(
    netuid=3,
    subnet="text",
    uid=1,
    hotkey="",
    role="miner",
    permit=False,
    incentive=0.0,
    rank=1,
    trust=0.0,
    vtrust=0.0,
    dividends=0.0,
    emission_rao=0,
    stake_rao=0,
    last_update=0,
    registered_block=0,
    immune=True,
    immune_until=10,
    axon=None,
)


def says(word: str) -> Callable[[str, Any], Awaitable[dict[str, Any]]]:
    async def answer(_: str, __: Any) -> dict[str, Any]:
        return {"answers": [word]}

    return answer


async def breaks(_: str, __: Any) -> dict[str, Any]:
    raise NotServing("too hot")


@dataclass
class Chain:
    """A chain that only knows this subnet."""

    neurons: tuple[NeuronInfo, ...]

    async def netuid_of(self, subnet: str) -> int:
        assert subnet == "text"
        return 3

    async def metagraph(self, netuid: int) -> Metagraph:
        return Metagraph(
            netuid=netuid,
            name="text",
            block=1,
            tempo=30,
            epochs=1,
            next_epoch_block=31,
            burn_rao=1,
            weights_rate_limit=5,
            owner_hotkey="",
            neurons=self.neurons,
        )


@asynccontextmanager
async def miners(**answers: Callable[[str, Any], Awaitable[Any]]) -> AsyncIterator[Chain]:
    """Serve one axon for each; the incentive falls from the first to the last."""
    async with AsyncExitStack() as stack:
        neurons = []
        for place, (name, answer) in enumerate(answers.items()):
            keypair = from_uri(f"//{name}")
            axon = Axon(keypair, (Service(kind=TEXT.kind, answer=answer),), lambda _: None)
            port = await axon.start("127.0.0.1", 0)
            stack.push_async_callback(axon.stop)
            neurons.append(
                replace(
                    NEURON,
                    hotkey=keypair.ss58,
                    incentive=0.5 / 10**place,
                    axon=f"127.0.0.1:{port}",
                )
            )
        yield Chain(tuple(neurons))


@asynccontextmanager
async def caller() -> AsyncIterator[Dendrite]:
    dendrite = Dendrite(from_uri("//Caller"), 2.0)
    try:
        yield dendrite
    finally:
        await dendrite.close()


async def test_the_miner_with_the_most_weight_is_asked() -> None:
    async with miners(Anna=says("a"), Bruno=says("b")) as chain, caller() as dendrite:
        candidates = await find_candidates(chain, dendrite, TEXT)  # type: ignore[arg-type]
        reply = await query(dendrite, TEXT, candidates, QUESTION)

    assert reply.answer["answers"] == ["a"]
    assert [one.hotkey for one in reply.answered] == [from_uri("//Anna").ss58]
    assert reply.failed == ()


async def test_the_next_one_is_asked_where_the_first_fails() -> None:
    async with miners(Anna=breaks, Bruno=says("b")) as chain, caller() as dendrite:
        candidates = await find_candidates(chain, dendrite, TEXT)  # type: ignore[arg-type]
        reply = await query(dendrite, TEXT, candidates, QUESTION)

    assert reply.answer["answers"] == ["b"]
    assert reply.failed == ((from_uri("//Anna").ss58, "too hot"),)


async def test_several_answers_are_mixed_by_weight() -> None:
    async with (
        miners(Anna=says("a"), Bruno=says("b"), Carla=says("b")) as chain,
        caller() as dendrite,
    ):
        candidates = await find_candidates(chain, dendrite, TEXT)  # type: ignore[arg-type]
        reply = await query(dendrite, TEXT, candidates, QUESTION, wanted=3)

    assert reply.answer == {"answers": ["a"], "model": "mixture"}
    assert len(reply.answered) == 3


async def test_nobody_there_is_a_sentence_with_each_reason() -> None:
    gone = replace(NEURON, hotkey=from_uri("//Gone").ss58, axon="127.0.0.1:1", incentive=0.9)
    async with caller() as dendrite:
        candidates = await find_candidates(Chain((gone,)), dendrite, TEXT)  # type: ignore[arg-type]
        with pytest.raises(NobodyAnswered, match="no miner of text answered: 5"):
            await query(dendrite, TEXT, candidates, QUESTION)
        with pytest.raises(NobodyAnswered, match="there is none"):
            await query(dendrite, TEXT, (), QUESTION)


async def solard_query(home: Path, *words: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "solard", "network", "query", *words, "--dir", str(home)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    return process.returncode, said.decode(), complained.decode()


async def test_the_rigs_own_validator_asks_where_no_key_is_named(tmp_path: Path) -> None:
    async with miners(Anna=breaks, Bruno=says("b")) as chain:
        verbs = {"query": partial(ask_subnet, chain, from_uri("//Caller"), None)}  # type: ignore[arg-type]
        socket = places_at(tmp_path).work_socket("validator")
        server = await serve_lines(socket, handler_of(Idler(), verbs))
        words = ("text", "passage=p", 'questions=["q"]', "--json")
        status, said, complained = await solard_query(tmp_path, *words)
        server.close()

    assert status == 0, complained
    reply = json.loads(said)
    assert reply["answer"]["answers"] == ["b"]
    assert [one["hotkey"] for one in reply["answered"]] == [from_uri("//Bruno").ss58]
    assert reply["failed"] == [{"hotkey": from_uri("//Anna").ss58, "reason": "too hot"}]


async def test_without_a_question_the_subnets_own_is_asked_where_it_is_about_no_site() -> None:
    async with miners(Anna=says("a")) as chain:
        ask = partial(ask_subnet, chain, from_uri("//Caller"), None)  # type: ignore[arg-type]
        reply = await ask({"subnet": "text", "question": {}})
        with pytest.raises(RequestInvalid, match="sunlight is asked about a site, and here is"):
            await ask({"subnet": "sunlight", "question": {}})

    assert len(reply["question"]["questions"]) == 5
    assert reply["answer"]["answers"] == ["a"]


async def test_query_without_a_validator_says_what_to_name_instead(tmp_path: Path) -> None:
    status, _, complained = await solard_query(tmp_path, "text", "--node", "http://127.0.0.1:1")

    assert status == 2
    assert "--node and --hotkey go together; without both, this rig's asks" in complained


def test_weight_speed_and_load_decide_who_is_first() -> None:
    def merit(incentive: float, latency_s: float | None, *, is_busy: bool = False) -> float:
        return Candidate(
            hotkey="a", axon="b", incentive=incentive, latency_s=latency_s, is_busy=is_busy
        ).merit

    assert merit(0.4, 0.0) > merit(0.3, 0.0)
    assert merit(0.4, 0.25) == pytest.approx(merit(0.4, 0.0) / 2)
    assert merit(0.4, 0.0, is_busy=True) == pytest.approx(merit(0.4, 0.0) / 2)
    assert merit(0.4, None) == 0.0 < merit(0.0, 1.0)

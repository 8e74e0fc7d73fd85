"""A client of a subnet: finds who answers well and soon, falls back, and mixes several answers."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from miner.chain.backend import ChainBackend, NeuronInfo
from miner.dendrite import Dendrite
from miner.keys import Keypair
from miner.rounds import round_start
from miner.subnets.catalog import find_subnet
from miner.subnets.slots import SiteSlot
from miner.subnets.subnet import Subnet, Surroundings
from miner.wire.synapse import PING
from miner.work import RequestInvalid
from solard.core.errors import SolardError
from solard.system.clock import clock_from_environment

USUAL_S = 0.25
"""A miner that takes this long to say that it is there counts half."""
BUSY = 0.5
"""What a miner counts that says it is shedding load."""


class NobodyAnswered(SolardError):
    """No miner of a subnet gave an answer."""


@dataclass(frozen=True, slots=True)
class Nowhere:
    """The site of somebody who asks from elsewhere."""

    subnet: str

    async def slots(self, after: datetime, before: datetime, now: datetime) -> tuple[SiteSlot, ...]:
        """Raise RequestInvalid."""
        del after, before, now
        raise RequestInvalid(
            f"{self.subnet} is asked about a site, and here is none: give a question by --input or "
            "FIELD=JSON, or let a rig's validator ask (without --node)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One miner as a client sees it now."""

    hotkey: str
    axon: str
    incentive: float
    """By consensus, 0..1."""
    latency_s: float | None
    """Real seconds until it said that it is there; None = it did not."""
    is_busy: bool

    @property
    def merit(self) -> float:
        """Return what speaks for asking it first; 0 where it does not answer."""
        if self.latency_s is None:
            return 0.0
        soon = 1.0 / (1.0 + self.latency_s / USUAL_S)
        # A newcomer without incentive yet is better than nobody.
        return (self.incentive + 1e-6) * soon * (BUSY if self.is_busy else 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a subnet answered."""

    answer: dict[str, Any]
    """One miner's, or the mixture of several."""
    answered: tuple[Candidate, ...]
    """Whose answers are in it, the best first."""
    failed: tuple[tuple[str, str], ...]
    """Hotkeys that were asked and did not answer, each with its reason."""


async def ask_subnet(
    backend: ChainBackend,
    keypair: Keypair,
    surroundings: Surroundings | None,
    request: dict[str, Any],
) -> dict[str, Any]:
    """Answer what `solard network query` asks: `subnet`, `question`, `wanted`, `timeout_s`.

    Miners answer a validator's key. No question is the one that a validator here would ask now;
    without surroundings it is of nowhere, which not every subnet can be asked about. Returns
    `question`, `answer`, whose it is, who failed and why.
    """
    try:
        name, question = str(request["subnet"]), dict(request["question"])
        wanted, timeout_s = int(request.get("wanted", 1)), float(request.get("timeout_s", 5.0))
    except (KeyError, TypeError, ValueError) as err:
        raise RequestInvalid(
            "a query is `subnet`, `question` (an object), `wanted` and `timeout_s`"
        ) from err
    subnet = find_subnet(name)
    if not question:
        somewhere = surroundings or Surroundings(clock=clock_from_environment(), site=Nowhere(name))
        question = await _usual_question(subnet, somewhere)
    dendrite = Dendrite(keypair, timeout_s)
    try:
        candidates = await find_candidates(backend, dendrite, subnet)
        reply = await query(dendrite, subnet, candidates, question, wanted=wanted)
    finally:
        await dendrite.close()
    return {
        "question": question,
        "answer": reply.answer,
        "answered": [
            {"hotkey": one.hotkey, "incentive": one.incentive, "latency_s": one.latency_s}
            for one in reply.answered
        ],
        "failed": [{"hotkey": name, "reason": reason} for name, reason in reply.failed],
    }


async def _usual_question(subnet: Subnet, surroundings: Surroundings) -> dict[str, Any]:
    judge = subnet.new_judge(surroundings)
    round_at = round_start(surroundings.clock.now(), subnet.round_s)
    await judge.open(round_at)
    return judge.question(round_at, "")


async def find_candidates(
    backend: ChainBackend, dendrite: Dendrite, subnet: Subnet
) -> tuple[Candidate, ...]:
    """Return the subnet's miners, the one to ask first at the front."""
    graph = await backend.metagraph(await backend.netuid_of(subnet.name))
    miners = [one for one in graph.neurons if one.role == "miner" and one.axon]
    found = await asyncio.gather(*(_look_at(dendrite, one) for one in miners))
    return tuple(sorted(found, key=lambda one: (-one.merit, one.hotkey)))


async def query(
    dendrite: Dendrite,
    subnet: Subnet,
    candidates: Sequence[Candidate],
    question: dict[str, Any],
    *,
    wanted: int = 1,
) -> Reply:
    """Ask until `wanted` miners have answered; mix what they say, by consensus weight.

    Raises:
        NobodyAnswered: the sentence names each miner's reason.
    """
    answers: list[tuple[Candidate, dict[str, Any]]] = []
    failed: list[tuple[str, str]] = []
    left = list(candidates)
    while left and len(answers) < wanted:
        asked, left = left[: wanted - len(answers)], left[wanted - len(answers) :]
        said = await asyncio.gather(
            *(dendrite.ask_either(one.axon, one.hotkey, subnet.kind, question) for one in asked)
        )
        for one, answer in zip(asked, said, strict=True):
            if isinstance(answer.data, dict):
                answers.append((one, answer.data))
            else:
                failed.append((one.hotkey, answer.reason or f"status {answer.status}"))
    if not answers:
        reasons = "; ".join(f"{hotkey[:8]}…: {reason}" for hotkey, reason in failed)
        raise NobodyAnswered(f"no miner of {subnet.name} answered: {reasons or 'there is none'}")
    weighed = tuple((one.incentive + 1e-6, answer) for one, answer in answers)
    return Reply(
        answer=weighed[0][1] if len(weighed) == 1 else subnet.mix(weighed),
        answered=tuple(one for one, _ in answers),
        failed=tuple(failed),
    )


async def _look_at(dendrite: Dendrite, miner: NeuronInfo) -> Candidate:
    answer = await dendrite.ask_either(miner.axon or "", miner.hotkey, PING, {})
    there = answer.status in {200, 503}
    return Candidate(
        hotkey=miner.hotkey,
        axon=miner.axon or "",
        incentive=miner.incentive,
        latency_s=answer.duration_s if there else None,
        is_busy=answer.status == 503,
    )

"""Play a scenario through: the subnet's own judge, the validator's own weights, the chain's epochs.

Nothing waits: blocks are made as fast as they can be, and answers go from hand to hand. What the
wire refuses (forgeries, replayed requests) never gets here.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from miner.chain.backend import NeuronInfo
from miner.chain.block import run_block
from miner.chain.extrinsic import sign_extrinsic
from miner.chain.fixed import U16_MAX
from miner.chain.genesis import Genesis, first_state, new_genesis
from miner.chain.picture import metagraph_of
from miner.chain.state import ChainState
from miner.chain.values import Rules, Subnet
from miner.keys import Keypair, from_uri
from miner.scenarios.actors import MINERS, Asked, Gossip
from miner.scores import Score, weigh
from miner.subnets.slots import SiteSlot
from miner.subnets.subnet import Judge, Surroundings, Worker
from miner.subnets.text import TEXT
from solard.core.errors import SolardError
from solard.core.units import RAO_PER_TAO

TEMPO = 30
BLOCKS_PER_ROUND = 75
"""A quarter hour of blocks."""
STAKE_RAO = 50 * RAO_PER_TAO
STARTS_AT = datetime(2024, 6, 20, tzinfo=UTC)
NETUID = 1
RULES = Rules(tempo=TEMPO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who plays, by kind, and by which rules; all validators with the same stake."""

    miners: tuple[str, ...]
    validators: tuple[str, ...]
    rules: Rules = RULES


class CallFailed(SolardError):
    """The chain refused what a scenario needs."""


@dataclass(slots=True)
class MinerActor:
    """One miner and how it behaves."""

    name: str
    kind: str
    keypair: Keypair
    worker: Worker


@dataclass(slots=True)
class ValidatorActor:
    """One validator: `honest`, `colluding` (pays only its friends) or `copying` (of weights)."""

    name: str
    kind: str
    keypair: Keypair
    judge: Judge
    scores: dict[str, Score] = field(default_factory=dict)


@dataclass(slots=True)
class Standstill:
    """Site time that only the play moves."""

    at: datetime = STARTS_AT
    speed: float = 1.0

    def now(self) -> datetime:
        """Return the moment of the round."""
        return self.at

    def monotonic_s(self) -> float:
        """Return the same in seconds."""
        return (self.at - STARTS_AT).total_seconds()


class NoSite:
    """The subnet of the scenarios needs none."""

    async def slots(self, after: datetime, before: datetime, now: datetime) -> tuple[SiteSlot, ...]:
        """Return nothing."""
        del after, before, now
        return ()


class Play:
    """One network in memory, and everybody on it."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self._random = Random(seed)
        self._clock = Standstill()
        self._genesis = _genesis(cast.rules)
        self._state: ChainState = first_state(self._genesis)
        self._block = 0
        self._gossip = Gossip()
        self.earned_rao: dict[str, int] = {}
        surroundings = Surroundings(clock=self._clock, site=NoSite())
        self.miners = [
            MinerActor(f"miner {n}", kind, from_uri(f"//Miner{n}"), TEXT.new_worker(surroundings))
            for n, kind in enumerate(cast.miners, start=1)
        ]
        self.validators = [
            ValidatorActor(
                f"validator {n}", kind, from_uri(f"//Validator{n}"), TEXT.new_judge(surroundings)
            )
            for n, kind in enumerate(cast.validators, start=1)
        ]
        for place, one in enumerate(self.validators):
            one.judge.restore({"secret": f"{seed:02x}{place:02x}" * 16})

    async def run(self, rounds: int) -> None:
        """Let everybody in, then play so many quarter hours; newcomers have the last of four."""
        newcomers = [one for one in self.miners if one.kind == "newcomer"]
        self._enroll([one for one in self.miners if one.kind != "newcomer"])
        for number in range(rounds):
            if number == rounds * 3 // 4:
                self._let_in(newcomers)
            self._clock.at = STARTS_AT + timedelta(seconds=TEXT.round_s * number)
            await self._ask(number, rounds)
            for one in self.validators:
                self._speak(one)
            self._advance(BLOCKS_PER_ROUND)

    @property
    def subnet(self) -> Subnet:
        """Return the subnet as the chain has it."""
        return self._state.subnets()[0]

    def neuron(self, keypair: Keypair) -> NeuronInfo | None:
        """Return how the chain sees one of them; None = it had to give way."""
        return metagraph_of(self._state, self.subnet, self._block).find(keypair.ss58)

    def _enroll(self, miners: list[MinerActor]) -> None:
        for validator in self.validators:
            hotkey = validator.keypair.ss58
            self._register(validator.keypair)
            self._call(validator.keypair, "add_stake", netuid=NETUID, hotkey=hotkey, rao=STAKE_RAO)
        self._let_in(miners)
        self._advance(TEMPO + 1)

    def _let_in(self, miners: list[MinerActor]) -> None:
        for miner in miners:
            self._register(miner.keypair)
            # A neuron that serves something is a miner; nobody ever connects there.
            self._call(miner.keypair, "serve_axon", netuid=NETUID, ip="127.0.0.1", port=9000)

    def _register(self, keypair: Keypair) -> None:
        self._call(keypair, "claim_grant")
        self._call(keypair, "register", netuid=NETUID, hotkey=keypair.ss58)

    async def _ask(self, number: int, rounds: int) -> None:
        for validator in self.validators:
            if validator.kind != "honest":
                continue
            for miner in self.miners:
                hotkey = miner.keypair.ss58
                if self._state.neuron(NETUID, hotkey) is None:
                    validator.scores.pop(hotkey, None)
                    continue
                question = validator.judge.question(self._clock.at, hotkey)
                asked = Asked(
                    name=miner.name,
                    number=number,
                    rounds=rounds,
                    question=question,
                    worker=miner.worker,
                    gossip=self._gossip,
                    random=self._random,
                )
                answer = await MINERS[miner.kind](asked)
                validator.judge.hear(self._clock.at, hotkey, answer)
                if answer is not None and miner.kind in {"honest", "replaying"}:
                    self._gossip.said.setdefault(miner.name, answer)
            for one in await validator.judge.settle(self._clock.at):
                before = validator.scores.get(one.hotkey, Score())
                validator.scores[one.hotkey] = before.after(one.score, one.weight)

    def _speak(self, validator: ValidatorActor) -> None:
        graph = metagraph_of(self._state, self.subnet, self._block)
        if validator.kind == "colluding":
            friends = {one.keypair.ss58 for one in self.miners if one.kind == "colluding"}
            weights = {one.uid: 1.0 for one in graph.neurons if one.hotkey in friends}
        elif validator.kind == "copying":
            # What the last epoch made public is all that it can copy.
            weights = {one.uid: one.incentive for one in graph.neurons if one.incentive > 0.0}
        else:
            weights = weigh(validator.scores, graph)
        largest = max(weights.values(), default=0.0)
        scaled = {uid: round(U16_MAX * value / largest) for uid, value in weights.items()}
        uids = sorted(uid for uid, value in scaled.items() if value > 0)
        if uids:
            values = [scaled[uid] for uid in uids]
            self._call(validator.keypair, "set_weights", netuid=NETUID, uids=uids, values=values)

    def _call(self, keypair: Keypair, name: str, **args: Any) -> None:
        nonce = self._state.account(keypair.ss58).nonce
        signed = sign_extrinsic(keypair, self._genesis.hash, nonce, name, args)
        self._block += 1
        outcome = run_block(self._state, self._genesis, self._block, (signed,), {})
        self._count(outcome.rewards)
        if outcome.errors[0] is not None:
            raise CallFailed(f"scenario: {outcome.errors[0]}")

    def _advance(self, blocks: int) -> None:
        for _ in range(blocks):
            self._block += 1
            self._count(run_block(self._state, self._genesis, self._block, (), {}).rewards)

    def _count(self, rewards: tuple[Any, ...]) -> None:
        for one in rewards:
            self.earned_rao[one.hotkey] = self.earned_rao.get(one.hotkey, 0) + one.rao


def _genesis(rules: Rules) -> Genesis:
    def address(uri: str) -> str:
        return from_uri(uri).ss58

    return new_genesis(
        started_at=STARTS_AT,
        authority=address("//Authority"),
        treasury=address("//Treasury"),
        owner=address("//Owner"),
        owner_hotkey=address("//OwnerHotkey"),
        rules=rules,
        subnets=(TEXT.name,),
    )

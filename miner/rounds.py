"""A validator on one subnet: it asks each round, takes verdicts, and says weights."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from miner.chain.backend import ChainRefused, Metagraph, NeuronInfo
from miner.dendrite import Dendrite
from miner.kept import keep, read_kept
from miner.memory import Round, read_memory
from miner.presence import Presence
from miner.promises import due_now, not_yet_due, promise
from miner.scores import Score, weigh
from miner.subnets.subnet import Subnet, Surroundings, Verdict

OPEN_PART = 2 / 3
"""Part of a round in which its questions are open; who fails is asked again until they close."""
FRESH_BLOCKS = 300
"""Weights are set again after so many blocks even when no score changed."""

log = logging.getLogger(__name__)


class Rounds:
    """One subnet's questions, scores and weights."""

    def __init__(
        self,
        subnet: Subnet,
        surroundings: Surroundings,
        presence: Presence,
        dendrite: Dendrite,
        path: Path,
        is_idle: Callable[[], bool],
    ) -> None:
        self.subnet = subnet
        self._clock = surroundings.clock
        self._judge = subnet.new_judge(surroundings)
        self._presence = presence
        self._dendrite = dendrite
        self._path = path
        self._is_idle = is_idle
        self._memory = read_memory(read_kept(path))
        self._judge.restore(self._memory.judge)
        self._met_at: dict[str, datetime] = {}

    async def ask(self) -> None:
        """Ask every miner the question of the round that has just begun."""
        graph = self._presence.graph
        if graph is None or self._is_idle():
            return
        now = self._clock.now()
        round_at = round_start(now, self.subnet.round_s)
        if (now - round_at).total_seconds() > self.subnet.round_s * OPEN_PART:
            self._close_round()
            return
        if self._memory.round.at != round_at:
            self._close_round()
            self._memory.round = Round(at=round_at, is_closed=False)
        miners = self._miners(graph)
        for one in miners:
            self._met_at.setdefault(one.hotkey, now)
        wanted = [one for one in miners if one.hotkey not in self._memory.round.answered]
        if wanted:
            await self._ask(round_at, wanted)

    async def settle(self) -> None:
        """Take the verdicts that have become possible."""
        verdicts = await self._judge.settle(self._clock.now())
        if not verdicts:
            return
        for one in verdicts:
            self._count(one)
        self._keep()

    async def speak(self) -> None:
        """Set weights when scores changed, at the rate that the chain allows."""
        graph, me = self._presence.graph, self._presence.neuron
        if graph is None or me is None or not me.permit:
            return
        await self._show_promised(graph)
        age = graph.block - me.last_update
        wanted = self._memory.is_changed or age >= FRESH_BLOCKS
        if self._is_idle() or not wanted or age < graph.weights_rate_limit:
            return
        weights = weigh(self._memory.scores, graph)
        if not weights:
            return
        self._memory.is_changed = False
        try:
            await self._say(weights, graph)
        except BaseException:
            self._memory.is_changed = True
            raise
        self._memory.weights_set += 1
        self._keep()

    async def _say(self, weights: dict[int, float], graph: Metagraph) -> None:
        if not graph.commit_reveal:
            await self._presence.say_weights(weights)
            return
        promised = promise(weights, graph.epochs)
        # Kept before it is sent: a commit whose salt is lost can never be shown.
        self._memory.promises = [*not_yet_due(self._memory.promises, graph), promised]
        self._keep()
        await self._presence.promise_weights(promised)

    async def _show_promised(self, graph: Metagraph) -> None:
        promised = due_now(self._memory.promises, graph)
        if promised is None:
            return
        self._memory.promises = not_yet_due(self._memory.promises, graph)
        try:
            await self._presence.show_weights(promised)
        except ChainRefused as err:
            if "not yet" in str(err):
                # An epoch came between our look at the chain and the block with the commit.
                later = replace(promised, epoch=promised.epoch + 1)
                self._memory.promises = [later, *self._memory.promises]
            else:
                log.warning("weights not shown subnet=%s reason=%s", self.subnet.name, err)
        self._keep()

    @property
    def detail(self) -> dict[str, Any]:
        """Return counts and scores."""
        memory = self._memory
        return {
            "weights_set": memory.weights_set,
            "queries": memory.queries,
            "verdicts": memory.verdicts,
            "scores": {key: round(one.average, 4) for key, one in memory.scores.items()},
        }

    def offer(self) -> dict[str, Any] | None:
        """Return what the miners' answers are worth to our own rig; None = nothing."""
        if self.subnet.offer is None:
            return None
        scores = {hotkey: one.average for hotkey, one in self._memory.scores.items()}
        return self.subnet.offer(self._judge, scores, self._clock.now())

    async def _ask(self, round_at: datetime, wanted: list[NeuronInfo]) -> None:
        await self._judge.open(round_at)
        self._memory.round.asked.update(one.hotkey for one in wanted)
        self._memory.queries += len(wanted)
        await asyncio.gather(*(self._ask_one(round_at, one) for one in wanted))
        self._keep()

    async def _ask_one(self, round_at: datetime, miner: NeuronInfo) -> None:
        if miner.axon is None:
            return
        question = self._judge.question(round_at, miner.hotkey)
        kind = self.subnet.kind
        answer = await self._dendrite.ask_either(miner.axon, miner.hotkey, kind, question)
        # A round that closed meanwhile has judged this miner as silent.
        if self._memory.round.at != round_at or self._memory.round.is_closed:
            return
        heard = answer.data is not None and self._judge.hear(round_at, miner.hotkey, answer.data)
        if heard:
            self._memory.round.answered.add(miner.hotkey)
        else:
            log.info("no answer hotkey=%s reason=%s", miner.hotkey, answer.reason)

    def _miners(self, graph: Metagraph) -> list[NeuronInfo]:
        """Return who is to be asked: one that never served an axon has not begun."""
        return [
            one
            for one in graph.neurons
            if one.role == "miner" and one.hotkey != self._presence.keypair.ss58 and one.axon
        ]

    def _close_round(self) -> None:
        current = self._memory.round
        if current.is_closed or current.at is None:
            return
        current.is_closed = True
        # Who came while the round was open may have had no time to answer: no silence yet.
        for hotkey in sorted(current.asked - current.answered):
            if self._met_at.get(hotkey, current.at) <= current.at:
                self._judge.hear(current.at, hotkey, None)
        self._keep()

    def _count(self, verdict: Verdict) -> None:
        before = self._memory.scores.get(verdict.hotkey, Score())
        self._memory.scores[verdict.hotkey] = before.after(verdict.score, verdict.weight)
        self._memory.verdicts += 1
        self._memory.is_changed = True

    def _keep(self) -> None:
        graph = self._presence.graph
        if graph is not None:
            known = {one.hotkey for one in graph.neurons}
            for hotkey in [one for one in self._memory.scores if one not in known]:
                del self._memory.scores[hotkey]
        self._memory.judge = self._judge.to_json()
        keep(self._path, self._memory.to_json())


def round_start(moment: datetime, round_s: float) -> datetime:
    """Return the start of the round that a moment falls into; rounds count from midnight UTC."""
    moment = moment.astimezone(UTC)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(seconds=(moment - midnight).total_seconds() // round_s * round_s)

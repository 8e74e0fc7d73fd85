"""The validator: asks each slot, scores as slots come true, sets weights before epochs."""

import contextlib
import logging
from datetime import datetime, timedelta
from typing import Any

from miner.chain.backend import Metagraph, NeuronInfo
from miner.chain.client import NodeClient
from miner.dendrite import Dendrite, ask_all
from miner.kept import keep, read_kept
from miner.keys import load_or_create
from miner.memory import Guesses, Round, read_memory
from miner.presence import Presence
from miner.program import Health, repeat, until_stopped
from miner.scores import Score, weigh
from miner.settings import NeuronSettings
from miner.site import SiteHistory
from miner.subnets import sunlight
from miner.subnets.slots import SLOT, SiteSlot, slot_start
from miner.work import handler_of
from solard.core.modes import WorkMode
from solard.system.clock import Clock, real_period_s
from solard.system.lines import serve_lines
from solard.system.lock import DirectoryLock

REFRESH_S = 12.0
CHECK_S = 30.0
"""Site seconds between looks for a new slot, or for one that came true."""
RECENT = timedelta(hours=3)
OPEN_PART = 1 / 3
"""Part of a slot in which its challenge is open; who fails is asked again until it closes."""
GIVE_UP = timedelta(hours=6)
"""A slot without good data by then never comes true."""
FRESH_BLOCKS = 300
"""Weights are set again after so many blocks even when no score changed."""

log = logging.getLogger(__name__)


class Validator:
    """The validator as a workload."""

    def __init__(
        self,
        settings: NeuronSettings,
        clock: Clock,
        presence: Presence,
        site: SiteHistory,
        dendrite: Dendrite,
    ) -> None:
        self.mode = WorkMode.FULL
        self.health = Health()
        self._settings = settings
        self._clock = clock
        self._presence = presence
        self._site = site
        self._dendrite = dendrite
        self._path = settings.home / "validator.json"
        self._memory = read_memory(read_kept(self._path))
        self._is_draining = False
        self._met_at: dict[str, datetime] = {}

    async def ask(self) -> None:
        """Ask every miner about the slot that has just begun, and those after it."""
        graph = self._presence.graph
        if graph is None or self._is_idle():
            return
        now = self._clock.now()
        slot = slot_start(now)
        if now - slot > SLOT * OPEN_PART:
            self._close_round()
            return
        if self._memory.round.slot != slot:
            self._close_round()
            self._memory.round = Round(slot=slot, is_closed=False)
        miners = self._miners(graph)
        for one in miners:
            self._met_at.setdefault(one.hotkey, now)
        wanted = [one for one in miners if one.hotkey not in self._answered]
        if wanted:
            await self._ask(slot, wanted)

    async def _ask(self, slot: datetime, wanted: list[NeuronInfo]) -> None:
        recent = await self._site.slots(slot - RECENT, slot, self._clock.now())
        self._learn_scale(recent)
        challenge = sunlight.new_challenge(
            slot, recent, self._settings.location, self._settings.peak_w
        )
        endpoints = {one.hotkey: one.axon for one in wanted if one.axon}
        self._memory.round.asked.update(one.hotkey for one in wanted)
        answers = await ask_all(self._dendrite, endpoints, sunlight.KIND, challenge.to_json())
        self._memory.queries += len(endpoints)
        for hotkey, answer in answers.items():
            values = sunlight.read_answer(answer.data, len(challenge.slots))
            if values is None:
                log.info("no forecast hotkey=%s reason=%s", hotkey, answer.reason)
                continue
            self._note(slot, hotkey, values)
            self._answered.add(hotkey)
        self._keep()

    async def judge(self) -> None:
        """Score the slots that have come true."""
        now = self._clock.now()
        waiting = self._memory.waiting
        due = [at for at in waiting if at + SLOT <= now]
        if not due:
            return
        truths = await self._site.slots(min(due), max(due) + SLOT, now)
        self._learn_scale(truths)
        for truth in truths:
            guesses = waiting.pop(truth.starts_at, None)
            if guesses is not None:
                self._score(guesses, truth)
        for at in [at for at in waiting if at + GIVE_UP < now]:
            del waiting[at]
        self._keep()

    async def speak(self) -> None:
        """Set weights when scores changed, at the rate that the chain allows."""
        graph, me = self._presence.graph, self._presence.neuron
        if graph is None or me is None or not me.permit:
            return
        age = graph.block - me.last_update
        wanted = self._memory.is_changed or age >= FRESH_BLOCKS
        if self._is_idle() or not wanted or age < graph.weights_rate_limit:
            return
        weights = weigh(self._memory.scores, graph)
        if not weights:
            return
        self._memory.is_changed = False
        try:
            await self._presence.say_weights(weights)
        except BaseException:
            self._memory.is_changed = True
            raise
        self._memory.weights_set += 1
        self._keep()

    async def drain(self) -> None:
        """Ask nothing new."""
        self._is_draining = True

    def status(self) -> dict[str, Any]:
        """Return how the validator is."""
        memory = self._memory
        return {
            **self._presence.status(name=self._settings.socket.stem, role="validator"),
            "mode": self.mode.value,
            "rate": 0.0 if self._is_idle() else 4.0,
            "work": f"{sunlight.NAME}: {memory.scored_slots} forecasts scored",
            "health": self.health.sentence,
            "detail": {
                "weights_set": memory.weights_set,
                "queries": memory.queries,
                "scored_slots": memory.scored_slots,
                "waiting_slots": len(memory.waiting),
                "scores": {key: round(one.average, 4) for key, one in memory.scores.items()},
            },
        }

    @property
    def _answered(self) -> set[str]:
        return self._memory.round.answered

    def _is_idle(self) -> bool:
        return self.mode is WorkMode.OFF or self._is_draining

    def _miners(self, graph: Metagraph) -> list[NeuronInfo]:
        """Return who is to be asked: one that never served an axon has not begun."""
        return [
            one
            for one in graph.neurons
            if one.role == "miner" and one.hotkey != self._presence.keypair.ss58 and one.axon
        ]

    def _note(self, slot: datetime, hotkey: str, values: tuple[float | None, ...]) -> None:
        for place, value in enumerate(values):
            guesses = self._memory.waiting.setdefault(slot + SLOT * place, {})
            guesses.setdefault(hotkey, []).append(value)

    def _close_round(self) -> None:
        current = self._memory.round
        if current.is_closed or current.slot is None:
            return
        silent = current.asked - current.answered
        # Who came while the round was open may have had no time to answer: no silence yet.
        for hotkey in [
            one for one in silent if self._met_at.get(one, current.slot) <= current.slot
        ]:
            self._note(current.slot, hotkey, (None,) * sunlight.HORIZON_SLOTS)
        current.is_closed = True
        self._keep()

    def _score(self, guesses: Guesses, truth: SiteSlot) -> None:
        for hotkey, values in guesses.items():
            judged = [sunlight.score(one, truth, self._memory.best_slot_wh) for one in values]
            score = sum(one.score for one in judged) / len(judged)
            weight = sum(one.weight for one in judged) / len(judged)
            before = self._memory.scores.get(hotkey, Score())
            self._memory.scores[hotkey] = before.after(score, weight)
            self._memory.scored_slots += len(judged)
        self._memory.is_changed = True

    def _learn_scale(self, slots: tuple[SiteSlot, ...]) -> None:
        told_wh = (self._settings.peak_w or 0.0) / 4
        seen_wh = max((slot.pv_wh for slot in slots), default=0.0)
        self._memory.best_slot_wh = max(self._memory.best_slot_wh, told_wh, seen_wh)

    def _keep(self) -> None:
        graph = self._presence.graph
        if graph is not None:
            known = {one.hotkey for one in graph.neurons}
            for hotkey in [one for one in self._memory.scores if one not in known]:
                del self._memory.scores[hotkey]
        keep(self._path, self._memory.to_json())


async def run_validator(settings: NeuronSettings, clock: Clock) -> None:
    """Run the validator until SIGTERM."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(DirectoryLock(settings.home, "validator", "stop it first"))
        keypair = load_or_create(settings.home / "hotkey.json")
        async with contextlib.AsyncExitStack() as later:
            backend = NodeClient(settings.network)
            later.push_async_callback(backend.close)
            site = SiteHistory(settings.api)
            later.push_async_callback(site.close)
            dendrite = Dendrite(keypair)
            later.push_async_callback(dendrite.close)
            presence = Presence(backend, keypair, settings.netuid, wants_stake=True)
            validator = Validator(settings, clock, presence, site, dendrite)
            server = await serve_lines(settings.socket, handler_of(validator))
            later.callback(server.close)
            log.info("running hotkey=%s", keypair.ss58)
            health = validator.health
            await until_stopped(
                repeat("chain", health, lambda: _period_s(clock, REFRESH_S), presence.refresh),
                repeat("challenge", health, lambda: _period_s(clock, CHECK_S), validator.ask),
                repeat("site", health, lambda: _period_s(clock, CHECK_S), validator.judge),
                repeat("weights", health, lambda: _period_s(clock, REFRESH_S), validator.speak),
            )
    log.info("stopped")


def _period_s(clock: Clock, period_s: float) -> float:
    return real_period_s(clock, period_s, minimum_s=0.5)

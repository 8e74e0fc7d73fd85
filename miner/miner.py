"""The miner: one process that answers the questions of each of its subnets, in every power mode."""

import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Iterator
from functools import partial
from typing import Any

from miner.axon import Axon, Service
from miner.chain.client import NodeClient
from miner.kept import keep, read_kept
from miner.keys import load_or_create
from miner.presence import Presence, neuron_status
from miner.program import Health, repeat, until_stopped
from miner.prover import Prover
from miner.settings import NeuronSettings, surroundings_of
from miner.site import open_site
from miner.subnets.catalog import find_subnet
from miner.subnets.slots import SLOT_S
from miner.subnets.subnet import QuestionInvalid, Subnet, Worker
from miner.wire.refusal import ChallengeInvalid, NotServing
from miner.work import handler_of
from solard.core.modes import WorkMode
from solard.system.clock import Clock, real_period_s
from solard.system.lines import serve_lines
from solard.system.lock import DirectoryLock

REFRESH_S = 12.0
"""Site seconds between looks at the chain: a block."""
KEEP_PERIOD_S = 1.0
"""Real seconds between writes of the counts."""
RATE_WINDOW_S = 3600.0

log = logging.getLogger(__name__)


class Miner:
    """The miner as a workload."""

    def __init__(
        self,
        settings: NeuronSettings,
        clock: Clock,
        presences: tuple[Presence, ...],
        workers: tuple[tuple[Subnet, Worker], ...],
    ) -> None:
        self.mode = WorkMode.FULL
        self.health = Health()
        self._settings = settings
        self._clock = clock
        self._presences = presences
        self._is_draining = False
        self._answers: deque[float] = deque()
        self.axon = Axon(
            presences[0].keypair,
            tuple(
                Service(kind=subnet.kind, answer=partial(self._answer, worker))
                for subnet, worker in workers
            ),
            self._admit,
            mark=settings.home / "axon.mark",
        )
        self._counts_path = settings.home / "counts.json"
        self._earlier = read_kept(self._counts_path)
        self._kept_counts = self.counts

    @property
    def counts(self) -> dict[str, int]:
        """Return requests, answered and refused since this miner was first started."""
        counts = self.axon.counts
        now = {
            "requests": counts.requests,
            "answered": counts.answered,
            "refused": counts.refused,
        }
        return {name: int(self._earlier.get(name, 0)) + count for name, count in now.items()}

    async def keep_counts(self) -> None:
        """Write the counts where they changed."""
        counts = self.counts
        if counts != self._kept_counts:
            keep(self._counts_path, counts)
            self._kept_counts = counts

    async def drain(self) -> None:
        """Take no new questions; those under way are answered."""
        self._is_draining = True

    def status(self) -> dict[str, Any]:
        """Return how the miner is."""
        last_hour = self._clock.monotonic_s() - RATE_WINDOW_S
        while self._answers and self._answers[0] < last_hour:
            self._answers.popleft()
        subnets = ", ".join(self._settings.subnets)
        return {
            **neuron_status(self._presences, name=self._settings.socket.stem, role="miner"),
            "mode": self.mode.value,
            "rate": float(len(self._answers)),
            "work": f"{subnets}: {len(self._answers)} answers in the last hour",
            "health": self.health.sentence,
            "detail": self.counts,
        }

    def _admit(self, hotkey: str) -> None:
        if self.mode is WorkMode.OFF or self._is_draining:
            raise NotServing("this miner is off")
        graphs = [one.graph for one in self._presences if one.graph is not None]
        if not graphs:
            raise NotServing("this miner has not seen the chain yet")
        self._settings.admission.check(hotkey, graphs)

    async def _answer(self, worker: Worker, _: str, data: Any) -> dict[str, Any]:
        try:
            answer = await worker.answer(data, self.mode)
        except QuestionInvalid as err:
            raise ChallengeInvalid(str(err)) from err
        self._answers.append(self._clock.monotonic_s())
        return answer


async def run_miner(settings: NeuronSettings, clock: Clock, ip: str, port: int) -> None:
    """Run the miner until SIGTERM."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(DirectoryLock(settings.home, "miner", "stop it first"))
        keypair = load_or_create(settings.home / "hotkey.json")
        async with contextlib.AsyncExitStack() as later:
            backend = NodeClient(settings.network)
            later.push_async_callback(backend.close)
            site = open_site(settings.api, settings.site_file)
            later.push_async_callback(site.close)
            surroundings = surroundings_of(settings, clock, site)
            subnets = [find_subnet(name) for name in settings.subnets]
            workers = tuple((one, one.new_worker(surroundings)) for one in subnets)
            presences = tuple(
                Presence(
                    backend,
                    keypair,
                    one.name,
                    burns=settings.burns,
                    burn_limit_rao=settings.burn_limit_rao,
                )
                for one in subnets
            )
            prover = Prover(backend, keypair, presences)
            later.push_async_callback(prover.rest, {})
            miner = Miner(settings, clock, presences, workers)
            later.push_async_callback(miner.keep_counts)
            bound = await miner.axon.start(ip, port)
            later.push_async_callback(miner.axon.stop)
            for presence in presences:
                presence.endpoint = (ip, bound)
            verbs = {"prove": prover.prove, "rest": prover.rest}
            server = await serve_lines(settings.socket, handler_of(miner, verbs))
            later.callback(server.close)
            log.info("serving hotkey=%s axon=%s:%s", keypair.ss58, ip, bound)
            await until_stopped(*_loops(miner, presences, workers, clock))
            await miner.drain()
    log.info("stopped")


def _loops(
    miner: Miner,
    presences: tuple[Presence, ...],
    workers: tuple[tuple[Subnet, Worker], ...],
    clock: Clock,
) -> Iterator[Awaitable[None]]:
    """Yield what a miner does besides answering; what fails on one subnet keeps no other back."""
    for presence in presences:
        period = partial(real_period_s, clock, REFRESH_S, minimum_s=1.0)
        yield repeat(f"{presence.subnet} chain", miner.health, period, presence.refresh)
    for subnet, worker in workers:
        period = partial(real_period_s, clock, float(SLOT_S))
        yield repeat(f"{subnet.name} learning", miner.health, period, worker.learn)
    yield repeat("counts", miner.health, lambda: KEEP_PERIOD_S, miner.keep_counts)

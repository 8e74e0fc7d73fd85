"""The miner: registers, announces its axon, forecasts the sun for whoever asks and may."""

import contextlib
import logging
from collections import deque
from datetime import timedelta
from typing import Any

from miner.axon import Axon, Service
from miner.chain.client import NodeClient
from miner.kept import keep, read_kept
from miner.keys import load_or_create
from miner.presence import Presence
from miner.program import Health, repeat, until_stopped
from miner.settings import NeuronSettings
from miner.site import SiteHistory
from miner.subnets import sunlight
from miner.subnets.model import UNTRAINED, Trained, train
from miner.subnets.slots import SLOT_S
from miner.wire.refusal import ChallengeInvalid, NotAdmitted, NotServing
from miner.work import handler_of
from solard.core.modes import WorkMode
from solard.system.clock import Clock, real_period_s
from solard.system.lines import serve_lines
from solard.system.lock import DirectoryLock

HISTORY = timedelta(days=14)
REFRESH_S = 12.0
"""Site seconds between looks at the chain: a block."""
KEEP_PERIOD_S = 1.0
"""Real seconds between writes of the counts."""
RATE_WINDOW_S = 3600.0

log = logging.getLogger(__name__)


class Miner:
    """The miner as a workload."""

    def __init__(
        self, settings: NeuronSettings, clock: Clock, presence: Presence, site: SiteHistory
    ) -> None:
        self.mode = WorkMode.FULL
        self.health = Health()
        self._settings = settings
        self._clock = clock
        self._presence = presence
        self._site = site
        self._trained: Trained = UNTRAINED
        self._is_draining = False
        self._answers: deque[float] = deque()
        self.axon = Axon(
            presence.keypair,
            (Service(kind=sunlight.KIND, answer=self._answer),),
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

    async def learn(self) -> None:
        """Train on the site's own history."""
        now = self._clock.now()
        history = await self._site.slots(now - HISTORY, now, now)
        self._trained = train(history, self._settings.location)
        log.debug("trained slots=%s shares=%s", len(history), self._trained.shares)

    async def keep_counts(self) -> None:
        """Write the counts where they changed."""
        counts = self.counts
        if counts != self._kept_counts:
            keep(self._counts_path, counts)
            self._kept_counts = counts

    async def drain(self) -> None:
        """Take no new challenges; those under way are answered."""
        self._is_draining = True

    def status(self) -> dict[str, Any]:
        """Return how the miner is."""
        last_hour = self._clock.monotonic_s() - RATE_WINDOW_S
        while self._answers and self._answers[0] < last_hour:
            self._answers.popleft()
        return {
            **self._presence.status(name=self._settings.socket.stem, role="miner"),
            "mode": self.mode.value,
            "rate": float(len(self._answers)),
            "work": f"{sunlight.NAME}: {len(self._answers)} forecasts in the last hour",
            "health": self.health.sentence,
            "detail": self.counts,
        }

    def _admit(self, hotkey: str) -> None:
        if self.mode is WorkMode.OFF or self._is_draining:
            raise NotServing("this miner is off")
        graph = self._presence.graph
        if graph is None:
            raise NotServing("this miner has not seen the chain yet")
        caller = graph.find(hotkey)
        if caller is None or not (caller.permit or caller.stake_rao):
            raise NotAdmitted("only validators of this subnet may ask")

    async def _answer(self, _: str, data: Any) -> dict[str, Any]:
        try:
            challenge = sunlight.read_challenge(data)
        except sunlight.SunlightInvalid as err:
            raise ChallengeInvalid(str(err)) from err
        answer = sunlight.forward(challenge, self._trained, self.mode)
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
            site = SiteHistory(settings.api)
            later.push_async_callback(site.close)
            presence = Presence(backend, keypair, settings.netuid, wants_stake=False)
            miner = Miner(settings, clock, presence, site)
            later.push_async_callback(miner.keep_counts)
            bound = await miner.axon.start(ip, port)
            later.push_async_callback(miner.axon.stop)
            presence.endpoint = (ip, bound)
            server = await serve_lines(settings.socket, handler_of(miner))
            later.callback(server.close)
            log.info("serving hotkey=%s axon=%s:%s", keypair.ss58, ip, bound)
            await until_stopped(
                repeat("chain", miner.health, lambda: _chain_period_s(clock), presence.refresh),
                repeat("site", miner.health, lambda: real_period_s(clock, SLOT_S), miner.learn),
                repeat("counts", miner.health, lambda: KEEP_PERIOD_S, miner.keep_counts),
            )
            await miner.drain()
    log.info("stopped")


def _chain_period_s(clock: Clock) -> float:
    return real_period_s(clock, REFRESH_S, minimum_s=1.0)

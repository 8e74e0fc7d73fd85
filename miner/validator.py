"""The validator: one process that asks, judges and says weights on each of its subnets."""

import contextlib
import logging
from collections.abc import Awaitable, Iterator
from functools import partial
from typing import Any

from miner.chain.client import NodeClient
from miner.dendrite import Dendrite
from miner.keys import load_or_create
from miner.presence import Presence, neuron_status
from miner.program import Health, repeat, until_stopped
from miner.query import ask_subnet
from miner.rounds import Rounds
from miner.settings import NeuronSettings, surroundings_of
from miner.site import open_site
from miner.subnets.catalog import find_subnet
from miner.work import RequestInvalid, Verb, handler_of
from solard.core.modes import WorkMode
from solard.system.clock import Clock, real_period_s
from solard.system.lines import serve_lines
from solard.system.lock import DirectoryLock

REFRESH_S = 12.0
CHECK_S = 30.0
"""Site seconds between looks for a new round, or for one that came true."""

log = logging.getLogger(__name__)


class Validator:
    """The validator as a workload."""

    def __init__(self, name: str) -> None:
        self.mode = WorkMode.FULL
        self.health = Health()
        self.rounds: list[Rounds] = []
        self.presences: list[Presence] = []
        self._name = name
        self._is_draining = False

    def is_idle(self) -> bool:
        """Say whether nothing new is asked."""
        return self.mode is WorkMode.OFF or self._is_draining

    async def drain(self) -> None:
        """Ask nothing new."""
        self._is_draining = True

    def status(self) -> dict[str, Any]:
        """Return how the validator is."""
        details = {one.subnet.name: one.detail for one in self.rounds}
        verdicts = sum(one["verdicts"] for one in details.values())
        asked_per_h = sum(3600.0 / one.subnet.round_s for one in self.rounds)
        return {
            **neuron_status(self.presences, name=self._name, role="validator"),
            "mode": self.mode.value,
            "rate": 0.0 if self.is_idle() else asked_per_h,
            "work": f"{', '.join(details)}: {verdicts} answers judged",
            "health": self.health.sentence,
            "detail": {
                "weights_set": sum(one["weights_set"] for one in details.values()),
                "queries": sum(one["queries"] for one in details.values()),
                "verdicts": verdicts,
                "subnets": details,
            },
        }

    async def offer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer the `offer` verb: what the miners of a subnet say that our own rig can use."""
        rounds = next((r for r in self.rounds if r.subnet.name == request.get("subnet")), None)
        if rounds is None:
            raise RequestInvalid(f"offer: this validator is not on {request.get('subnet')!r}")
        return {"offer": rounds.offer()}


async def run_validator(settings: NeuronSettings, clock: Clock) -> None:
    """Run the validator until SIGTERM."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(DirectoryLock(settings.home, "validator", "stop it first"))
        keypair = load_or_create(settings.home / "hotkey.json")
        async with contextlib.AsyncExitStack() as later:
            backend = NodeClient(settings.network)
            later.push_async_callback(backend.close)
            site = open_site(settings.api, settings.site_file)
            later.push_async_callback(site.close)
            dendrite = Dendrite(keypair)
            later.push_async_callback(dendrite.close)
            validator = Validator(settings.socket.stem)
            surroundings = surroundings_of(settings, clock, site)
            for name in settings.subnets:
                presence = Presence(
                    backend,
                    keypair,
                    name,
                    purse=validator.presences,
                    burn_limit_rao=settings.burn_limit_rao,
                )
                path = settings.home / f"validator-{name}.json"
                rounds = Rounds(
                    find_subnet(name), surroundings, presence, dendrite, path, validator.is_idle
                )
                validator.presences.append(presence)
                validator.rounds.append(rounds)
            verbs: dict[str, Verb] = {
                "offer": validator.offer,
                "query": partial(ask_subnet, backend, keypair, surroundings),
            }
            server = await serve_lines(settings.socket, handler_of(validator, verbs))
            later.callback(server.close)
            log.info("running hotkey=%s subnets=%s", keypair.ss58, ",".join(settings.subnets))
            await until_stopped(*_loops(validator, clock))
    log.info("stopped")


def _loops(validator: Validator, clock: Clock) -> Iterator[Awaitable[None]]:
    """Yield four loops for each subnet; one that fails keeps no other from its work."""
    for presence, rounds in zip(validator.presences, validator.rounds, strict=True):
        for part, period_s, work in (
            ("chain", REFRESH_S, presence.refresh),
            ("questions", CHECK_S, rounds.ask),
            ("verdicts", CHECK_S, rounds.settle),
            ("weights", REFRESH_S, rounds.speak),
        ):
            name = f"{rounds.subnet.name} {part}"
            period = partial(real_period_s, clock, period_s, minimum_s=0.5)
            yield repeat(name, validator.health, period, work)

"""A watch on somebody else's node: what it says of the network and of our neurons, kept at hand.

The daemon asks it as it asks a node of its own, and waits for no machine that is away.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from miner.chain.backend import ChainRefused, ChainUnreachable, Head, Metagraph
from miner.chain.client import NodeClient
from miner.chain.question import Question
from miner.program import Health, repeat, until_stopped
from miner.telling import network_status, read_explore_request, read_rewards_request, subnets_detail
from miner.work import handler_of
from solard.core.modes import WorkMode
from solard.system.clock import Clock, real_period_s
from solard.system.lines import serve_lines
from solard.system.lock import DirectoryLock

LOOK_S = 12.0
"""Site seconds between looks: a block."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """What the command line says."""

    home: Path
    socket: Path
    network: str
    """URL of the node."""


class Watch:
    """The watch as a workload. It holds no key."""

    def __init__(self, node: NodeClient, name: str) -> None:
        self.mode = WorkMode.FULL
        self.health = Health()
        self._node = node
        self._name = name
        self._hotkeys: frozenset[str] = frozenset()
        self._head: Head | None = None
        self._graphs: tuple[Metagraph, ...] = ()

    async def look(self) -> None:
        """Look at the node once; raise when it does not answer."""
        head = await self._node.head()
        listed = await self._node.view("subnets", Question())
        netuids = [int(row["netuid"]) for row in listed["subnets"]]
        graphs = await asyncio.gather(*(self._node.metagraph(netuid) for netuid in netuids))
        self._head, self._graphs = head, tuple(graphs)

    def status(self) -> dict[str, Any]:
        """Return the network as it was last seen; of the neurons only ours."""
        head = self._head
        ours = [
            replace(graph, neurons=tuple(n for n in graph.neurons if n.hotkey in self._hotkeys))
            for graph in self._graphs
        ]
        seen = {}
        if head is not None:
            seen = {
                "network": head.network,
                "block": head.number,
                "block_at": head.made_at.isoformat(),
                "issuance_rao": head.issuance_rao,
                **subnets_detail(ours),
            }
        return network_status(
            name=self._name,
            mode=self.mode,
            health=self.health.sentence,
            blocks_per_h=3600.0 / LOOK_S if self.health.sentence == "ok" else 0.0,
            detail=seen,
        )

    async def drain(self) -> None:
        """Nothing is under way between two looks."""

    async def rewards(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer the `rewards` verb; the neurons of its hotkeys are those that `status` shows."""
        after, hotkeys = read_rewards_request(request)
        if not hotkeys:
            raise ChainRefused("rewards: name hotkeys; a watch follows no others")
        if self.health.sentence != "ok":
            raise ChainUnreachable(self.health.sentence)
        self._hotkeys = frozenset(hotkeys)
        return await self._node.rewards(after, hotkeys)

    async def explore(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer the `explore` verb, as the node does."""
        return await self._node.view(*read_explore_request(request))


async def run_watch(settings: WatchSettings, clock: Clock) -> None:
    """Watch a node until SIGTERM."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(DirectoryLock(settings.home, "watch", "stop it first"))
        node = NodeClient(settings.network)
        try:
            watch = Watch(node, settings.socket.stem)
            handler = handler_of(watch, {"rewards": watch.rewards, "explore": watch.explore})
            server = await serve_lines(settings.socket, handler)
            log.info("watching node=%s", settings.network)
            try:
                period = partial(real_period_s, clock, LOOK_S, minimum_s=1.0)
                await until_stopped(repeat("node", watch.health, period, watch.look))
            finally:
                server.close()
        finally:
            await node.close()
    log.info("stopped")

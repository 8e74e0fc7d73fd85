"""The embedded network's node: blocks in site time, an HTTP API, a work socket."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from miner.chain.api import LIMITS, NodeApi, explored, rewards_after
from miner.chain.authority import Authority, open_authority
from miner.chain.picture import metagraph_of
from miner.chain.values import Rules
from miner.program import until_stopped
from miner.telling import network_status, read_explore_request, read_rewards_request, subnets_detail
from miner.work import handler_of
from solard.core.errors import SolardError
from solard.core.modes import WorkMode
from solard.system.clock import Clock, real_period_s
from solard.system.guard import Gate
from solard.system.lines import serve_lines
from solard.system.lock import DirectoryLock

MAX_CATCH_UP_BLOCKS = 100
"""A node that was away makes up for 20 min of site time; a longer night has no blocks."""
BATCH_BLOCKS = 50

log = logging.getLogger(__name__)


class PortTaken(SolardError):
    """Something else listens where we should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """What the command line says."""

    home: Path
    socket: Path
    host: str = "127.0.0.1"
    port: int
    rules: Rules
    """Of a network that is new, and so are its subnets; one that exists has its own."""
    subnets: tuple[str, ...]


class Network:
    """The node as a workload."""

    def __init__(self, authority: Authority, clock: Clock, name: str) -> None:
        self.mode = WorkMode.FULL
        self._authority = authority
        self._clock = clock
        self._name = name
        self._block_s = authority.genesis.block_s
        self._next_s = clock.monotonic_s() + self._block_s - self._missed_s()

    def _missed_s(self) -> float:
        """Return site seconds since the newest block, as far as they are made up for."""
        missed_s = (self._clock.now() - self._authority.made_at).total_seconds()
        return min(max(missed_s, 0.0), MAX_CATCH_UP_BLOCKS * self._block_s)

    async def make_blocks(self) -> None:
        """Make every block that is due, for ever; none while the mode is off."""
        while True:
            if self.mode is WorkMode.OFF:
                self._next_s = self._clock.monotonic_s() + self._block_s
            while moments := self._due():
                self._authority.make_blocks(moments)
                self._next_s += len(moments) * self._block_s
                await asyncio.sleep(0)
            wait_s = (self._next_s - self._clock.monotonic_s()) / self._clock.speed
            shortest_s = min(real_period_s(self._clock, self._block_s), 1.0)
            await asyncio.sleep(max(shortest_s, min(wait_s, 1.0)))

    def _due(self) -> list[datetime]:
        now_s = self._clock.monotonic_s()
        count = min(BATCH_BLOCKS, int((now_s - self._next_s) // self._block_s) + 1)
        now = self._clock.now()
        ages = (now_s - self._next_s - place * self._block_s for place in range(count))
        return [now - timedelta(seconds=age) for age in ages]

    def status(self) -> dict[str, Any]:
        """Return the node, its subnets and all neurons."""
        authority = self._authority
        subnets = authority.state.subnets()
        block = authority.head.number
        graphs = [metagraph_of(authority.state, subnet, block) for subnet in subnets]
        return network_status(
            name=self._name,
            mode=self.mode,
            health="ok",
            blocks_per_h=3600.0 / self._block_s if self.mode is not WorkMode.OFF else 0.0,
            detail={
                "network": authority.genesis.network,
                "block": block,
                "block_at": authority.head.made_at,
                "issuance_rao": authority.state.totals.issuance_rao,
                "waiting_calls": authority.pool_size,
                **subnets_detail(graphs),
            },
        )

    async def drain(self) -> None:
        """Nothing is under way between two blocks."""

    async def rewards(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer the `rewards` verb."""
        after, hotkeys = read_rewards_request(request)
        return rewards_after(self._authority, after, hotkeys)

    async def explore(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer the `explore` verb."""
        return explored(self._authority, *read_explore_request(request))


async def run_network(settings: NetworkSettings, clock: Clock) -> None:
    """Run the node until SIGTERM."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(DirectoryLock(settings.home, "network", "stop it first"))
        authority = open_authority(settings.home, clock.now(), settings.rules, settings.subnets)
        stack.callback(authority.close)
        network = Network(authority, clock, settings.socket.stem)
        runner = web.AppRunner(
            NodeApi(authority).application(), access_log=None, shutdown_timeout=3.0
        )
        await runner.setup()
        try:
            listening = await _listen(runner, settings.host, settings.port)
            handler = handler_of(network, {"rewards": network.rewards, "explore": network.explore})
            server = await serve_lines(settings.socket, handler)
            log.info("serving network=%s port=%s", authority.genesis.network, settings.port)
            try:
                await until_stopped(network.make_blocks())
            finally:
                server.close()
                listening.close()
        finally:
            await runner.cleanup()
    log.info("stopped block=%s", authority.head.number)


async def _listen(runner: web.AppRunner, host: str, port: int) -> asyncio.Server:
    try:
        assert runner.server is not None  # its setup made it
        gate = Gate(LIMITS, runner.server)
        return await asyncio.get_running_loop().create_server(gate.remote, host, port)
    except OSError as err:
        raise PortTaken(
            f"network: cannot listen on {host}:{port}: {err.strerror}; choose another --port"
        ) from err

"""A hotkey's place on a subnet: registered, announced, staked, and what the chain paid it."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from miner.chain.backend import ChainBackend, ChainRefused, Metagraph, NeuronInfo
from miner.chain.calls.weighing import commit_hash
from miner.keys import Keypair
from miner.promises import Promise
from solard.core.codec import Codec
from solard.core.units import RAO_PER_TAO

KEEP_RAO = 1_000_000_000
"""Stays free of stake, for another registration."""
REGISTER_AT_MOST_RAO = 10 * RAO_PER_TAO
"""A tenth of what a new key is granted; a seat that nobody fights for costs a tenth of a τ."""
_CODEC = Codec()

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Presence:
    """What a neuron wants to be on its subnet, and what it is."""

    backend: ChainBackend
    keypair: Keypair
    subnet: str
    purse: "Sequence[Presence] | None" = None
    """All presences, this one too, that share what the balance has to spare: each stakes as much
    on our own hotkey where it has none. None = stakes nothing."""
    burns: bool = True
    """Register by burn where the chain does not know us; without it somebody must ask us for a
    proof of work (`miner.prover`)."""
    burn_limit_rao: int = REGISTER_AT_MOST_RAO
    """What a registration may cost."""
    endpoint: tuple[str, int] | None = None
    """IP and port of the axon, None without one."""
    netuid: int | None = None
    """Where the chain has the subnet; None until it was asked."""
    graph: Metagraph | None = None
    earned_rao: int = 0
    is_staked: bool = False

    @property
    def neuron(self) -> NeuronInfo | None:
        """Return our neuron as the chain last showed it."""
        return self.graph.find(self.keypair.ss58) if self.graph else None

    async def refresh(self) -> None:
        """Look at the chain, and put right what is missing; raise when the chain does not."""
        netuid = await self._find_netuid()
        graph = await self.backend.metagraph(netuid)
        me = graph.find(self.keypair.ss58)
        if me is None:
            self.graph = graph
            self._check_price(graph)
            await self.backend.register(self.keypair, netuid, self.burn_limit_rao)
            graph = await self.backend.metagraph(netuid)
            me = graph.find(self.keypair.ss58)
            log.info("registered hotkey=%s netuid=%s", self.keypair.ss58, netuid)
        if me is None:
            raise ChainRefused("registered, and not in the metagraph")
        if self.endpoint and me.axon != _endpoint_text(*self.endpoint):
            await self.backend.serve_axon(self.keypair, netuid, *self.endpoint)
            log.info("announced axon=%s:%s", *self.endpoint)
        self.is_staked = me.stake_rao > 0
        if self.purse is not None and not self.is_staked:
            # Subnets are looked at in any order, and none may take what the others need.
            part = 1.0 / sum(not one.is_staked for one in self.purse)
            await self.backend.stake_spare(self.keypair, netuid, KEEP_RAO, part)
            graph = await self.backend.metagraph(netuid)
            me = graph.find(self.keypair.ss58)
            self.is_staked = me is not None and me.stake_rao > 0
        self.graph = graph
        self.earned_rao = await self.backend.earned_rao(self.keypair.ss58)

    def _check_price(self, graph: Metagraph) -> None:
        """Raise where a seat is not to be paid for, or not so much."""
        if not self.burns:
            raise ChainRefused(
                f"not registered on {self.subnet}, and it burns no tokens for that; "
                f"`solard network prove {self.subnet}` finds a proof of work"
            )
        if graph.burn_rao > self.burn_limit_rao:
            # Two digits: the price moves in each block, and this sentence is logged when it does.
            price, limit = graph.burn_rao / RAO_PER_TAO, self.burn_limit_rao / RAO_PER_TAO
            raise ChainRefused(
                f"not registered on {self.subnet}: a seat costs {price:.2g} τ, and "
                f"register_at_most is {limit:g} τ; it halves in 360 blocks without registrations"
            )

    async def say_weights(self, weights: Mapping[int, float]) -> None:
        """Set weights by uid as our hotkey, and look at the chain again."""
        netuid = await self._find_netuid()
        await self.backend.set_weights(self.keypair, netuid, weights)
        self.graph = await self.backend.metagraph(netuid)

    async def promise_weights(self, promised: Promise) -> None:
        """Commit to weights that are shown later, and look at the chain again."""
        netuid = await self._find_netuid()
        uids, values = list(promised.uids), list(promised.values)
        name = commit_hash(self.keypair.ss58, netuid, uids, values, promised.salt)
        await self.backend.commit_weights(self.keypair, netuid, name)
        self.graph = await self.backend.metagraph(netuid)

    async def show_weights(self, promised: Promise) -> None:
        """Reveal weights that were promised, and look at the chain again."""
        netuid = await self._find_netuid()
        uids, values = list(promised.uids), list(promised.values)
        await self.backend.reveal_weights(self.keypair, netuid, uids, values, promised.salt)
        self.graph = await self.backend.metagraph(netuid)

    async def _find_netuid(self) -> int:
        if self.netuid is None:
            self.netuid = await self.backend.netuid_of(self.subnet)
        return self.netuid


def neuron_status(presences: Sequence[Presence], *, name: str, role: str) -> dict[str, Any]:
    """Return the fields of a status answer that every neuron has; its first subnet's neuron."""
    neurons = [one.neuron for one in presences if one.neuron is not None]
    return {
        "name": name,
        "role": role,
        "pid": os.getpid(),
        "hotkey": presences[0].keypair.ss58 if presences else None,
        "earned_rao": max((one.earned_rao for one in presences), default=0),
        "neuron": _CODEC.encode(neurons[0]) if neurons else None,
    }


def _endpoint_text(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"

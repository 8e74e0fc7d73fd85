"""A hotkey's place on a subnet: registered, announced, staked, and what the chain paid it."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from miner.chain.backend import ChainBackend, ChainRefused, Metagraph, NeuronInfo
from miner.keys import Keypair
from solard.core.codec import Codec

KEEP_RAO = 1_000_000_000
"""Stays free of stake, for another registration."""
_CODEC = Codec()

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Presence:
    """What a neuron wants to be on its subnet, and what it is."""

    backend: ChainBackend
    keypair: Keypair
    netuid: int
    wants_stake: bool
    endpoint: tuple[str, int] | None = None
    """IP and port of the axon, None without one."""
    graph: Metagraph | None = None
    earned_rao: int = 0

    @property
    def neuron(self) -> NeuronInfo | None:
        """Return our neuron as the chain last showed it."""
        return self.graph.find(self.keypair.ss58) if self.graph else None

    async def refresh(self) -> None:
        """Look at the chain, and put right what is missing; raise when the chain does not."""
        graph = await self.backend.metagraph(self.netuid)
        me = graph.find(self.keypair.ss58)
        if me is None:
            await self.backend.register(self.keypair, self.netuid)
            graph = await self.backend.metagraph(self.netuid)
            me = graph.find(self.keypair.ss58)
            log.info("registered hotkey=%s netuid=%s", self.keypair.ss58, self.netuid)
        if me is None:
            raise ChainRefused("registered, and not in the metagraph")
        if self.endpoint and me.axon != _endpoint_text(*self.endpoint):
            await self.backend.serve_axon(self.keypair, self.netuid, *self.endpoint)
            log.info("announced axon=%s:%s", *self.endpoint)
        if self.wants_stake and me.stake_rao == 0:
            await self.backend.stake_spare(self.keypair, self.netuid, KEEP_RAO)
            log.info("staked hotkey=%s", self.keypair.ss58)
        self.graph = graph
        self.earned_rao = await self.backend.earned_rao(self.keypair.ss58)

    async def say_weights(self, weights: Mapping[int, float]) -> None:
        """Set weights by uid as our hotkey, and look at the chain again."""
        await self.backend.set_weights(self.keypair, self.netuid, weights)
        self.graph = await self.backend.metagraph(self.netuid)

    def status(self, *, name: str, role: str) -> dict[str, Any]:
        """Return the fields of a status answer that every neuron has."""
        neuron = self.neuron
        return {
            "name": name,
            "role": role,
            "pid": os.getpid(),
            "earned_rao": self.earned_rao,
            "neuron": _CODEC.encode(neuron) if neuron else None,
        }


def _endpoint_text(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"

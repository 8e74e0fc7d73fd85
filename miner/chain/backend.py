"""What a neuron needs of a chain, whichever chain it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from miner.keys import Keypair
from solard.core.errors import SolardError


class ChainUnreachable(SolardError):
    """No node answers; try again later."""


class ChainRefused(SolardError):
    """A node answered, and the chain refuses what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest block."""

    network: str
    """Name of this chain and no other: `embedded-1a2b3c4d`."""
    genesis: str
    number: int
    hash: str
    made_at: datetime
    """Site time on an embedded network."""
    issuance_rao: int
    is_simulator: bool
    """Whether its tokens are play tokens without a price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuronInfo:
    """One registered hotkey as the chain sees it; ratios 0..1."""

    netuid: int
    subnet: str
    uid: int
    hotkey: str
    role: str
    """`miner`, `validator`, or `owner` for the subnet owner's hotkey."""
    permit: bool
    incentive: float
    rank: int
    """Place among its role's neurons by pay, 1 is the best."""
    trust: float
    vtrust: float
    dividends: float
    emission_rao: int
    """What the last epoch paid it."""
    stake_rao: int
    """Alpha of the subnet with this hotkey, its stakers' included."""
    last_update: int
    registered_block: int
    immune: bool
    immune_until: int
    """Block from which on it may have to give way."""
    axon: str | None
    """`IP:PORT`, or None while it serves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metagraph:
    """A subnet and its neurons at one block; index is the uid."""

    netuid: int
    name: str
    block: int
    tempo: int
    epochs: int
    next_epoch_block: int
    burn_rao: int
    """Price of a registration now."""
    weights_rate_limit: int
    owner_hotkey: str
    neurons: tuple[NeuronInfo, ...]
    commit_reveal: bool = False
    """Whether weights are promised first and shown later."""
    reveal_epochs: int = 1
    gives_way_uid: int | None = None
    """Whose place the next newcomer gets; None while a place is free."""

    def find(self, hotkey: str) -> NeuronInfo | None:
        """Return the neuron of a hotkey, or None."""
        return next((one for one in self.neurons if one.hotkey == hotkey), None)


class ChainBackend(Protocol):
    """The chain, as miners and validators use it. Signing stays on this side of it.

    Every method raises ChainUnreachable or ChainRefused.
    """

    async def head(self) -> Head:
        """Return the newest block."""
        ...

    async def netuid_of(self, subnet: str) -> int:
        """Return the number of the subnet of that name."""
        ...

    async def metagraph(self, netuid: int) -> Metagraph:
        """Return a subnet and its neurons."""
        ...

    async def earned_rao(self, hotkey: str) -> int:
        """Return all that the chain ever paid a hotkey."""
        ...

    async def register(self, keypair: Keypair, netuid: int, limit_rao: int) -> None:
        """Register the key's own hotkey by burn of at most so much; returns when a block has it."""
        ...

    async def stake_spare(self, keypair: Keypair, netuid: int, keep_rao: int, part: float) -> None:
        """Stake a part of what the key's balance has above `keep_rao` on its own hotkey."""
        ...

    async def serve_axon(self, keypair: Keypair, netuid: int, ip: str, port: int) -> None:
        """Announce where the key's neuron listens."""
        ...

    async def set_weights(
        self, keypair: Keypair, netuid: int, weights: Mapping[int, float]
    ) -> None:
        """Set weights by uid, any scale; returns when a block has them."""
        ...

    async def commit_weights(self, keypair: Keypair, netuid: int, commit: str) -> None:
        """Promise weights by their hash, on a subnet that wants it so."""
        ...

    async def reveal_weights(
        self, keypair: Keypair, netuid: int, uids: list[int], values: list[int], salt: str
    ) -> None:
        """Show weights that were promised, in the epoch in which they are due."""
        ...

"""Block 0 of an embedded network: who exists, who owns what, by which rules."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from miner.chain.calls.subnets import new_subnet
from miner.chain.canonical import digest
from miner.chain.state import ChainBroken, ChainState
from miner.chain.values import Account, Rules, Totals
from solard.core.codec import Codec
from solard.core.units import RAO_PER_TAO

SUBNETS = ("sunlight",)
FIRST_SUPPLY_RAO = 11_000_000 * RAO_PER_TAO
POOL_RAO = 1000 * RAO_PER_TAO
FORMAT = 3
_CODEC = Codec()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Play tokens that exist from the start."""

    name: str
    ss58: str
    rao: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis:
    """Everything that an embedded network is told once; its hash names the network."""

    started_at: datetime
    """Site time of block 0."""
    authority: str
    """The key that signs blocks."""
    allocations: tuple[Allocation, ...]
    """`treasury` gives each new key one grant, `owner` owns the subnets."""
    owner_hotkey: str
    rules: Rules = field(default_factory=Rules)
    subnets: tuple[str, ...] = SUBNETS
    """Names of the subnets that exist from the start, numbered from 1."""
    grant_rao: int = 100 * RAO_PER_TAO
    pool_rao: int = POOL_RAO
    """τ in the pool of each, beside as much alpha."""
    format: int = FORMAT
    """Of everything that is hashed; another one is another chain."""
    block_s: float = 12.0
    note: str = "solard embedded network: a simulator for learning, its tokens have no price"

    @property
    def hash(self) -> str:
        """Return the hash that is part of every signed call."""
        return digest(self.to_json())

    @property
    def network(self) -> str:
        """Return the network's short name, unlike any other's."""
        return f"embedded-{self.hash[:8]}"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data; the one float as text, since the chain hashes no floats."""
        return {**_CODEC.encode(self), "block_s": repr(self.block_s)}

    def account(self, name: str) -> str:
        """Return the address of a named allocation."""
        return next(one.ss58 for one in self.allocations if one.name == name)


def read_genesis(data: Any) -> Genesis:
    """Return the genesis that `to_json` wrote; raise ChainBroken for one of other rules."""
    if data.get("format") != FORMAT:
        raise ChainBroken(
            "this embedded network was made by another version of solard, with other rules; move "
            "its directory away to start a new network"
        )
    genesis: Genesis = _CODEC.decode(Genesis, {**data, "block_s": float(data["block_s"])})
    return genesis


def new_genesis(
    *,
    started_at: datetime,
    authority: str,
    treasury: str,
    owner: str,
    owner_hotkey: str,
    rules: Rules,
    subnets: tuple[str, ...] = SUBNETS,
) -> Genesis:
    """Return a network like the real one of today in its issuance: 0.5 τ a block."""
    owned = 1_000 * RAO_PER_TAO
    rest = FIRST_SUPPLY_RAO - owned - len(subnets) * POOL_RAO
    return Genesis(
        started_at=started_at,
        authority=authority,
        allocations=(
            Allocation(name="treasury", ss58=treasury, rao=rest),
            Allocation(name="owner", ss58=owner, rao=owned),
        ),
        owner_hotkey=owner_hotkey,
        rules=rules,
        subnets=subnets,
    )


def first_state(genesis: Genesis) -> ChainState:
    """Return the state of block 0: allocations, and the first subnets with their owner."""
    state = ChainState()
    issued = sum(one.rao for one in genesis.allocations)
    issued += len(genesis.subnets) * genesis.pool_rao
    owner = genesis.account("owner")
    state.put([Totals(issuance_rao=issued)])
    state.put(Account(ss58=one.ss58, balance_rao=one.rao) for one in genesis.allocations)
    for netuid, name in enumerate(genesis.subnets, start=1):
        state.put(
            new_subnet(
                netuid=netuid,
                name=name,
                owner=owner,
                hotkey=genesis.owner_hotkey,
                rules=genesis.rules,
                pool_rao=genesis.pool_rao,
                block=0,
            )
        )
    return state

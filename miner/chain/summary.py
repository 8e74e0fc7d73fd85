"""What a whole chain came to: blocks, epochs, who was paid what, who had to go."""

from dataclasses import dataclass
from pathlib import Path

from miner.chain.embedded import ChainStore
from miner.chain.verify import NoChainHere, chain_in


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetSummary:
    """One subnet's epochs so far, in rao."""

    name: str
    epochs: int
    owner_rao: int
    miners_rao: int
    validators_rao: int
    recycled_rao: int
    """Part of the three above that nobody had earned."""

    @property
    def emitted_rao(self) -> int:
        """Return what its epochs were given to share out."""
        return self.owner_rao + self.miners_rao + self.validators_rao


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSummary:
    """The whole network."""

    blocks: int
    subnets: tuple[SubnetSummary, ...]
    pending_rao: int
    """Of blocks since the last epochs."""
    evictions: int
    """Neurons that had to give way to newcomers."""

    @property
    def reward_rao(self) -> int:
        """Return the block rewards that epochs have shared out."""
        return sum(one.emitted_rao for one in self.subnets)


def check_genesis(home: Path) -> None:
    """Raise ChainBroken where a network of other rules lives in a directory; none is fine."""
    try:
        store = ChainStore(chain_in(home))
    except NoChainHere:
        return
    try:
        store.genesis()
    finally:
        store.close()


def summarize(home: Path) -> ChainSummary:
    """Return the summary of the network kept in a directory; it may be running."""
    store = ChainStore(chain_in(home))
    try:
        with store.snapshot():
            state, head = store.load_state(), store.head()
            subnets = state.subnets()
            return ChainSummary(
                blocks=0 if head is None else head.number,
                subnets=tuple(
                    SubnetSummary(
                        name=one.name,
                        epochs=one.epochs,
                        owner_rao=one.owner_rao,
                        miners_rao=one.miners_rao,
                        validators_rao=one.validators_rao,
                        recycled_rao=one.recycled_rao,
                    )
                    for one in subnets
                ),
                pending_rao=sum(one.pending_rao for one in subnets),
                evictions=store.count_evictions(),
            )
    finally:
        store.close()

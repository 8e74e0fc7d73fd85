"""Where a call runs, how it refuses, and what most calls ask first."""

from collections.abc import Mapping
from dataclasses import dataclass

from miner.chain.state import ChainState
from miner.chain.values import Neuron, Subnet
from solard.core.errors import SolardError

U16_MAX = 65535


class CallRefused(SolardError):
    """The chain does not do what a call asks; the block keeps the sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a call runs."""

    state: ChainState
    block: int
    treasury: str
    """The account that grants come from."""
    grant_rao: int
    recent_hashes: Mapping[int, str]
    """Hashes of the newest blocks, by number: what proofs of work are bound to."""


def subnet_of(context: Context, netuid: int) -> Subnet:
    """Return a subnet, or refuse."""
    subnet = context.state.subnet(netuid)
    if subnet is None:
        raise CallRefused(f"there is no subnet {netuid}")
    return subnet


def neuron_of(context: Context, netuid: int, hotkey: str, call: str) -> Neuron:
    """Return the neuron of a hotkey, or refuse."""
    neuron = context.state.neuron(netuid, hotkey)
    if neuron is None:
        raise CallRefused(f"{call}: {hotkey} is not registered on subnet {netuid}")
    return neuron


def need(balance_rao: int, rao: int, what: str) -> None:
    """Refuse an amount of nothing, or of more than there is."""
    if rao <= 0:
        raise CallRefused(f"{what}: {rao} rao is not above 0")
    if balance_rao < rao:
        raise CallRefused(f"{what}: needs {rao} rao and has {balance_rao}")

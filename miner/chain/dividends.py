"""Who gets a neuron's pay: its own account, and those who stake with a validator."""

from dataclasses import dataclass

from miner.chain.economy import share_out
from miner.chain.state import ChainState
from miner.chain.values import Neuron


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Pay that becomes stake of an account with a hotkey."""

    hotkey: str
    coldkey: str
    earner: str
    """Who earned it: a neuron by its hotkey, a staker by its account."""
    role: str
    rao: int


def credit_miner(neuron: Neuron, rao: int) -> Credit:
    """Return a miner's pay, all of it its own."""
    return Credit(
        hotkey=neuron.hotkey,
        coldkey=neuron.coldkey,
        earner=neuron.hotkey,
        role="miner",
        rao=rao,
    )


def share_dividends(state: ChainState, neuron: Neuron, rao: int) -> list[Credit]:
    """Return a validator's dividends: its take first, then to all stakes alike, to the rao."""
    if not rao:
        return []
    stakes = [one for one in state.stakes_with(neuron.netuid, neuron.hotkey) if one.alpha_rao]
    own = {neuron.hotkey, neuron.coldkey}
    if all(one.coldkey in own for one in stakes):
        return [_credit(neuron, neuron.coldkey, rao)]
    take = rao * state.take_u16(neuron.hotkey) // 65535
    parts = share_out(rao - take, [one.alpha_rao for one in stakes])
    credits = [_credit(neuron, neuron.coldkey, take)]
    return credits + [
        _credit(neuron, one.coldkey, part) for one, part in zip(stakes, parts, strict=True)
    ]


def _credit(neuron: Neuron, coldkey: str, rao: int) -> Credit:
    own = coldkey in {neuron.hotkey, neuron.coldkey}
    return Credit(
        hotkey=neuron.hotkey,
        coldkey=coldkey,
        earner=neuron.hotkey if own else coldkey,
        role="validator" if own else "staker",
        rao=rao,
    )

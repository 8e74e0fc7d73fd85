"""Who gives way when a subnet is full: the chain's `get_neuron_to_prune`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from miner.chain.state import ChainState
from miner.chain.values import Neuron, Subnet, Value

MIN_NON_IMMUNE = 10
"""Newcomers are spared only while more neurons than this are past their immunity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eviction:
    """A neuron that gave way to a newcomer."""

    netuid: int
    uid: int
    hotkey: str
    """Who gave way."""
    newcomer: str
    """The hotkey that has the uid now."""
    standing_rao: int
    """What the last epoch had reckoned for who gave way."""
    registered_block: int
    """When who gave way had come."""


def is_immune(neuron: Neuron, subnet: Subnet, block: int) -> bool:
    """Tell whether a neuron is still too new to give way."""
    return block - neuron.registered_block < subnet.rules.immunity_blocks


def choose_uid(neurons: Sequence[Neuron], subnet: Subnet, block: int) -> int | None:
    """Return the uid that a newcomer gets, or None when nobody gives way.

    A full subnet loses its least paid neuron; ties go by age, then by the lower uid.
    """
    if len(neurons) < subnet.rules.max_uids:
        return len(neurons)
    candidates = [neuron for neuron in neurons if neuron.hotkey != subnet.owner_hotkey]
    settled = [neuron for neuron in candidates if not is_immune(neuron, subnet, block)]
    immune = [neuron for neuron in candidates if is_immune(neuron, subnet, block)]
    choice = settled if len(settled) > MIN_NON_IMMUNE or not immune else immune
    if not choice:
        return None
    least = min(choice, key=lambda one: (one.standing_rao, one.registered_block, one.uid))
    return least.uid


def gives_way(neurons: Sequence[Neuron], subnet: Subnet, block: int) -> int | None:
    """Return the uid whose neuron a newcomer of `block` replaces; None while a place is free."""
    uid = choose_uid(neurons, subnet, block)
    return None if uid == len(neurons) else uid


def evictions_by(changes: Iterable[Value], state: ChainState) -> list[Eviction]:
    """Return who loses a uid to another hotkey by changes that the state has not seen yet."""
    return [
        Eviction(
            netuid=new.netuid,
            uid=new.uid,
            hotkey=old.hotkey,
            newcomer=new.hotkey,
            standing_rao=old.standing_rao,
            registered_block=old.registered_block,
        )
        for new in changes
        if isinstance(new, Neuron)
        and (old := state.neuron_at(new.netuid, new.uid)) is not None
        and old.hotkey != new.hotkey
    ]

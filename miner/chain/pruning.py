"""Who gives way when a subnet is full: the chain's `get_neuron_to_prune`."""

from collections.abc import Sequence

from miner.chain.values import Neuron, Subnet

MIN_NON_IMMUNE = 10
"""Newcomers are spared only while more neurons than this are past their immunity."""


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
    least = min(choice, key=lambda one: (one.pruning_u16, one.registered_block, one.uid))
    return least.uid

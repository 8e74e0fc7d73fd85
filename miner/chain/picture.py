"""The chain's state as neurons and people see it."""

from miner.chain.authority import Authority
from miner.chain.backend import Head, Metagraph, NeuronInfo
from miner.chain.fixed import U16_MAX
from miner.chain.payout import is_epoch
from miner.chain.pruning import gives_way
from miner.chain.state import ChainState
from miner.chain.values import Neuron, Subnet


def head_of(authority: Authority) -> Head:
    """Return the newest block."""
    head = authority.head
    return Head(
        network=authority.genesis.network,
        genesis=authority.genesis.hash,
        number=head.number,
        hash=authority.head_hash,
        made_at=authority.made_at,
        issuance_rao=authority.state.totals.issuance_rao,
        is_simulator=True,
    )


def metagraph_of(state: ChainState, subnet: Subnet, block: int) -> Metagraph:
    """Return a subnet and its neurons at `block`."""
    neurons = state.neurons(subnet.netuid)
    return Metagraph(
        netuid=subnet.netuid,
        name=subnet.name,
        block=block,
        tempo=subnet.rules.tempo,
        epochs=subnet.epochs,
        next_epoch_block=next(
            number
            for number in range(block + 1, block + subnet.rules.tempo + 2)
            if is_epoch(subnet, number)
        ),
        burn_rao=subnet.burn_rao,
        weights_rate_limit=subnet.rules.weights_rate_limit,
        owner_hotkey=subnet.owner_hotkey,
        commit_reveal=subnet.rules.commit_reveal,
        reveal_epochs=subnet.rules.reveal_epochs,
        gives_way_uid=gives_way(neurons, subnet, block + 1),
        neurons=tuple(_info(state, subnet, neurons, one, block) for one in neurons),
    )


def role_of(neuron: Neuron, subnet: Subnet) -> str:
    """Return what a neuron does, by what it has done."""
    if neuron.hotkey == subnet.owner_hotkey:
        return "owner"
    if neuron.has_set_weights or (neuron.permit and neuron.axon is None):
        return "validator"
    return "miner"


def _info(
    state: ChainState,
    subnet: Subnet,
    neurons: tuple[Neuron, ...],
    one: Neuron,
    block: int,
) -> NeuronInfo:
    role = role_of(one, subnet)
    peers = [peer for peer in neurons if role_of(peer, subnet) == role]
    immune_until = one.registered_block + subnet.rules.immunity_blocks
    return NeuronInfo(
        netuid=subnet.netuid,
        subnet=subnet.name,
        uid=one.uid,
        hotkey=one.hotkey,
        role=role,
        permit=one.permit,
        incentive=one.incentive_u16 / U16_MAX,
        rank=1 + sum(_pay(peer) > _pay(one) for peer in peers),
        trust=one.trust_u16 / U16_MAX,
        vtrust=one.validator_trust_u16 / U16_MAX,
        dividends=one.dividends_u16 / U16_MAX,
        emission_rao=one.emission_rao,
        stake_rao=state.alpha_with(subnet.netuid, one.hotkey),
        last_update=one.last_update_block,
        registered_block=one.registered_block,
        immune=block < immune_until,
        immune_until=immune_until,
        axon=_endpoint(one),
    )


def _pay(neuron: Neuron) -> int:
    return neuron.incentive_u16 + neuron.dividends_u16


def _endpoint(neuron: Neuron) -> str | None:
    if neuron.axon is None:
        return None
    ip = f"[{neuron.axon.ip}]" if ":" in neuron.axon.ip else neuron.axon.ip
    return f"{ip}:{neuron.axon.port}"

"""How a hotkey gets a uid: by burning the price of a registration, or by proof of work."""

from dataclasses import replace

from miner import keys
from miner.chain.calls.context import CallRefused, Context, need, subnet_of
from miner.chain.economy import bump_burn
from miner.chain.proof_of_work import (
    FRESH_BLOCKS,
    MAX_NONCE,
    meets,
    registration_prefix,
    seal_of,
)
from miner.chain.pruning import choose_uid
from miner.chain.values import Neuron, Subnet, Value


def register(context: Context, signer: str, *, netuid: int, hotkey: str) -> tuple[Value, ...]:
    """Burn the price of a registration and give the hotkey a uid."""
    subnet = subnet_of(context, netuid)
    _new_hotkey(context, netuid, hotkey, "register")
    payer = context.state.account(signer)
    need(payer.balance_rao, subnet.burn_rao, "register")
    placed = place_neuron(context, subnet, hotkey, signer, "register")
    totals = context.state.totals
    return (
        replace(payer, balance_rao=payer.balance_rao - subnet.burn_rao),
        replace(totals, issuance_rao=totals.issuance_rao - subnet.burn_rao),
        replace(subnet, burn_rao=bump_burn(subnet.burn_rao, subnet.rules.max_burn_rao)),
        *placed,
    )


def register_limit(
    context: Context, signer: str, *, netuid: int, hotkey: str, limit_rao: int
) -> tuple[Value, ...]:
    """Register where that costs at most so much in the very block that has the call."""
    burn_rao = subnet_of(context, netuid).burn_rao
    if burn_rao > limit_rao:
        raise CallRefused(f"register_limit: costs {burn_rao} rao, and at most {limit_rao} are paid")
    return register(context, signer, netuid=netuid, hotkey=hotkey)


def register_by_work(
    context: Context, signer: str, *, netuid: int, hotkey: str, block: int, nonce: int
) -> tuple[Value, ...]:
    """Give the hotkey a uid for a proof of work on a recent block; it costs no rao."""
    subnet = subnet_of(context, netuid)
    if not subnet.rules.pow_registration:
        raise CallRefused("register_by_work: this subnet takes no proofs of work")
    _new_hotkey(context, netuid, hotkey, "register_by_work")
    block_hash = context.recent_hashes.get(block)
    if block_hash is None or not context.block - FRESH_BLOCKS <= block < context.block:
        raise CallRefused(f"register_by_work: block {block} is not one of the last {FRESH_BLOCKS}")
    work = f"{block}:{hotkey}"
    if work in subnet.used_work:
        raise CallRefused("register_by_work: this proof has been used")
    if not 0 <= nonce <= MAX_NONCE:
        raise CallRefused(f"register_by_work: nonce {nonce} is outside 0..2^64-1")
    prefix = registration_prefix(netuid, bytes.fromhex(block_hash), hotkey, signer)
    if not meets(seal_of(prefix, nonce), subnet.difficulty):
        raise CallRefused(f"register_by_work: the proof misses difficulty {subnet.difficulty}")
    fresh = [
        one
        for one in subnet.used_work
        if int(one.partition(":")[0]) >= context.block - FRESH_BLOCKS
    ]
    return (
        replace(
            subnet,
            used_work=(*fresh, work),
            work_registrations=subnet.work_registrations + 1,
        ),
        *place_neuron(context, subnet, hotkey, signer, "register_by_work"),
    )


def place_neuron(
    context: Context, subnet: Subnet, hotkey: str, coldkey: str, call: str
) -> tuple[Neuron, ...]:
    """Return the newcomer, and all others without their bonds to the uid that changes hands."""
    neurons = context.state.neurons(subnet.netuid)
    uid = choose_uid(neurons, subnet, context.block)
    if uid is None:
        raise CallRefused(f"{call}: all {subnet.rules.max_uids} places are taken")
    others = [_forget(one, uid) for one in neurons if one.uid != uid and _knows(one, uid)]
    newcomer = Neuron(
        netuid=subnet.netuid,
        uid=uid,
        hotkey=hotkey,
        coldkey=coldkey,
        registered_block=context.block,
        last_update_block=context.block,
    )
    return (*others, newcomer)


def _new_hotkey(context: Context, netuid: int, hotkey: str, call: str) -> None:
    if not keys.is_address(hotkey):
        raise CallRefused(f"{call}: {hotkey!r} is no address")
    if context.state.neuron(netuid, hotkey):
        raise CallRefused(f"{call}: {hotkey} is registered on subnet {netuid}")


def _knows(neuron: Neuron, uid: int) -> bool:
    return any(bond[0] == uid for bond in neuron.bonds)


def _forget(neuron: Neuron, uid: int) -> Neuron:
    return replace(neuron, bonds=tuple(bond for bond in neuron.bonds if bond[0] != uid))

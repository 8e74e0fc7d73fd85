"""What a signed call may do: each reads the state and returns the values that it changes."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, replace

from miner.chain.economy import bump_burn
from miner.chain.extrinsic import Extrinsic
from miner.chain.pruning import choose_uid
from miner.chain.state import ChainState
from miner.chain.values import Axon, Neuron, Subnet, Value
from miner.keys import is_address
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


def execute(extrinsic: Extrinsic, context: Context) -> tuple[Value, ...]:
    """Return what the call changes, the sender's nonce aside; raise CallRefused."""
    call = CALLS.get(extrinsic.call)
    if call is None:
        raise CallRefused(f"no call {extrinsic.call!r}; there are {', '.join(sorted(CALLS))}")
    function, shape = call
    args = extrinsic.args
    if set(args) != set(shape):
        raise CallRefused(f"{extrinsic.call} takes exactly: {', '.join(shape) or 'nothing'}")
    for name, kind in shape.items():
        if type(args[name]) is not kind:
            raise CallRefused(f"{extrinsic.call}: {name} is not of type {kind.__name__}")
    return function(context, extrinsic.signer, **args)


def transfer(context: Context, signer: str, *, to: str, rao: int) -> tuple[Value, ...]:
    """Move rao from the signer to another account."""
    if not is_address(to) or to == signer:
        raise CallRefused(f"transfer: {to!r} is not another account's address")
    source = context.state.account(signer)
    _need(source.balance_rao, rao, "transfer")
    target = context.state.account(to)
    return (
        replace(source, balance_rao=source.balance_rao - rao),
        replace(target, balance_rao=target.balance_rao + rao),
    )


def claim_grant(context: Context, signer: str) -> tuple[Value, ...]:
    """Give an account its one grant out of the treasury, to register with."""
    account = context.state.account(signer)
    if account.granted or signer == context.treasury:
        raise CallRefused("claim_grant: this account has had its grant")
    treasury = context.state.account(context.treasury)
    _need(treasury.balance_rao, context.grant_rao, "claim_grant: the treasury")
    return (
        replace(treasury, balance_rao=treasury.balance_rao - context.grant_rao),
        replace(account, balance_rao=account.balance_rao + context.grant_rao, granted=True),
    )


def register(context: Context, signer: str, *, netuid: int, hotkey: str) -> tuple[Value, ...]:
    """Burn the price of a registration and give the hotkey a uid."""
    subnet = _subnet(context, netuid)
    if not is_address(hotkey):
        raise CallRefused(f"register: {hotkey!r} is no address")
    if context.state.neuron(netuid, hotkey):
        raise CallRefused(f"register: {hotkey} is registered on subnet {netuid}")
    payer = context.state.account(signer)
    _need(payer.balance_rao, subnet.burn_rao, "register")
    neurons = context.state.neurons(netuid)
    uid = choose_uid(neurons, subnet, context.block)
    if uid is None:
        raise CallRefused(f"register: all {subnet.rules.max_uids} places are taken")
    totals = context.state.totals
    rest = [_forget(neuron, uid) for neuron in neurons] if uid < len(neurons) else []
    newcomer = Neuron(
        netuid=netuid,
        uid=uid,
        hotkey=hotkey,
        coldkey=signer,
        registered_block=context.block,
        last_update_block=context.block,
    )
    bumped = bump_burn(subnet.burn_rao, subnet.rules.max_burn_rao)
    return (
        replace(payer, balance_rao=payer.balance_rao - subnet.burn_rao),
        replace(totals, issuance_rao=totals.issuance_rao - subnet.burn_rao),
        replace(subnet, burn_rao=bumped),
        *rest,
        newcomer,
    )


def add_stake(
    context: Context, signer: str, *, netuid: int, hotkey: str, rao: int
) -> tuple[Value, ...]:
    """Move rao from the signer's balance to a hotkey's stake."""
    _subnet(context, netuid)
    if not context.state.neuron(netuid, hotkey):
        raise CallRefused(f"add_stake: {hotkey} is not registered on subnet {netuid}")
    account = context.state.account(signer)
    _need(account.balance_rao, rao, "add_stake")
    stake = context.state.stake(netuid, hotkey)
    return (
        replace(account, balance_rao=account.balance_rao - rao),
        replace(stake, rao=stake.rao + rao),
    )


def serve_axon(
    context: Context, signer: str, *, netuid: int, ip: str, port: int
) -> tuple[Value, ...]:
    """Announce where the signer's neuron listens. Unlike the real chain, loopback may."""
    subnet = _subnet(context, netuid)
    neuron = _own_neuron(context, netuid, signer, "serve_axon")
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        raise CallRefused(f"serve_axon: {ip!r} is no IP address") from None
    if address.is_unspecified or address.is_multicast or not 0 < port <= U16_MAX:
        raise CallRefused(f"serve_axon: nobody can reach {ip} port {port}")
    limit = subnet.rules.serving_rate_limit
    if neuron.axon and context.block - neuron.axon.served_block < limit:
        raise CallRefused(f"serve_axon: at most once in {limit} blocks")
    return (replace(neuron, axon=Axon(ip=str(address), port=port, served_block=context.block)),)


def set_weights(
    context: Context,
    signer: str,
    *,
    netuid: int,
    uids: list[int],
    values: list[int],
) -> tuple[Value, ...]:
    """Say what each neuron's work is worth, as u16; needs a validator's permit."""
    subnet = _subnet(context, netuid)
    neuron = _own_neuron(context, netuid, signer, "set_weights")
    if not neuron.permit:
        raise CallRefused("set_weights: no validator permit; it comes with stake, at an epoch")
    limit = subnet.rules.weights_rate_limit
    if neuron.has_set_weights and context.block - neuron.last_update_block < limit:
        raise CallRefused(f"set_weights: at most once in {limit} blocks")
    row = _read_weights(uids, values, len(context.state.neurons(netuid)))
    return (replace(neuron, weights=row, last_update_block=context.block, has_set_weights=True),)


def _read_weights(uids: list[int], values: list[int], count: int) -> tuple[tuple[int, int], ...]:
    if not uids or len(uids) != len(values) or len(set(map(str, uids))) != len(uids):
        raise CallRefused("set_weights: uids and values are as many, and no uid comes twice")
    if any(type(uid) is not int or not 0 <= uid < count for uid in uids):
        raise CallRefused(f"set_weights: a uid is outside 0..{count - 1}")
    if any(type(value) is not int or not 0 <= value <= U16_MAX for value in values):
        raise CallRefused("set_weights: a value is outside 0..65535")
    largest = max(values)
    if not largest:
        raise CallRefused("set_weights: all values are 0")
    scaled = (value * U16_MAX // largest for value in values)
    return tuple(sorted((u, v) for u, v in zip(uids, scaled, strict=True) if v))


def _forget(neuron: Neuron, uid: int) -> Neuron:
    """Return a neuron without its bonds to a uid that changes hands."""
    return replace(neuron, bonds=tuple(bond for bond in neuron.bonds if bond[0] != uid))


def _subnet(context: Context, netuid: int) -> Subnet:
    subnet = context.state.subnet(netuid)
    if subnet is None:
        raise CallRefused(f"there is no subnet {netuid}")
    return subnet


def _own_neuron(context: Context, netuid: int, signer: str, call: str) -> Neuron:
    neuron = context.state.neuron(netuid, signer)
    if neuron is None:
        raise CallRefused(f"{call}: {signer} is not registered on subnet {netuid}")
    return neuron


def _need(balance_rao: int, rao: int, what: str) -> None:
    if rao <= 0:
        raise CallRefused(f"{what}: {rao} rao is not above 0")
    if balance_rao < rao:
        raise CallRefused(f"{what}: needs {rao} rao and has {balance_rao}")


CALLS: dict[str, tuple[Callable[..., tuple[Value, ...]], dict[str, type]]] = {
    "transfer": (transfer, {"to": str, "rao": int}),
    "claim_grant": (claim_grant, {}),
    "register": (register, {"netuid": int, "hotkey": str}),
    "add_stake": (add_stake, {"netuid": int, "hotkey": str, "rao": int}),
    "serve_axon": (serve_axon, {"netuid": int, "ip": str, "port": int}),
    "set_weights": (set_weights, {"netuid": int, "uids": list, "values": list}),
}

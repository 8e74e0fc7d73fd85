"""Stake: τ into a subnet's alpha and back, with one's own hotkey or with a validator's."""

from dataclasses import replace

from miner.chain.calls.context import U16_MAX, CallRefused, Context, need, neuron_of, subnet_of
from miner.chain.pool import buy_alpha, sell_alpha
from miner.chain.state import DEFAULT_TAKE_U16
from miner.chain.values import Delegate, Neuron, Value

TAKE_RAISE_BLOCKS = 216_000
"""A validator raises its take at most once in a month."""


def add_stake(
    context: Context, signer: str, *, netuid: int, hotkey: str, rao: int
) -> tuple[Value, ...]:
    """Buy alpha with rao of the signer's balance, and stake it with a hotkey."""
    subnet = subnet_of(context, netuid)
    neuron_of(context, netuid, hotkey, "add_stake")
    account = context.state.account(signer)
    need(account.balance_rao, rao, "add_stake")
    subnet, alpha = buy_alpha(subnet, rao)
    if not alpha:
        raise CallRefused(f"add_stake: {rao} rao buy no alpha")
    stake = context.state.stake(netuid, hotkey, signer)
    return (
        subnet,
        replace(account, balance_rao=account.balance_rao - rao),
        replace(stake, alpha_rao=stake.alpha_rao + alpha),
    )


def remove_stake(
    context: Context, signer: str, *, netuid: int, hotkey: str, alpha_rao: int
) -> tuple[Value, ...]:
    """Sell alpha that the signer has at stake, also with a hotkey that lost its place."""
    subnet = subnet_of(context, netuid)
    stake = context.state.stake(netuid, hotkey, signer)
    need(stake.alpha_rao, alpha_rao, "remove_stake")
    subnet, rao = sell_alpha(subnet, alpha_rao)
    account = context.state.account(signer)
    return (
        subnet,
        replace(account, balance_rao=account.balance_rao + rao),
        replace(stake, alpha_rao=stake.alpha_rao - alpha_rao),
    )


def set_take(context: Context, signer: str, *, hotkey: str, take_u16: int) -> tuple[Value, ...]:
    """Set what a validator keeps of its stakers' dividends; signed by who registered it."""
    if not 0 <= take_u16 <= DEFAULT_TAKE_U16:
        raise CallRefused(
            f"set_take: {take_u16} is outside 0..{DEFAULT_TAKE_U16} (18 % of {U16_MAX})"
        )
    if not any(one.coldkey == signer for one in _places(context, hotkey)):
        raise CallRefused(f"set_take: {signer} has registered {hotkey} nowhere")
    before = context.state.take_u16(hotkey)
    known = context.state.delegate(hotkey)
    raised = known.raised_block if known else None
    if take_u16 > before:
        if raised is not None and context.block - raised < TAKE_RAISE_BLOCKS:
            raise CallRefused(f"set_take: it rises at most once in {TAKE_RAISE_BLOCKS} blocks")
        raised = context.block
    return (Delegate(hotkey=hotkey, take_u16=take_u16, raised_block=raised),)


def _places(context: Context, hotkey: str) -> list[Neuron]:
    found = (context.state.neuron(subnet.netuid, hotkey) for subnet in context.state.subnets())
    return [one for one in found if one]

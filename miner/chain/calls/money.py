"""Balances: transfers, and the one grant that lets a new key begin."""

from dataclasses import replace

from miner import keys
from miner.chain.calls.context import CallRefused, Context, need
from miner.chain.values import Value


def transfer(context: Context, signer: str, *, to: str, rao: int) -> tuple[Value, ...]:
    """Move rao from the signer to another account."""
    if not keys.is_address(to) or to == signer:
        raise CallRefused(f"transfer: {to!r} is not another account's address")
    source = context.state.account(signer)
    need(source.balance_rao, rao, "transfer")
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
    need(treasury.balance_rao, context.grant_rao, "claim_grant: the treasury")
    return (
        replace(treasury, balance_rao=treasury.balance_rao - context.grant_rao),
        replace(account, balance_rao=account.balance_rao + context.grant_rao, granted=True),
    )

"""Proposals: a subnet's validators change its hyperparameters by vote, weighed by stake."""

from dataclasses import replace

from miner.chain.calls.context import CallRefused, Context, neuron_of, subnet_of
from miner.chain.calls.subnets import with_rule
from miner.chain.state import ChainState
from miner.chain.values import Proposal, Value

MAX_OPEN = 10


def propose(
    context: Context, signer: str, *, netuid: int, name: str, value: int
) -> tuple[Value, ...]:
    """Put a change of one hyperparameter to the vote; the proposer's own aye is in it."""
    subnet = subnet_of(context, netuid)
    _voter(context, netuid, signer, "propose")
    with_rule(subnet, name, value)
    proposals = context.state.proposals()
    waiting = sum(one.netuid == netuid and one.result is None for one in proposals)
    if waiting >= MAX_OPEN:
        raise CallRefused(f"propose: {MAX_OPEN} proposals are open on subnet {netuid}")
    return (
        Proposal(
            number=len(proposals) + 1,
            netuid=netuid,
            proposer=signer,
            name=name,
            value=value,
            made_block=context.block,
            ends_block=context.block + subnet.rules.voting_blocks,
            ayes=(signer,),
        ),
    )


def vote(context: Context, signer: str, *, number: int, aye: bool) -> tuple[Value, ...]:
    """Vote on an open proposal; a later vote replaces an earlier one."""
    proposal = context.state.proposal(number)
    if proposal is None or proposal.result is not None:
        raise CallRefused(f"vote: proposal {number} is not open")
    _voter(context, proposal.netuid, signer, "vote")
    ayes = tuple(one for one in proposal.ayes if one != signer)
    nays = tuple(one for one in proposal.nays if one != signer)
    if aye:
        return (replace(proposal, ayes=(*ayes, signer), nays=nays),)
    return (replace(proposal, ayes=ayes, nays=(*nays, signer)),)


def close_votes(state: ChainState, block: int) -> tuple[Value, ...]:
    """Return what proposals that end in this block change."""
    changes: list[Value] = []
    for proposal in state.proposals():
        if proposal.result is None and proposal.ends_block <= block:
            changes += _close(state, proposal)
            state.put(changes)
    return tuple(changes)


def _close(state: ChainState, proposal: Proposal) -> list[Value]:
    """Count: it passes with more than half of the stake of all who may vote."""
    netuid = proposal.netuid
    voters = {one.hotkey for one in state.neurons(netuid) if one.permit}
    held = {hotkey: state.alpha_with(netuid, hotkey) for hotkey in sorted(voters)}
    ayes = sum(held.get(hotkey, 0) for hotkey in proposal.ayes)
    nays = sum(held.get(hotkey, 0) for hotkey in proposal.nays)
    total = sum(held.values())
    counted = f"{ayes} for, {nays} against, of {total} alpha rao"
    subnet = state.subnet(netuid)
    if 2 * ayes <= total or subnet is None:
        return [replace(proposal, result=f"failed: {counted}")]
    try:
        changed = with_rule(subnet, proposal.name, proposal.value)
    except CallRefused as err:
        return [replace(proposal, result=f"failed: {err}")]
    return [replace(proposal, result=f"passed: {counted}"), changed]


def _voter(context: Context, netuid: int, signer: str, call: str) -> None:
    if not neuron_of(context, netuid, signer, call).permit:
        raise CallRefused(f"{call}: only validators with a permit vote")

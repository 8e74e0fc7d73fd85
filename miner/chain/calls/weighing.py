"""Weights: what each neuron's work is worth to a validator; open, or promised and revealed."""

from dataclasses import replace

from miner.chain.calls.context import U16_MAX, CallRefused, Context, neuron_of, subnet_of
from miner.chain.canonical import digest
from miner.chain.values import Commit, Neuron, Subnet, Value

MAX_COMMITS = 10
HASH_DIGITS = 64


def set_weights(
    context: Context, signer: str, *, netuid: int, uids: list[int], values: list[int]
) -> tuple[Value, ...]:
    """Say what each neuron's work is worth, as u16; needs a validator's permit."""
    subnet = subnet_of(context, netuid)
    neuron = _permitted(context, subnet, signer, "set_weights")
    if subnet.rules.commit_reveal:
        raise CallRefused("set_weights: this subnet takes weights by commit_weights only")
    _within_rate(context, subnet, neuron, "set_weights")
    row = read_weights(context, subnet, uids, values)
    return (replace(neuron, weights=row, last_update_block=context.block, has_set_weights=True),)


def commit_hash(signer: str, netuid: int, uids: list[int], values: list[int], salt: str) -> str:
    """Return what a validator commits to before it reveals these weights."""
    return digest(["solard-weights/1", signer, netuid, uids, values, salt])


def commit_weights(context: Context, signer: str, *, netuid: int, commit: str) -> tuple[Value, ...]:
    """Promise weights by their hash, so that nobody can copy them in time."""
    subnet = subnet_of(context, netuid)
    neuron = _permitted(context, subnet, signer, "commit_weights")
    if not subnet.rules.commit_reveal:
        raise CallRefused("commit_weights: this subnet takes weights by set_weights only")
    _within_rate(context, subnet, neuron, "commit_weights")
    if len(commit) != HASH_DIGITS or set(commit) - set("0123456789abcdef"):
        raise CallRefused(f"commit_weights: the commit is not {HASH_DIGITS} hex digits")
    live = live_commits(neuron, subnet)
    if len(live) >= MAX_COMMITS:
        raise CallRefused(f"commit_weights: {MAX_COMMITS} commits wait to be revealed")
    fresh = Commit(hash=commit, epoch=subnet.epochs, block=context.block)
    return (
        replace(
            neuron,
            commits=(*live, fresh),
            last_update_block=context.block,
            has_set_weights=True,
        ),
    )


def reveal_weights(
    context: Context,
    signer: str,
    *,
    netuid: int,
    uids: list[int],
    values: list[int],
    salt: str,
) -> tuple[Value, ...]:
    """Show weights that were committed, in the epoch in which they are due."""
    subnet = subnet_of(context, netuid)
    neuron = _permitted(context, subnet, signer, "reveal_weights")
    row = read_weights(context, subnet, uids, values)
    name = commit_hash(signer, netuid, uids, values, salt)
    place = next((i for i, one in enumerate(neuron.commits) if one.hash == name), None)
    if place is None:
        raise CallRefused("reveal_weights: nothing of this hash was committed")
    due = neuron.commits[place].epoch + subnet.rules.reveal_epochs
    if subnet.epochs != due:
        when = "not yet" if subnet.epochs < due else "no longer"
        raise CallRefused(f"reveal_weights: {when}; it is due in epoch {due}, now {subnet.epochs}")
    # Older commits that were skipped can no longer be revealed, as on the chain.
    return (
        replace(
            neuron,
            weights=row,
            commits=neuron.commits[place + 1 :],
            last_update_block=context.block,
            has_set_weights=True,
        ),
    )


def live_commits(neuron: Neuron, subnet: Subnet) -> tuple[Commit, ...]:
    """Return commits that can still be revealed."""
    return tuple(
        one for one in neuron.commits if subnet.epochs <= one.epoch + subnet.rules.reveal_epochs
    )


def read_weights(
    context: Context, subnet: Subnet, uids: list[int], values: list[int]
) -> tuple[tuple[int, int], ...]:
    """Return weights by uid, the largest scaled to 65535; refuse those that mean nothing."""
    count = len(context.state.neurons(subnet.netuid))
    if not uids or len(uids) != len(values) or len(set(map(str, uids))) != len(uids):
        raise CallRefused("set_weights: uids and values are as many, and no uid comes twice")
    if any(type(uid) is not int or not 0 <= uid < count for uid in uids):
        raise CallRefused(f"set_weights: a uid is outside 0..{count - 1}")
    if any(type(value) is not int or not 0 <= value <= U16_MAX for value in values):
        raise CallRefused("set_weights: a value is outside 0..65535")
    least = min(subnet.rules.min_allowed_weights, count)
    if len(uids) < least:
        raise CallRefused(f"set_weights: {len(uids)} weights where at least {least} are needed")
    largest = max(values)
    if not largest:
        raise CallRefused("set_weights: all values are 0")
    scaled = (value * U16_MAX // largest for value in values)
    return tuple(sorted((u, v) for u, v in zip(uids, scaled, strict=True) if v))


def _permitted(context: Context, subnet: Subnet, signer: str, call: str) -> Neuron:
    neuron = neuron_of(context, subnet.netuid, signer, call)
    if not neuron.permit:
        raise CallRefused(f"{call}: no validator permit; it comes with stake, at an epoch")
    return neuron


def _within_rate(context: Context, subnet: Subnet, neuron: Neuron, call: str) -> None:
    limit = subnet.rules.weights_rate_limit
    if neuron.has_set_weights and context.block - neuron.last_update_block < limit:
        raise CallRefused(f"{call}: at most once in {limit} blocks")

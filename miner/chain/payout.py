"""An epoch of a subnet: consensus over its weights, and who is paid what."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from miner.chain.calls.weighing import live_commits
from miner.chain.dividends import Credit, credit_miner, share_dividends
from miner.chain.economy import share_out, split_emission
from miner.chain.fixed import multiply, to_u16
from miner.chain.pool import inject, worth_alpha
from miner.chain.state import ChainState
from miner.chain.values import Account, Neuron, Stake, Subnet, Value
from miner.chain.yuma.bonds import LiquidAlpha
from miner.chain.yuma.entries import entries_of
from miner.chain.yuma.epoch import YumaInput, YumaParameters, YumaResult, run_epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """What one key was paid in one block for one role."""

    netuid: int
    hotkey: str
    role: str
    """`owner`, `miner`, `validator`, or `staker` with a validator: then the key is a coldkey."""
    rao: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """The outcome of an epoch."""

    changes: tuple[Value, ...]
    rewards: tuple[Reward, ...]
    recycled_rao: int
    """What was not earned and leaves the issuance."""


def is_epoch(subnet: Subnet, block: int) -> bool:
    """Tell whether a subnet's epoch falls into a block; subnets take turns, as on the chain."""
    return (block + subnet.netuid + 1) % (subnet.rules.tempo + 1) == 0


def pay_epoch(state: ChainState, subnet: Subnet, block: int) -> Payout:
    """Return who gets a subnet's pending emission, and the neurons' new standing.

    What nobody earned is recycled, not paid: the whole of an epoch without any weights (the real
    chain pays validators by stake then), and the part of the miners' 41 % that validators voted to
    the owner's hotkey.
    """
    neurons = state.neurons(subnet.netuid)
    result = run_epoch(_gather(state, subnet, neurons, block), _parameters(subnet, neurons))
    owner_uid = _owner_uid(subnet, neurons)
    miners = [0] * len(neurons)
    validators = [0] * len(neurons)
    owner_rao = 0
    owner_pool, miner_pool, validator_pool = split_emission(subnet.pending_rao)
    if any(result.incentive):
        owner_rao = owner_pool
        miners = share_out(miner_pool, result.incentive)
        validators = share_out(validator_pool, result.dividends)
    if owner_uid is not None:
        miners[owner_uid] = 0

    paid = [miner + validator for miner, validator in zip(miners, validators, strict=True)]
    recycled = subnet.pending_rao - owner_rao - sum(paid)
    credits = [
        *(credit_miner(one, rao) for one, rao in zip(neurons, miners, strict=True) if rao),
        *(
            credit
            for one, rao in zip(neurons, validators, strict=True)
            for credit in share_dividends(state, one, rao)
        ),
    ]
    return Payout(
        changes=(
            replace(
                inject(subnet, sum(paid)),
                pending_rao=0,
                last_epoch_block=block,
                epochs=subnet.epochs + 1,
                owner_rao=subnet.owner_rao + owner_pool,
                miners_rao=subnet.miners_rao + miner_pool,
                validators_rao=subnet.validators_rao + validator_pool,
                recycled_rao=subnet.recycled_rao + recycled,
            ),
            *_standings(neurons, result, paid, miner_pool + validator_pool),
            *_stakes(state, subnet, credits),
            _with_balance(state, subnet.owner, owner_rao),
        ),
        rewards=_rewards(subnet, credits, owner_rao),
        recycled_rao=recycled,
    )


def _gather(
    state: ChainState, subnet: Subnet, neurons: tuple[Neuron, ...], block: int
) -> YumaInput:
    return YumaInput(
        block=block,
        last_tempo=subnet.last_epoch_block + 1,
        stake=tuple(state.alpha_with(subnet.netuid, one.hotkey) for one in neurons),
        permits=tuple(one.permit for one in neurons),
        last_update=tuple(one.last_update_block for one in neurons),
        registered=tuple(one.registered_block for one in neurons),
        weights=entries_of([one.weights for one in neurons]),
        bonds=entries_of([one.bonds for one in neurons]),
        commit_blocks=[_commit_block(one, subnet) for one in neurons]
        if subnet.rules.commit_reveal
        else None,
    )


def _commit_block(neuron: Neuron, subnet: Subnet) -> int | None:
    return min((one.block for one in live_commits(neuron, subnet)), default=None)


def _parameters(subnet: Subnet, neurons: tuple[Neuron, ...]) -> YumaParameters:
    rules = subnet.rules
    return YumaParameters(
        kappa_u16=rules.kappa_u16,
        bonds_moving_average=rules.bonds_moving_average,
        bonds_penalty_u16=rules.bonds_penalty_u16,
        yuma3=rules.yuma3,
        liquid=LiquidAlpha(
            low_u16=rules.alpha_low_u16,
            high_u16=rules.alpha_high_u16,
            steepness=rules.alpha_steepness,
        )
        if rules.liquid_alpha
        else None,
        stake_threshold_rao=rules.stake_threshold_rao,
        max_validators=rules.max_validators,
        activity_cutoff=rules.activity_cutoff,
        owner_uid=_owner_uid(subnet, neurons),
    )


def _owner_uid(subnet: Subnet, neurons: tuple[Neuron, ...]) -> int | None:
    return next((one.uid for one in neurons if one.hotkey == subnet.owner_hotkey), None)


def _rewards(subnet: Subnet, credits: Sequence[Credit], owner_rao: int) -> tuple[Reward, ...]:
    sums: dict[tuple[str, str], int] = {(subnet.owner, "owner"): owner_rao}
    for one in credits:
        name = (one.earner, one.role)
        sums[name] = sums.get(name, 0) + one.rao
    return tuple(
        Reward(netuid=subnet.netuid, hotkey=hotkey, role=role, rao=rao)
        for (hotkey, role), rao in sums.items()
        if rao
    )


def _standings(
    neurons: tuple[Neuron, ...], result: YumaResult, paid: list[int], shared_rao: int
) -> tuple[Neuron, ...]:
    bonds = result.bonds.pairs()
    return tuple(
        replace(
            one,
            bonds=tuple(bonds[one.uid]),
            permit=result.new_permits[one.uid],
            incentive_u16=to_u16(result.incentive[one.uid]),
            dividends_u16=to_u16(result.dividends[one.uid]),
            consensus_u16=to_u16(result.consensus[one.uid]),
            trust_u16=to_u16(result.trust[one.uid]),
            validator_trust_u16=to_u16(result.validator_trust[one.uid]),
            standing_rao=multiply(result.combined_share[one.uid], shared_rao),
            emission_rao=paid[one.uid],
        )
        for one in neurons
    )


def _stakes(state: ChainState, subnet: Subnet, credits: Sequence[Credit]) -> tuple[Stake, ...]:
    """Return the stakes that grow: pay is alpha, as much as the τ is worth in the pool."""
    grown: dict[str, Stake] = {}
    for one in credits:
        stake = state.stake(subnet.netuid, one.hotkey, one.coldkey)
        stake = grown.get(stake.key, stake)
        alpha = stake.alpha_rao + worth_alpha(subnet, one.rao)
        grown[stake.key] = replace(stake, alpha_rao=alpha)
    return tuple(grown.values())


def _with_balance(state: ChainState, ss58: str, rao: int) -> Account:
    account = state.account(ss58)
    return replace(account, balance_rao=account.balance_rao + rao)

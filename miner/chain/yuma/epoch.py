"""Yuma consensus: one epoch of a subnet, bit for bit as the chain computes it.

Follows `epoch_mechanism` of subtensor (spec 425): I32F32 throughout, stake normalised in I64F64.
Weights and bonds come and go as sparse entries; only validators' rows become matrices.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from miner.chain.fixed import ONE, from_u16
from miner.chain.yuma.bonds import (
    BondRows,
    LiquidAlpha,
    NewBonds,
    classic_bonds,
    weights_for_bonds,
    yuma3_bonds,
)
from miner.chain.yuma.entries import Entries
from miner.chain.yuma.wide import Bits, normalized, product, quotient

_VOTER_BITS = np.uint64(16)
_VOTER = np.uint64(0xFFFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class YumaParameters:
    """What a subnet's owner may set about its consensus."""

    kappa_u16: int = 32767
    """Share of stake that has to support a weight."""
    bonds_moving_average: int = 900_000
    """Part per million of the old bonds that an epoch keeps."""
    bonds_penalty_u16: int = 65535
    """How much of the clipped-off weight earns no bonds."""
    yuma3: bool = False
    liquid: LiquidAlpha | None = None
    """Acts only with Yuma3."""
    max_validators: int = 64
    stake_threshold_rao: int = 0
    """Stake below it counts as none; the owner's always counts."""
    activity_cutoff: int = 5000
    """Blocks without new weights after which a validator's stake is silent."""
    owner_uid: int | None = None
    nonzero_permits: bool = True
    """Whether a permit needs stake; runtime 143 gave them to anyone in the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YumaInput:
    """The state of a subnet as an epoch finds it; index is the uid."""

    block: int
    last_tempo: int
    """Bonds on neurons that registered at or after this block are dropped."""
    stake: Sequence[int]
    """Rao."""
    permits: Sequence[bool]
    """As of the previous epoch."""
    last_update: Sequence[int]
    registered: Sequence[int]
    weights: Entries
    bonds: Entries
    """As the previous epoch stored them."""
    commit_blocks: Sequence[int | None] | None = None
    """Commit-reveal: block of each validator's earliest live commit; None where it is off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YumaResult:
    """What an epoch decides; ratios are I32F32 bits."""

    active: list[bool]
    stake: list[int]
    active_stake: list[int]
    consensus: list[int]
    rank: list[int]
    """Normalised in place on the chain, so it equals the incentive."""
    trust: list[int]
    incentive: list[int]
    dividends: list[int]
    validator_trust: list[int]
    server_share: list[int]
    """Each one's part of the whole emission for serving."""
    validator_share: list[int]
    combined_share: list[int]
    new_permits: list[bool]
    bonds: Entries
    """To store."""


def run_epoch(given: YumaInput, parameters: YumaParameters) -> YumaResult:
    """Return the outcome of one epoch."""
    active = np.asarray(given.last_update, np.int64) + parameters.activity_cutoff >= given.block
    stake = _normalize_stake(given.stake, parameters)
    permits = _with_owner(np.asarray(given.permits, bool), parameters)
    new_permits = _with_owner(_top_stake(stake, parameters), parameters)
    active_stake = normalized(np.where(active & permits, stake, np.uint64(0)))

    rows = _rows_that_count(given, permits, active_stake)
    voting = active_stake[rows]
    raw, named = _effective_weights(given, rows, permits, parameters)
    weights = quotient(raw, raw.sum(axis=1, dtype=np.uint64)[:, None])
    consensus = _consensus(voting, weights, from_u16(parameters.kappa_u16))
    clipped = np.minimum(weights, consensus)

    prerank = product(weights, voting[:, None]).sum(axis=0, dtype=np.uint64)
    rank = product(clipped, voting[:, None]).sum(axis=0, dtype=np.uint64)
    incentive = normalized(rank)
    for_bonds, named = weights_for_bonds(weights, clipped, named, parameters.bonds_penalty_u16)
    bonds = _bonds(
        BondRows(
            weights=for_bonds,
            has_weight=named,
            old_u16=_old_bonds(given, rows),
            consensus=consensus,
            active_stake=voting,
            incentive=incentive,
        ),
        parameters,
    )
    dividends = _spread(bonds.dividends, rows, len(stake))

    server, validator, combined = _shares(incentive, dividends, active_stake, stake)
    return YumaResult(
        active=active.tolist(),
        stake=stake.tolist(),
        active_stake=active_stake.tolist(),
        consensus=consensus.tolist(),
        rank=incentive.tolist(),
        trust=quotient(rank, prerank).tolist(),
        incentive=incentive.tolist(),
        dividends=dividends.tolist(),
        validator_trust=_spread(clipped.sum(axis=1, dtype=np.uint64), rows, len(stake)).tolist(),
        server_share=server.tolist(),
        validator_share=validator.tolist(),
        combined_share=combined.tolist(),
        new_permits=new_permits.tolist(),
        bonds=_stored(bonds, rows, new_permits),
    )


def _normalize_stake(stake: Sequence[int], parameters: YumaParameters) -> Bits:
    # Rao sums pass 64 bits with their fraction, hence Python's integers.
    least, owner = parameters.stake_threshold_rao, parameters.owner_uid
    counted = [rao if rao >= least or uid == owner else 0 for uid, rao in enumerate(stake)]
    total = sum(counted) or 1
    return np.array([(rao << 32) // total for rao in counted], np.uint64)


def _with_owner(permits: NDArray[np.bool_], parameters: YumaParameters) -> NDArray[np.bool_]:
    owner = parameters.owner_uid
    if owner is not None and owner < len(permits):
        permits[owner] = True
    return permits


def _top_stake(stake: Bits, parameters: YumaParameters) -> NDArray[np.bool_]:
    # The chain sorts ascending and stably, and takes the end: ties favour the higher uid.
    order = np.argsort(stake, kind="stable")
    chosen = np.zeros(len(stake), bool)
    chosen[order[max(0, len(order) - parameters.max_validators) :]] = True
    return chosen & (stake > 0) if parameters.nonzero_permits else chosen


def _rows_that_count(
    given: YumaInput, permits: NDArray[np.bool_], active_stake: Bits
) -> NDArray[np.intp]:
    """Return uids of those who vote, weigh or hold bonds: few beside all neurons."""
    weighs = given.weights.holders() & permits
    return np.nonzero((active_stake > 0) | weighs | given.bonds.holders())[0]


def _effective_weights(
    given: YumaInput,
    rows: NDArray[np.intp],
    permits: NDArray[np.bool_],
    parameters: YumaParameters,
) -> tuple[Bits, NDArray[np.bool_]]:
    """Return raw weights that count, and where one was named: no outsiders, selves, newcomers."""
    raw, named = given.weights.dense(rows)
    registered = np.asarray(given.registered, np.int64)
    last_update = np.asarray(given.last_update, np.int64)[rows]
    counts = named & permits[rows][:, None] & (last_update[:, None] > registered)
    own = rows != (-1 if parameters.owner_uid is None else parameters.owner_uid)
    counts[np.nonzero(own)[0], rows[own]] = False
    if given.commit_blocks is not None:
        commits = np.array([_commit_block(given.commit_blocks[uid]) for uid in rows], np.int64)
        counts &= commits[:, None] >= registered
    raw[~counts] = 0
    return raw, counts


def _commit_block(block: int | None) -> int:
    return np.iinfo(np.int64).max if block is None else block


def _consensus(stake: Bits, weights: Bits, kappa: int) -> Bits:
    """Return the highest weight of each uid that `kappa` of the stake supports."""
    votes = normalized(stake[stake > 0])
    scores = weights[stake > 0]
    if not len(votes):
        return np.zeros(weights.shape[1], np.uint64)
    # One key holds score and voter, so that a plain sort orders both.
    keys = (scores.T << _VOTER_BITS) | np.arange(len(votes), dtype=np.uint64)
    keys.sort(axis=1)
    below = np.cumsum(votes[keys & _VOTER], axis=1, dtype=np.uint64).astype(np.int64)
    reached = below > int(votes.sum()) - kappa
    # Where nobody is beyond the minority (a kappa of 0) the last one decides.
    first = np.where(reached[:, -1], reached.argmax(axis=1), len(votes) - 1)
    chosen: Bits = keys[np.arange(len(keys)), first] >> _VOTER_BITS
    return chosen


def _old_bonds(given: YumaInput, rows: NDArray[np.intp]) -> Bits:
    bonds, _ = given.bonds.dense(rows)
    bonds[:, given.last_tempo <= np.asarray(given.registered, np.int64)] = 0
    return bonds


def _bonds(rows: BondRows, parameters: YumaParameters) -> NewBonds:
    alpha = ONE - (parameters.bonds_moving_average << 32) // 1_000_000
    if parameters.yuma3:
        return yuma3_bonds(rows, alpha, parameters.liquid)
    return classic_bonds(rows, alpha)


def _spread(values: Bits, rows: NDArray[np.intp], count: int) -> Bits:
    spread = np.zeros(count, np.uint64)
    spread[rows] = values
    return spread


def _stored(bonds: NewBonds, rows: NDArray[np.intp], new_permits: NDArray[np.bool_]) -> Entries:
    # Who loses the permit loses the bonds.
    place, uids = np.nonzero(bonds.is_stored & new_permits[rows][:, None])
    return Entries(
        count=len(new_permits),
        rows=rows[place],
        uids=uids,
        values=bonds.stored_u16[place, uids],
    )


def _shares(
    incentive: Bits, dividends: Bits, active_stake: Bits, stake: Bits
) -> tuple[Bits, Bits, Bits]:
    combined = incentive + dividends
    total = combined.sum(dtype=np.uint64)
    if not total:
        # Nobody was weighed: the chain then pays validators by stake.
        fallback = active_stake if active_stake.any() else stake
        return np.zeros_like(stake), fallback, fallback
    return quotient(incentive, total), quotient(dividends, total), quotient(combined, total)

"""Yuma consensus: one epoch of a subnet, bit for bit as the chain computes it (classic bonds).

Follows `epoch_mechanism` of subtensor: I32F32 throughout, stake normalised in I64F64. Rows are
sparse, `{uid: bits}`; an entry that is absent is not the same as a zero entry everywhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from miner.chain.fixed import ONE, divide, from_u16, multiply, normalize, to_u16

Row = dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class YumaParameters:
    """What a subnet's owner may set about its consensus."""

    kappa_u16: int = 32767
    """Share of stake that has to support a weight."""
    bonds_moving_average: int = 900_000
    """Part per million of the old bonds that an epoch keeps."""
    bonds_penalty_u16: int = 65535
    """How much of the clipped-off weight earns no bonds."""
    max_validators: int = 64
    activity_cutoff: int = 5000
    """Blocks without new weights after which a validator's stake is silent."""
    owner_uid: int | None = None
    nonzero_permits: bool = True
    """Whether a permit needs stake (since spec 2xx); runtime 143 gave them to anyone in the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YumaInput:
    """The state of a subnet as an epoch finds it; index is the uid."""

    block: int
    last_tempo: int
    """Bonds on neurons that registered at or after this block are dropped."""
    stake: tuple[int, ...]
    permits: tuple[bool, ...]
    """As of the previous epoch."""
    last_update: tuple[int, ...]
    registered: tuple[int, ...]
    weights: tuple[dict[int, int], ...]
    """u16 by uid."""
    bonds: tuple[dict[int, int], ...]
    """u16 by uid, as the previous epoch stored them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YumaResult:
    """What an epoch decides; ratios are I32F32 bits."""

    active: tuple[bool, ...]
    stake: tuple[int, ...]
    active_stake: tuple[int, ...]
    consensus: tuple[int, ...]
    rank: tuple[int, ...]
    """Normalised in place on the chain, so it equals the incentive."""
    trust: tuple[int, ...]
    incentive: tuple[int, ...]
    dividends: tuple[int, ...]
    validator_trust: tuple[int, ...]
    server_share: tuple[int, ...]
    """Each one's part of the whole emission for serving."""
    validator_share: tuple[int, ...]
    combined_share: tuple[int, ...]
    new_permits: tuple[bool, ...]
    bonds: tuple[dict[int, int], ...]
    """u16 by uid, column max-upscaled."""


def run_epoch(given: YumaInput, parameters: YumaParameters) -> YumaResult:
    """Return the outcome of one epoch."""
    active = _active(given, parameters.activity_cutoff)
    stake = _normalize_stake(given.stake)
    permits = _with_owner(given.permits, parameters.owner_uid)
    new_permits = _with_owner(_top_stake(stake, parameters), parameters.owner_uid)
    active_stake = normalize(
        [s if on and may else 0 for s, on, may in zip(stake, active, permits, strict=True)]
    )

    weights = _effective_weights(given, permits, parameters.owner_uid)
    kappa = from_u16(parameters.kappa_u16)
    consensus = _consensus(active_stake, weights, kappa)
    clipped = [{j: min(w, consensus[j]) for j, w in row.items()} for row in weights]

    prerank = _by_column(weights, active_stake)
    rank = _by_column(clipped, active_stake)
    incentive = normalize(rank)
    bonds = _bonds(given, weights, clipped, active_stake, parameters)
    dividends = normalize([sum(multiply(b, incentive[j]) for j, b in row.items()) for row in bonds])

    server, validator, combined = _shares(incentive, dividends, active_stake, stake)
    return YumaResult(
        active=tuple(active),
        stake=tuple(stake),
        active_stake=tuple(active_stake),
        consensus=tuple(consensus),
        rank=tuple(incentive),
        trust=tuple(map(divide, rank, prerank)),
        incentive=tuple(incentive),
        dividends=tuple(dividends),
        validator_trust=tuple(sum(row.values()) for row in clipped),
        server_share=tuple(server),
        validator_share=tuple(validator),
        combined_share=tuple(combined),
        new_permits=tuple(new_permits),
        bonds=_store(bonds, new_permits),
    )


def _active(given: YumaInput, cutoff: int) -> list[bool]:
    return [updated + cutoff >= given.block for updated in given.last_update]


def _normalize_stake(stake: Sequence[int]) -> list[int]:
    total = sum(stake)
    return [((s << 64) // total) >> 32 if total else 0 for s in stake]


def _with_owner(permits: Sequence[bool], owner_uid: int | None) -> list[bool]:
    return [may or uid == owner_uid for uid, may in enumerate(permits)]


def _top_stake(stake: Sequence[int], parameters: YumaParameters) -> list[bool]:
    # The chain sorts ascending and stably, and takes the end: ties favour the higher uid.
    order = sorted(range(len(stake)), key=lambda uid: stake[uid])
    chosen = set(order[max(0, len(order) - parameters.max_validators) :])
    return [
        uid in chosen and (s > 0 or not parameters.nonzero_permits) for uid, s in enumerate(stake)
    ]


def _effective_weights(
    given: YumaInput, permits: Sequence[bool], owner_uid: int | None
) -> list[Row]:
    def counts(i: int, j: int) -> bool:
        return (i != j or i == owner_uid) and given.last_update[i] > given.registered[j]

    rows = []
    for i, row in enumerate(given.weights):
        kept = {j: w for j, w in row.items() if permits[i] and counts(i, j)}
        total = sum(kept.values())
        rows.append({j: divide(w, total) for j, w in kept.items()})
    return rows


def _consensus(stake: Sequence[int], weights: Sequence[Row], kappa: int) -> list[int]:
    voters = [i for i, s in enumerate(stake) if s > 0]
    votes = normalize([stake[i] for i in voters])
    minority = sum(votes) - kappa
    return [
        _weighted_median([weights[i].get(j, 0) for i in voters], votes, minority)
        for j in range(len(stake))
    ]


def _weighted_median(scores: Sequence[int], votes: Sequence[int], minority: int) -> int:
    """Return the highest score that more than `minority` of the votes do not exceed."""
    ranked = sorted(zip(scores, votes, strict=True))
    below = 0
    for score, vote in ranked:
        below += vote
        if minority < below:
            return score
    return ranked[-1][0] if ranked else 0


def _by_column(rows: Sequence[Row], factor: Sequence[int]) -> list[int]:
    sums = [0] * len(rows)
    for i, row in enumerate(rows):
        for j, value in row.items():
            sums[j] += multiply(factor[i], value)
    return sums


def _bonds(
    given: YumaInput,
    weights: Sequence[Row],
    clipped: Sequence[Row],
    active_stake: Sequence[int],
    parameters: YumaParameters,
) -> list[Row]:
    old = [
        {j: b for j, b in row.items() if given.last_tempo > given.registered[j]}
        for row in given.bonds
    ]
    penalty = from_u16(parameters.bonds_penalty_u16)
    for_bonds = [
        {j: w - multiply(penalty, w - cut[j]) for j, w in row.items()}
        for row, cut in zip(weights, clipped, strict=True)
    ]
    bought = [
        {j: multiply(active_stake[i], w) for j, w in row.items()} for i, row in enumerate(for_bonds)
    ]
    alpha = ONE - (parameters.bonds_moving_average << 32) // 1_000_000
    return _divide_columns(
        _blend(_divide_columns(bought, sum), _divide_columns(old, sum), alpha), sum
    )


def _blend(new: Sequence[Row], old: Sequence[Row], alpha: int) -> list[Row]:
    return [
        {
            j: multiply(alpha, fresh.get(j, 0)) + multiply(ONE - alpha, kept.get(j, 0))
            for j in sorted(fresh.keys() | kept.keys())
        }
        for fresh, kept in zip(new, old, strict=True)
    ]


def _divide_columns(rows: Sequence[Row], by: Callable[[list[int]], int]) -> list[Row]:
    columns: dict[int, list[int]] = {}
    for row in rows:
        for j, value in row.items():
            columns.setdefault(j, []).append(value)
    divisor = {j: by(values) for j, values in columns.items()}
    return [{j: divide(value, divisor[j]) for j, value in row.items()} for row in rows]


def _store(bonds: Sequence[Row], new_permits: Sequence[bool]) -> tuple[dict[int, int], ...]:
    # Who loses the permit loses the bonds.
    return tuple(
        {j: stored for j, b in row.items() if may and (stored := to_u16(b))}
        for row, may in zip(_divide_columns(bonds, max), new_permits, strict=True)
    )


def _shares(
    incentive: Sequence[int],
    dividends: Sequence[int],
    active_stake: Sequence[int],
    stake: Sequence[int],
) -> tuple[list[int], list[int], list[int]]:
    combined = [i + d for i, d in zip(incentive, dividends, strict=True)]
    total = sum(combined)
    if not total:
        # Nobody was weighed: the chain then pays validators by stake.
        fallback = list(active_stake if any(active_stake) else stake)
        return [0] * len(fallback), fallback, fallback
    return (
        [divide(i, total) for i in incentive],
        [divide(d, total) for d in dividends],
        [divide(c, total) for c in combined],
    )

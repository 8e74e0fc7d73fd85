"""Yuma a second time, slowly: one integer after the other, rows as sparse as the chain keeps them.

Shares nothing with the arrays of miner.chain.yuma, so that a mistake there shows.
"""

from typing import Any

ONE = 1 << 32


def mul(a: int, b: int) -> int:
    return (a * b) >> 32


def div(a: int, b: int) -> int:
    return (a << 32) // b if b else 0


def shares(values: list[int]) -> list[int]:
    total = sum(values)
    return [div(value, total) for value in values]


def by_columns(rows: list[dict[int, int]], how: Any) -> list[dict[int, int]]:
    columns: dict[int, list[int]] = {}
    for row in rows:
        for j, value in row.items():
            columns.setdefault(j, []).append(value)
    return [{j: div(value, how(columns[j])) for j, value in row.items()} for row in rows]


def exp(x: int) -> int:
    size = min(abs(x), 20 << 32)
    if x in {0, ONE}:
        return ONE if x == 0 else 22802600 << 9
    result, term = size + ONE, size
    for place in range(2, 32):
        term = ((term * size) >> 32) // place
        result += term
    return (1 << 64) // result if x < 0 else result


def median(scores: list[int], votes: list[int], minority: int) -> int:
    """Partition around the middle element, as the chain does."""

    def search(places: list[int], low: int, high: int) -> int:
        if len(places) == 1:
            return scores[places[0]]
        pivot = scores[places[len(places) // 2]]
        lower = [one for one in places if scores[one] < pivot]
        upper = [one for one in places if scores[one] > pivot]
        lows, highs = sum(votes[one] for one in lower), sum(votes[one] for one in upper)
        if low + lows <= minority < high - highs:
            return pivot
        if minority < low + lows and lower:
            return search(lower, low, low + lows)
        if high - highs <= minority and upper:
            return search(upper, high - highs, high)
        return pivot

    return search(list(range(len(scores))), 0, sum(votes)) if scores else 0


def slow_epoch(g: dict[str, Any], p: dict[str, Any]) -> dict[str, Any]:
    n, owner = len(g["stake"]), p["owner_uid"]
    active = [one + p["activity_cutoff"] >= g["block"] for one in g["last_update"]]
    counted = [
        s if s >= p["stake_threshold_rao"] or uid == owner else 0
        for uid, s in enumerate(g["stake"])
    ]
    total = sum(counted)
    stake = [((s << 64) // total) >> 32 if total else 0 for s in counted]
    permits = [one or uid == owner for uid, one in enumerate(g["permits"])]
    order = sorted(range(n), key=lambda uid: stake[uid])
    top = set(order[max(0, n - p["max_validators"]) :])
    new_permits = [(uid in top and stake[uid] > 0) or uid == owner for uid in range(n)]
    voting = shares([s if active[i] and permits[i] else 0 for i, s in enumerate(stake)])

    weights = []
    for i, row in enumerate(g["weights"]):
        commit = g["commit_blocks"][i]
        kept = {
            j: w
            for j, w in row
            if permits[i]
            and (i != j or i == owner)
            and g["last_update"][i] > g["registered"][j]
            and (commit is None or commit >= g["registered"][j])
        }
        weights.append({j: div(w, sum(kept.values())) for j, w in kept.items()})

    kappa = (p["kappa_u16"] << 32) // 65535
    voters = [i for i in range(n) if voting[i] > 0]
    votes = shares([voting[i] for i in voters])
    consensus = [
        median([weights[i].get(j, 0) for i in voters], votes, sum(votes) - kappa) for j in range(n)
    ]
    clipped = [
        {
            j: min(w, consensus[j])
            for j, w in row.items()
            if not (consensus[j] < w and consensus[j] == 0)
        }
        for row in weights
    ]
    ranks = [sum(mul(voting[i], clipped[i].get(j, 0)) for i in range(n)) for j in range(n)]
    incentive = shares(ranks)

    penalty = (p["bonds_penalty_u16"] << 32) // 65535
    bought = []
    for row, cut in zip(weights, clipped, strict=True):
        left = {j: w + ((penalty * (cut.get(j, 0) - w)) >> 32) for j, w in row.items()}
        left = {j: w for j, w in left.items() if w > 0}
        bought.append({0: row, ONE: cut}.get(penalty, left))
    old = [{j: b for j, b in row if g["last_tempo"] > g["registered"][j]} for row in g["bonds"]]
    alpha = ONE - (p["bonds_moving_average"] << 32) // 1_000_000

    def blend(new: list[dict[int, int]], before: list[dict[int, int]]) -> list[dict[int, int]]:
        mixed = [
            {
                j: mul(alpha, a.get(j, 0)) + mul(ONE - alpha, b.get(j, 0))
                for j in sorted(a.keys() | b.keys())
            }
            for a, b in zip(new, before, strict=True)
        ]
        return [{j: value for j, value in row.items() if value > 0} for row in mixed]

    if p["yuma3"]:
        before = [{j: (b << 32) // 65535 for j, b in row.items()} for row in old]
        if p["liquid"] and any(consensus):
            bonds = [follow(a, b, consensus, p) for a, b in zip(bought, before, strict=True)]
        else:
            bonds = blend(bought, before)
        held = [sum(mul(b, incentive[j]) for j, b in row.items()) for row in by_columns(bonds, sum)]
        dividends = shares([mul(one, s) for one, s in zip(held, voting, strict=True)])
        stored = bonds
    else:
        fresh = [{j: mul(w, voting[i]) for j, w in row.items()} for i, row in enumerate(bought)]
        bonds = by_columns(blend(by_columns(fresh, sum), by_columns(old, sum)), sum)
        dividends = shares([sum(mul(b, incentive[j]) for j, b in row.items()) for row in bonds])
        stored = by_columns(bonds, max)

    both = [i + d for i, d in zip(incentive, dividends, strict=True)]
    paid = shares(both) if sum(both) else voting if any(voting) else stake
    return {
        "active": active,
        "stake": stake,
        "active_stake": voting,
        "consensus": consensus,
        "incentive": incentive,
        "dividends": dividends,
        "validator_trust": [sum(row.values()) for row in clipped],
        "combined_share": paid,
        "new_permits": new_permits,
        "bonds": [
            [(j, b * 65535 >> 32) for j, b in sorted(row.items())] if new_permits[i] else []
            for i, row in enumerate(stored)
        ],
    }


def follow(
    new: dict[int, int], old: dict[int, int], consensus: list[int], p: dict[str, Any]
) -> dict[int, int]:
    low, high, steepness = p["liquid"]
    low, high = (low << 32) // 65535, (high << 32) // 65535
    factor = (abs(steepness) << 32) // 100 * (-1 if steepness > 0 else 1)
    row = {}
    for j, weight in new.items():
        bond = old.get(j, 0)
        far = weight - consensus[j] if weight >= bond else bond - weight
        far = min(max(far, 0), ONE)
        sigmoid = (1 << 64) // (ONE + exp((factor * (far - ONE // 2)) >> 32))
        pace = min(max(low + mul(sigmoid, high - low), low), high)
        row[j] = min(ONE, mul(ONE - pace, bond) + mul(pace, weight))
    return {j: value for j, value in row.items() if value > 0}

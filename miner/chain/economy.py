"""The chain's arithmetic with money: emission, halving, burn, and splits exact to the rao."""

from collections.abc import Sequence

SUPPLY_CAP_RAO = 21_000_000 * 1_000_000_000
FULL_BLOCK_EMISSION_RAO = 1_000_000_000
OWNER_CUT_U16 = 11796
"""18 % of the emission, as the chain stores it."""
LOCK_INTERVAL_BLOCKS = 100_800
BURN_DECAY_Q32 = 4286705684
"""2^(-1/360) in 1/2^32, as `decay_factor_q32(360)` finds it: a registration's price halves in 360
blocks."""
ONE_Q32 = 1 << 32


def block_emission_rao(issuance_rao: int) -> int:
    """Return a block's emission: 1 τ, halved each time half of what is left has been issued."""
    left = SUPPLY_CAP_RAO - issuance_rao
    if left <= 0:
        return 0
    # floor(log2(cap / left)), without a float: the largest h with left * 2^h <= cap.
    halvings = (SUPPLY_CAP_RAO // left).bit_length() - 1
    return FULL_BLOCK_EMISSION_RAO >> halvings


def lock_cost_rao(
    last_rao: int,
    last_block: int,
    block: int,
    least_rao: int,
    interval_blocks: int = LOCK_INTERVAL_BLOCKS,
) -> int:
    """Return what a new subnet costs: twice the last one, falling to the least in two weeks."""
    factor = 2 if last_block else 1
    fallen = (last_rao // interval_blocks) * (block - last_block)
    return max(least_rao, last_rao * factor - fallen)


def split_emission(total_rao: int) -> tuple[int, int, int]:
    """Return (owner, miners, validators) of an emission: 18/41/41, summing to it exactly."""
    owner = total_rao * OWNER_CUT_U16 // 65535
    miners = (total_rao - owner) // 2
    return owner, miners, total_rao - owner - miners


def share_out(pool_rao: int, shares: Sequence[int]) -> list[int]:
    """Return `pool_rao` in proportion to `shares`, summing to it exactly.

    What rounding leaves goes by largest remainder, then to the lower index; no shares, no pay.
    """
    total = sum(shares)
    if not total:
        return [0] * len(shares)
    paid = [pool_rao * share // total for share in shares]
    rest = pool_rao - sum(paid)
    by_remainder = sorted(range(len(shares)), key=lambda i: (-(pool_rao * shares[i] % total), i))
    for index in by_remainder[:rest]:
        paid[index] += 1
    return paid


def decay_burn(burn_rao: int, floor_rao: int, factor_q32: int = BURN_DECAY_Q32) -> int:
    """Return the price of a registration one block later."""
    return max(floor_rao, (burn_rao * factor_q32) >> 32)


def decay_factor_q32(half_life_blocks: int) -> int:
    """Return the largest factor whose power over the half-life, as the chain multiplies, is 1/2."""
    if half_life_blocks == 0:
        return ONE_Q32
    low, high = 0, ONE_Q32
    while low + 1 < high:
        middle = (low + high) // 2
        if _power_q32(middle, half_life_blocks) > ONE_Q32 >> 1:
            high = middle
        else:
            low = middle
    return low


def _power_q32(base: int, exponent: int) -> int:
    """Return a power by squaring; each product is truncated, so the order of products counts."""
    result = ONE_Q32
    while exponent:
        if exponent & 1:
            result = (result * base) >> 32
        base = (base * base) >> 32
        exponent >>= 1
    return result


def bump_burn(burn_rao: int, ceiling_rao: int) -> int:
    """Return the price of a registration after somebody registered: 1.26 times."""
    return min(ceiling_rao, burn_rao * 126 // 100)

"""Money: expected values are the chain's own (spec 425)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miner.chain.economy import (
    block_emission_rao,
    bump_burn,
    decay_burn,
    share_out,
    split_emission,
)

TAO = 1_000_000_000


@pytest.mark.parametrize(
    ("issued_tao", "emission_rao"),
    [
        (0, 1_000_000_000),
        (10_499_999, 1_000_000_000),
        (10_500_000, 500_000_000),
        (15_749_999, 500_000_000),
        (15_750_000, 250_000_000),
        (18_375_000, 125_000_000),
        (19_687_500, 62_500_000),
        (20_343_750, 31_250_000),
        (20_999_999, 59),
        (21_000_000, 0),
        (21_000_001, 0),
    ],
)
def test_emission_halves_by_what_has_been_issued(issued_tao, emission_rao):
    assert block_emission_rao(issued_tao * TAO) == emission_rao


def test_price_of_a_registration_halves_in_360_blocks():
    price, seen = TAO, {}
    for block in range(1, 721):
        price = decay_burn(price, 500_000)
        seen[block] = price

    assert (seen[1], seen[10], seen[100]) == (998_076_443, 980_930_083, 824_860_547)
    assert (seen[360], seen[720]) == (499_999_865, 249_999_807)


def test_price_never_falls_below_its_floor_nor_rises_above_its_ceiling():
    assert decay_burn(500_000, 500_000) == 500_000
    assert bump_burn(100_000_000, 100 * TAO) == 126_000_000
    assert bump_burn(99 * TAO, 100 * TAO) == 100 * TAO


def test_emission_splits_18_41_41():
    # 11796/65535 of 1 τ is 179,995,422.3 rao.
    assert split_emission(TAO) == (179_995_422, 410_002_289, 410_002_289)
    assert split_emission(1) == (0, 0, 1)


@given(st.integers(0, 10**18))
def test_split_loses_no_rao(total_rao):
    assert sum(split_emission(total_rao)) == total_rao


@given(st.integers(0, 10**15), st.lists(st.integers(0, 1 << 32), min_size=1, max_size=20))
def test_shares_add_up_to_the_pool(pool_rao, shares):
    paid = share_out(pool_rao, shares)

    assert sum(paid) == (pool_rao if any(shares) else 0)
    assert all(rao >= 0 for rao in paid)
    assert all(not rao for rao, share in zip(paid, shares, strict=True) if not share)


def test_what_rounding_leaves_goes_by_largest_remainder_then_to_the_lower_index():
    assert share_out(10, [1, 1, 1]) == [4, 3, 3]
    assert share_out(2, [1, 1, 1]) == [1, 1, 0]

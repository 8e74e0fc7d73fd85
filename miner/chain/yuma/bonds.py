"""Bonds: what a validator is owed for having found a miner early; classic, Yuma3, liquid alpha."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from miner.chain.fixed import ONE, U16_MAX, from_u16
from miner.chain.yuma.exponential import exponentials, inverse
from miner.chain.yuma.wide import (
    Bits,
    as_u16,
    columns_normalized,
    complement,
    normalized,
    product,
    quotient,
)

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidAlpha:
    """The rate at which bonds follow weights, one for each pair of validator and miner."""

    low_u16: int = 45875
    high_u16: int = 58982
    steepness: int = 1000
    """Of the sigmoid between both, in hundredths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BondRows:
    """One row per validator, one column per uid."""

    weights: Bits
    """Normalised weights, the bonds penalty taken off."""
    has_weight: Mask
    """Where a validator named a uid at all, even with a weight of 0."""
    old_u16: Bits
    """As the previous epoch stored them; newcomers' columns are empty."""
    consensus: Bits
    """Per uid."""
    active_stake: Bits
    """Per validator."""
    incentive: Bits
    """Per uid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBonds:
    """What an epoch makes of them."""

    dividends: Bits
    """Per validator, summing to 1."""
    stored_u16: NDArray[np.uint64]
    is_stored: Mask


def weights_for_bonds(
    weights: Bits, clipped: Bits, named: Mask, penalty_u16: int
) -> tuple[Bits, Mask]:
    """Return W + penalty·(W' - W), and which entries the chain's sparse rows still hold."""
    penalty = from_u16(penalty_u16)
    if penalty == 0:
        return weights, named
    if penalty == ONE:
        return clipped, named & ((clipped > 0) | (weights == 0))
    lost = weights - clipped
    part = product(lost, np.uint64(penalty))
    # The chain multiplies the negative difference, which rounds away from zero.
    left = weights - part - _is_inexact(lost, penalty)
    return left, left > 0


def _is_inexact(lost: Bits, penalty: int) -> Mask:
    """Tell where lost·penalty has digits below 1/2^32."""
    inexact: Mask = (lost * np.uint64(penalty)) & np.uint64(ONE - 1) != 0
    return inexact


def classic_bonds(rows: BondRows, alpha: int) -> NewBonds:
    """Return bonds as moving average of column shares; they are stored max-upscaled."""
    old = columns_normalized(rows.old_u16)
    bought = columns_normalized(product(rows.weights, rows.active_stake[:, None]))
    blended = _blend(bought, old, np.uint64(alpha))
    bonds = columns_normalized(blended)
    dividends = normalized(product(bonds, rows.incentive).sum(axis=1, dtype=np.uint64))
    stored = as_u16(quotient(bonds, bonds.max(axis=0, initial=0)))
    return NewBonds(dividends=dividends, stored_u16=stored, is_stored=blended > 0)


def yuma3_bonds(rows: BondRows, alpha: int, liquid: LiquidAlpha | None) -> NewBonds:
    """Return bonds that approach the weights themselves; they are stored as they are."""
    old = quotient(rows.old_u16, np.uint64(U16_MAX))
    if liquid is None or not rows.consensus.any():
        bonds = _blend(rows.weights, old, np.uint64(alpha))
    else:
        bonds = _follow(rows, old, liquid)
    shares = product(columns_normalized(bonds), rows.incentive).sum(axis=1, dtype=np.uint64)
    dividends = normalized(product(shares, rows.active_stake))
    return NewBonds(dividends=dividends, stored_u16=as_u16(bonds), is_stored=bonds > 0)


def _blend(new: Bits, old: Bits, alpha: Bits | np.uint64) -> Bits:
    return product(new, alpha) + product(old, complement(alpha))


def _follow(rows: BondRows, old: Bits, liquid: LiquidAlpha) -> Bits:
    """Return bonds where a weight is named; the chain forgets the others at once."""
    place = np.nonzero(rows.has_weight)
    weights, bonds = rows.weights[place], old[place]
    alpha = liquid_alphas(rows.consensus[place[1]], weights, bonds, liquid)
    followed = np.zeros_like(old)
    followed[place] = np.minimum(_blend(weights, bonds, alpha), np.uint64(ONE))
    return followed


def liquid_alphas(consensus: Bits, weights: Bits, bonds: Bits, liquid: LiquidAlpha) -> Bits:
    """Return the rate of each pair: fast where a validator buys or sells far from consensus."""
    low, high = ((one << 32) // U16_MAX for one in (liquid.low_u16, liquid.high_u16))
    bought = weights.astype(np.int64) - consensus.astype(np.int64)
    sold = bonds.astype(np.int64) - weights.astype(np.int64)
    distance = np.clip(np.where(weights >= bonds, bought, sold), 0, ONE)
    grown = exponentials(_scaled(distance - ONE // 2, liquid.steepness))
    share = inverse(grown + np.uint64(ONE))
    spread = product(share, np.uint64(max(high - low, 0)))
    alphas: Bits = np.clip(np.uint64(low) + spread, np.uint64(low), np.uint64(max(high, low)))
    return alphas


def _scaled(offset: NDArray[np.int64], steepness: int) -> NDArray[np.int64]:
    """Return -steepness/100 · offset, rounded down as a signed product on the chain."""
    size = (abs(steepness) << 32) // 100
    factor = -size if steepness > 0 else size
    high, low = np.int64(factor >> 16), np.int64(factor & 0xFFFF)
    result: NDArray[np.int64] = (high * offset + ((low * offset) >> 16)) >> 16
    return result

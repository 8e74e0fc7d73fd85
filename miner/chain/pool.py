"""A subnet's pool of τ and alpha: what one buys of the other. Nothing is lost to rounding."""

from dataclasses import replace

from miner.chain.values import Subnet

PRICE_MEMORY_BLOCKS = 7200
"""The price that shares out emission moves a day's blocks behind the pool's."""


def price_q32(subnet: Subnet) -> int:
    """Return rao of τ per rao of alpha, in 1/2^32."""
    return (subnet.pool_tao_rao << 32) // subnet.pool_alpha_rao


def remember_price(subnet: Subnet) -> int:
    """Return the moving average of the price one block later."""
    return subnet.price_ema_q32 + (price_q32(subnet) - subnet.price_ema_q32) // PRICE_MEMORY_BLOCKS


def buy_alpha(subnet: Subnet, tao_rao: int) -> tuple[Subnet, int]:
    """Return the subnet after τ went into its pool, and the alpha that came out for it.

    Constant product; the pool keeps what rounding leaves.
    """
    product = subnet.pool_tao_rao * subnet.pool_alpha_rao
    tao = subnet.pool_tao_rao + tao_rao
    alpha = -(-product // tao)
    bought = subnet.pool_alpha_rao - alpha
    return replace(subnet, pool_tao_rao=tao, pool_alpha_rao=alpha), bought


def sell_alpha(subnet: Subnet, alpha_rao: int) -> tuple[Subnet, int]:
    """Return the subnet after alpha went into its pool, and the τ that came out for it."""
    product = subnet.pool_tao_rao * subnet.pool_alpha_rao
    alpha = subnet.pool_alpha_rao + alpha_rao
    tao = -(-product // alpha)
    return replace(subnet, pool_tao_rao=tao, pool_alpha_rao=alpha), subnet.pool_tao_rao - tao


def worth_alpha(subnet: Subnet, tao_rao: int) -> int:
    """Return how much alpha is worth so much τ at the pool's price."""
    return tao_rao * subnet.pool_alpha_rao // subnet.pool_tao_rao


def inject(subnet: Subnet, tao_rao: int) -> Subnet:
    """Return the subnet after emission went into its pool: τ, and as much alpha as it is worth."""
    return replace(
        subnet,
        pool_tao_rao=subnet.pool_tao_rao + tao_rao,
        pool_alpha_rao=subnet.pool_alpha_rao + worth_alpha(subnet, tao_rao),
    )

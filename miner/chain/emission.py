"""What every block does of itself: it issues its emission, and prices move."""

from dataclasses import replace

from miner.chain.economy import block_emission_rao, decay_burn, share_out
from miner.chain.pool import remember_price
from miner.chain.proof_of_work import adjusted_difficulty
from miner.chain.state import ChainState
from miner.chain.values import Subnet


def emit(state: ChainState, block: int) -> None:
    """Issue the block's emission to the subnets by their remembered prices."""
    subnets = state.subnets()
    totals = state.totals
    emission = block_emission_rao(totals.issuance_rao)
    parts = share_out(emission, [max(1, subnet.price_ema_q32) for subnet in subnets])
    state.put(
        _one_block_on(subnet, part, block) for subnet, part in zip(subnets, parts, strict=True)
    )
    state.put(
        [
            replace(
                totals,
                issuance_rao=totals.issuance_rao + emission,
                issued_rao=totals.issued_rao + emission,
            )
        ]
    )


def _one_block_on(subnet: Subnet, part_rao: int, block: int) -> Subnet:
    subnet = replace(
        subnet,
        pending_rao=subnet.pending_rao + part_rao,
        burn_rao=decay_burn(subnet.burn_rao, subnet.rules.min_burn_rao),
        price_ema_q32=remember_price(subnet),
    )
    if not subnet.rules.pow_registration or block % subnet.rules.adjustment_interval:
        return subnet
    difficulty = adjusted_difficulty(
        subnet.difficulty,
        subnet.work_registrations,
        subnet.rules.target_registrations,
        least=subnet.rules.min_difficulty,
        most=subnet.rules.max_difficulty,
    )
    return replace(subnet, difficulty=difficulty, work_registrations=0)

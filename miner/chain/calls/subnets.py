"""Subnets: what a new one costs, and who sets its hyperparameters."""

from dataclasses import replace
from typing import Any

from miner import keys
from miner.chain.calls.context import CallRefused, Context, need, subnet_of
from miner.chain.economy import lock_cost_rao
from miner.chain.values import Neuron, Rules, Subnet, Totals, Value
from solard.core.units import RAO_PER_TAO

MIN_LOCK_RAO = 1000 * RAO_PER_TAO
MAX_SUBNETS = 128
FIRST_BURN_RAO = RAO_PER_TAO // 10
MAX_NAME = 32
CREATION_GAP_BLOCKS = 7200
"""At most one new subnet a day."""

SETTABLE: dict[str, tuple[int, int]] = {
    "tempo": (1, 50_400),
    "kappa_u16": (0, 65535),
    "bonds_moving_average": (0, 1_000_000),
    "bonds_penalty_u16": (0, 65535),
    "yuma3": (0, 1),
    "liquid_alpha": (0, 1),
    "alpha_low_u16": (1638, 65535),
    "alpha_high_u16": (1638, 65535),
    "alpha_steepness": (-32768, 32767),
    "stake_threshold_rao": (0, 1 << 62),
    "max_uids": (4, 256),
    "max_validators": (1, 256),
    "activity_cutoff": (1, 1 << 20),
    "immunity_blocks": (0, 1 << 20),
    "weights_rate_limit": (0, 1 << 20),
    "serving_rate_limit": (0, 1 << 20),
    "min_burn_rao": (1, 100 * RAO_PER_TAO),
    "max_burn_rao": (1, 1000 * RAO_PER_TAO),
    "min_allowed_weights": (1, 256),
    "commit_reveal": (0, 1),
    "reveal_epochs": (1, 100),
    "pow_registration": (0, 1),
    "min_difficulty": (1, 1 << 62),
    "max_difficulty": (1, 1 << 62),
    "adjustment_interval": (1, 1 << 20),
    "target_registrations": (1, 1000),
    "voting_blocks": (1, 1 << 20),
}
"""Hyperparameters and their ranges; flags are 0 or 1."""
FLAGS = frozenset({"yuma3", "liquid_alpha", "commit_reveal", "pow_registration"})


def create_subnet(context: Context, signer: str, *, name: str, hotkey: str) -> tuple[Value, ...]:
    """Lock the price of a subnet in its new pool, and give its owner the first uid."""
    state = context.state
    subnets = state.subnets()
    totals = state.totals
    if not name.isidentifier() or len(name) > MAX_NAME or any(s.name == name for s in subnets):
        raise CallRefused(f"create_subnet: {name!r} is no new name of at most {MAX_NAME} letters")
    if not keys.is_address(hotkey):
        raise CallRefused(f"create_subnet: {hotkey!r} is no address")
    if len(subnets) >= MAX_SUBNETS:
        raise CallRefused(f"create_subnet: there are {MAX_SUBNETS} already")
    since = context.block - totals.last_lock_block
    if totals.last_lock_block and since < CREATION_GAP_BLOCKS:
        raise CallRefused(f"create_subnet: at most one in {CREATION_GAP_BLOCKS} blocks")
    cost = next_lock_cost(totals, context.block)
    account = state.account(signer)
    need(account.balance_rao, cost, "create_subnet")
    netuid = 1 + max((one.netuid for one in subnets), default=0)
    return (
        replace(account, balance_rao=account.balance_rao - cost),
        replace(totals, last_lock_rao=cost, last_lock_block=context.block),
        *new_subnet(
            netuid=netuid,
            name=name,
            owner=signer,
            hotkey=hotkey,
            rules=Rules(),
            pool_rao=cost,
            block=context.block,
        ),
    )


def next_lock_cost(totals: Totals, block: int) -> int:
    """Return what a new subnet costs in this block."""
    return lock_cost_rao(
        totals.last_lock_rao or MIN_LOCK_RAO, totals.last_lock_block, block, MIN_LOCK_RAO
    )


def new_subnet(
    *, netuid: int, name: str, owner: str, hotkey: str, rules: Rules, pool_rao: int, block: int
) -> tuple[Subnet, Neuron]:
    """Return a subnet whose alpha costs 1 τ at first, and its owner's neuron."""
    return (
        Subnet(
            netuid=netuid,
            name=name,
            owner=owner,
            owner_hotkey=hotkey,
            rules=rules,
            burn_rao=FIRST_BURN_RAO,
            created_block=block,
            last_epoch_block=block,
            pool_tao_rao=pool_rao,
            pool_alpha_rao=pool_rao,
        ),
        Neuron(
            netuid=netuid,
            uid=0,
            hotkey=hotkey,
            coldkey=owner,
            registered_block=block,
            last_update_block=block,
        ),
    )


def set_hyperparameter(
    context: Context, signer: str, *, netuid: int, name: str, value: int
) -> tuple[Value, ...]:
    """Set one of a subnet's rules; signed by its owner."""
    subnet = subnet_of(context, netuid)
    if signer != subnet.owner:
        raise CallRefused(f"set_hyperparameter: {signer} does not own subnet {netuid}")
    return (with_rule(subnet, name, value),)


def with_rule(subnet: Subnet, name: str, value: int) -> Subnet:
    """Return a subnet with one rule changed; refuse names and values that do not exist."""
    least, most = SETTABLE.get(name, (1, 0))
    if most < least:
        raise CallRefused(f"there is no hyperparameter {name!r}; there are {', '.join(SETTABLE)}")
    if not least <= value <= most:
        raise CallRefused(f"{name}: {value} is outside {least}..{most}")
    rules = replace(subnet.rules, **_field(name, value))
    if rules.alpha_low_u16 > rules.alpha_high_u16:
        raise CallRefused(f"{name}: alpha_low_u16 above alpha_high_u16")
    if rules.min_burn_rao > rules.max_burn_rao or rules.min_difficulty > rules.max_difficulty:
        raise CallRefused(f"{name}: the least would be above the most")
    return replace(subnet, rules=rules)


def _field(name: str, value: int) -> dict[str, Any]:
    return {name: bool(value) if name in FLAGS else value}

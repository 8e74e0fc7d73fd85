"""What owners, miners, validators and stakers earn: per block, per day, per kWh."""

from collections.abc import Iterable
from typing import Any

DAY_S = 86400.0
ROLES = ("owner", "miner", "validator", "staker")


def income_of(
    paid: Iterable[tuple[int, str, str, int]],
    blocks: int,
    block_s: float,
    power_w: float | None,
) -> list[dict[str, Any]]:
    """Return a row per key, role and subnet, best first, from (netuid, key, role, rao) paid.

    `blocks` is over how many it was paid. Per kWh it is what a machine drawing `power_w` all day
    earns for each kWh; None where no power is given.
    """
    day_blocks = DAY_S / block_s
    kwh = None if not power_w else power_w * 24 / 1000
    rows = []
    for netuid, key, role, rao in paid:
        per_day = rao / blocks * day_blocks
        rows.append(
            {
                "netuid": netuid,
                "key": key,
                "role": role,
                "paid_rao": rao,
                "rao_per_block": rao / blocks,
                "rao_per_day": per_day,
                "rao_per_kwh": None if kwh is None else per_day / kwh,
            }
        )
    return sorted(rows, key=_rank)


def _rank(row: dict[str, Any]) -> tuple[int, int, int, str]:
    return row["netuid"], ROLES.index(row["role"]), -row["paid_rao"], row["key"]

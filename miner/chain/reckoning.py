"""Tables of the chain's money and of proofs of work: inputs read, results computed anew.

A table names its inputs in its keys: an issuance, blocks since, a nonce. What a file says of a
result is never read.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from miner import keys
from miner.chain import economy, proof_of_work
from solard.core.units import RAO_PER_TAO

FIRST_PRICE = re.compile(r"from_([0-9.]+)TAO_after_blocks")
SEAL = re.compile(r"seal_nonce_([0-9]+)")
FIRST_NONCE = re.compile(r"first_nonce_difficulty_([0-9]+)_from_([0-9]+)")
SCORES = re.compile(r"alpha=([0-9.]+),query_every_min=([0-9.]+)")
DIGITS = 4
"""Of what is left of a score."""
BATCH = 1 << 20


def reckoned(data: dict[str, Any]) -> dict[str, Any]:
    """Return a file's tables with every result computed; what is no table stays as it is."""
    return {name: TABLES[name](table) if name in TABLES else table for name, table in data.items()}


def _emission(table: dict[str, Any]) -> dict[str, Any]:
    return {tao: economy.block_emission_rao(round(float(tao) * RAO_PER_TAO)) for tao in table}


def _lock(table: dict[str, Any]) -> dict[str, Any]:
    interval = table.get("interval_blocks", economy.LOCK_INTERVAL_BLOCKS)
    return {**table, "examples": [_lock_example(one, interval) for one in table["examples"]]}


def _lock_example(one: dict[str, Any], interval: int) -> dict[str, Any]:
    last = one.get("last_lock_block", 1)
    cost = economy.lock_cost_rao(
        one["last_lock_rao"], last, last + one["blocks_since"], one["min_lock_rao"], interval
    )
    return {**one, "cost_rao": cost}


def _burn(table: dict[str, Any]) -> dict[str, Any]:
    half_life = table["half_life_blocks"]
    factor = economy.decay_factor_q32(half_life)
    answer = dict(table)
    for name, value in table.items():
        if name.startswith("decay_factor_q32"):
            answer[name] = factor
        elif found := FIRST_PRICE.fullmatch(name):
            price = round(float(found[1]) * RAO_PER_TAO)
            answer[name] = _prices(price, value, table.get("min_rao", 0), factor)
    return answer


def _prices(price: int, blocks: Iterable[str], floor: int, factor: int) -> dict[str, int]:
    wanted = {int(block): block for block in blocks}
    seen = {}
    for block in range(max(wanted, default=0) + 1):
        if block in wanted:
            seen[wanted[block]] = price
        price = economy.decay_burn(price, floor, factor)
    return {block: seen[block] for block in wanted.values()}


def _scores(table: dict[str, Any]) -> dict[str, Any]:
    answer = {}
    for name, row in table.items():
        found = SCORES.fullmatch(name)
        if found is None:
            raise ValueError(f"{name!r} names no alpha and period")
        alpha, minutes = float(found[1]), float(found[2])
        answer[name] = {
            away: round((1 - alpha) ** (float(away.removesuffix("h")) * 60 / minutes), DIGITS)
            for away in row
        }
    return answer


def _proof(table: dict[str, Any]) -> dict[str, Any]:
    block = bytes.fromhex(table["block_hash"])
    prefix = proof_of_work.registration_prefix(
        table["netuid"], block, table["hotkey"], table["coldkey"]
    )
    answer = {**table, **_seals(table, lambda nonce: proof_of_work.seal_of(prefix, nonce))}
    if "prefix_hex" in table:
        answer["prefix_hex"] = prefix.hex()
    for name in table:
        if found := FIRST_NONCE.fullmatch(name):
            nonce = _search(prefix, int(found[1]), int(found[2]))
            answer[name] = nonce
            answer["seal_of_it"] = proof_of_work.seal_of(prefix, nonce).hex()
    return answer


def _old_proof(table: dict[str, Any]) -> dict[str, Any]:
    block = bytes.fromhex(table["block_hash"])
    hotkey = (
        bytes.fromhex(table["hotkey_pub"])
        if "hotkey_pub" in table
        else keys.public_bytes(table["hotkey"])
    )
    seals = _seals(table, lambda nonce: proof_of_work.legacy_seal(block, hotkey, nonce))
    return {**table, **seals}


def _seals(table: dict[str, Any], seal_of: Callable[[int], bytes]) -> dict[str, str]:
    found = ((name, SEAL.fullmatch(name)) for name in table)
    return {name: seal_of(int(nonce[1])).hex() for name, nonce in found if nonce}


def _search(prefix: bytes, difficulty: int, start: int) -> int:
    while (nonce := proof_of_work.search(prefix, difficulty, start, BATCH)) is None:
        start += BATCH
    return nonce


TABLES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "block_emission_rao_by_issuance_tao": _emission,
    "lock_cost": _lock,
    "burn": _burn,
    "validator_score_fraction_left_after_offline": _scores,
    "v11_pow": _proof,
    "legacy_pow": _old_proof,
}

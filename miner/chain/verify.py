"""Run every block of a chain again, and name the first that is not what it claims."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from miner import keys
from miner.chain.block import SIGNING_DOMAIN, Block, hash_extrinsics, remember_hash, run_block
from miner.chain.embedded import ChainStore, ChainStoreFailed
from miner.chain.extrinsic import ExtrinsicInvalid, is_signed, read_extrinsic
from miner.chain.genesis import Genesis, first_state
from miner.chain.payout import Reward
from miner.chain.seal import find_broken
from miner.chain.state import ChainBroken, ChainState
from miner.chain.torn_log import find_damage
from solard.core.codec import CodecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a second run of the chain found."""

    blocks: int
    first_bad: int | None
    """Number of the first block that does not hold; None when all do."""
    reason: str | None

    @property
    def ok(self) -> bool:
        """Tell whether every block holds."""
        return self.reason is None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "blocks": self.blocks,
            "ok": self.ok,
            "first_bad": self.first_bad,
            "reason": self.reason,
        }


def verify_home(home: Path) -> Verdict:
    """Check the chain that a network keeps in a directory; raise ChainStoreFailed without one."""
    return verify_chain(chain_in(home))


class NoChainHere(ChainStoreFailed):
    """A directory in which no network lives."""


def chain_in(home: Path) -> Path:
    """Return the chain database of the network below a directory."""
    found = sorted(home.rglob("chain.db"))
    if not found:
        raise NoChainHere(f"no embedded network lives in {home}: there is no chain.db")
    return found[0]


def verify_chain(path: Path) -> Verdict:
    """Check links, signatures, results, state roots and every stored byte of a whole chain.

    The network may be running meanwhile.
    """
    # SQLite mends a log by dropping what does not hold, and blocks would be gone without a word.
    if reason := find_damage(path):
        return Verdict(blocks=0, first_bad=0, reason=reason)
    progress = [0]
    try:
        store = ChainStore(path)
        try:
            with store.snapshot():
                verdict = _verify(store, progress)
                genesis = store.genesis()
        finally:
            store.close()
    except (ChainStoreFailed, ChainBroken, CodecError, ValueError, TypeError) as err:
        # A page that SQLite cannot read, or a value that is none of ours.
        bad = progress[0] + 1
        return Verdict(blocks=progress[0], first_bad=bad, reason=f"it cannot be read: {err}")
    if verdict.ok and genesis is not None:
        # Every block holds, so what is wrong is in none of them.
        broken = find_broken(path, genesis.authority)
        return replace(verdict, first_bad=0 if broken else None, reason=broken)
    return verdict


def _verify(store: ChainStore, progress: list[int]) -> Verdict:
    genesis = store.genesis()
    if genesis is None or store.genesis_text() != json.dumps(genesis.to_json()):
        return Verdict(blocks=0, first_bad=0, reason="there is no genesis, or it was changed")
    if not store.is_whole():
        return Verdict(blocks=0, first_bad=0, reason="the database file is damaged")
    state = first_state(genesis)
    parent = genesis.hash
    recent: dict[int, str] = {}
    number = 0
    for block, stored_hash in store.blocks():
        number += 1
        reason = _check_header(block, stored_hash, number, parent, genesis)
        reason = reason or _check_content(store, state, genesis, block, recent)
        if reason:
            return Verdict(blocks=number, first_bad=number, reason=reason)
        parent = block.hash
        remember_hash(recent, number, parent)
        progress[0] = number
    if store.state_texts() != state.texts():
        return Verdict(blocks=number, first_bad=number, reason="the stored state is another")
    if store.has_rows_outside(number):
        return Verdict(blocks=number, first_bad=number, reason="there are rows of no block")
    return Verdict(blocks=number, first_bad=None, reason=None)


def _check_header(
    block: Block, stored_hash: str, number: int, parent: str, genesis: Genesis
) -> str | None:
    if block.number != number:
        return f"block {number} is missing"
    if block.parent != parent or block.hash != stored_hash:
        return "its hash does not link to the block before"
    try:
        signature = bytes.fromhex(block.signature)
    except ValueError:
        return "its signature is no hex"
    if not keys.verify(genesis.authority, SIGNING_DOMAIN + block.hash.encode(), signature):
        return "the authority did not sign it"
    return None


def _check_content(
    store: ChainStore,
    state: ChainState,
    genesis: Genesis,
    block: Block,
    recent: dict[int, str],
) -> str | None:
    stored = store.extrinsics(block.number)
    try:
        extrinsics = [read_extrinsic(body) for body, _ in stored]
    except ExtrinsicInvalid as err:
        return str(err)
    if hash_extrinsics(extrinsics) != block.extrinsics_hash:
        return "its extrinsics are others than it commits to"
    rows = [(place, one.hash, json.dumps(one.to_json())) for place, one in enumerate(extrinsics)]
    if store.extrinsic_rows(block.number) != rows:
        return "its extrinsics are stored under other names, or written differently"
    if not all(is_signed(one, genesis.hash) for one in extrinsics):
        return "an extrinsic is not signed by its sender"
    outcome = run_block(state, genesis, block.number, extrinsics, recent)
    if outcome.hash != block.outcome_hash or outcome.errors != tuple(error for _, error in stored):
        return "running it gives another outcome"
    if outcome.evictions != store.evictions_in(block.number):
        return "its stored evictions are others"
    if _in_order(outcome.rewards) != _in_order(store.rewards_in(block.number)):
        return "its stored rewards are others"
    if state.root != block.state_root:
        return "running it gives another state"
    if state.counted_rao() != state.totals.issuance_rao:
        return "balances do not add up to the issuance"
    return None


def _in_order(rewards: tuple[Reward, ...]) -> list[tuple[int, str, str, int]]:
    return sorted((one.netuid, one.hotkey, one.role, one.rao) for one in rewards)

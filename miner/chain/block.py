"""Blocks: what they commit to, and what happens in one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from miner.chain.calls.context import CallRefused, Context
from miner.chain.calls.governing import close_votes
from miner.chain.calls.registry import execute
from miner.chain.canonical import digest
from miner.chain.emission import emit
from miner.chain.extrinsic import Extrinsic
from miner.chain.genesis import Genesis
from miner.chain.payout import Reward, is_epoch, pay_epoch
from miner.chain.proof_of_work import FRESH_BLOCKS
from miner.chain.pruning import Eviction, evictions_by
from miner.chain.state import ChainState

SIGNING_DOMAIN = b"solard-block/1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a block did."""

    errors: tuple[str | None, ...]
    """Per extrinsic: None, or the sentence that refuses it."""
    evictions: tuple[Eviction, ...]
    """Who gave way, in the order of the extrinsics."""
    rewards: tuple[Reward, ...]

    @property
    def hash(self) -> str:
        """Return the hash over errors, evictions and rewards."""
        gone = [[one.netuid, one.uid, one.hotkey, one.newcomer] for one in self.evictions]
        rows = [[one.netuid, one.hotkey, one.role, one.rao] for one in self.rewards]
        return digest([list(self.errors), gone, rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block's header; the hash over it links the next one to it."""

    number: int
    parent: str
    made_at: str
    """Site time, ISO UTC: a label, no rule of the chain reads it."""
    extrinsics_hash: str
    outcome_hash: str
    state_root: str
    signature: str = ""
    """The authority's, over the hash."""

    @property
    def hash(self) -> str:
        """Return the block's name."""
        return digest(
            [
                self.number,
                self.parent,
                self.made_at,
                self.extrinsics_hash,
                self.outcome_hash,
                self.state_root,
            ]
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data, its hash included."""
        return {
            "number": self.number,
            "hash": self.hash,
            "parent": self.parent,
            "made_at": self.made_at,
            "extrinsics_hash": self.extrinsics_hash,
            "outcome_hash": self.outcome_hash,
            "state_root": self.state_root,
            "signature": self.signature,
        }


def hash_extrinsics(extrinsics: Sequence[Extrinsic]) -> str:
    """Return the hash over a block's extrinsics, signatures included."""
    return digest([one.to_json() for one in extrinsics])


def remember_hash(recent: dict[int, str], number: int, name: str) -> None:
    """Keep a block's hash while a proof of work may name it."""
    recent[number] = name
    recent.pop(number - FRESH_BLOCKS, None)


def run_block(
    state: ChainState,
    genesis: Genesis,
    number: int,
    extrinsics: Sequence[Extrinsic],
    recent_hashes: Mapping[int, str],
) -> Outcome:
    """Take the state from block `number - 1` to `number`; signatures are the caller's check."""
    context = Context(
        state=state,
        block=number,
        treasury=genesis.account("treasury"),
        grant_rao=genesis.grant_rao,
        recent_hashes=recent_hashes,
    )
    gone: list[Eviction] = []
    errors = tuple(_run_extrinsic(context, one, gone) for one in extrinsics)
    close_votes(state, number)
    rewards: list[Reward] = []
    emit(state, number)
    for subnet in state.subnets():
        if not is_epoch(subnet, number):
            continue
        payout = pay_epoch(state, subnet, number)
        state.put(payout.changes)
        totals = state.totals
        state.put([replace(totals, issuance_rao=totals.issuance_rao - payout.recycled_rao)])
        rewards += payout.rewards
    return Outcome(errors=errors, evictions=tuple(gone), rewards=tuple(rewards))


def _run_extrinsic(context: Context, extrinsic: Extrinsic, gone: list[Eviction]) -> str | None:
    """Return why it is refused, or None; note in `gone` who gave way."""
    account = context.state.account(extrinsic.signer)
    if extrinsic.nonce != account.nonce:
        return f"nonce {extrinsic.nonce} where {account.nonce} was due"
    context.state.put([replace(account, nonce=account.nonce + 1)])
    try:
        changes = execute(extrinsic, context)
    except CallRefused as err:
        return str(err)
    gone += evictions_by(changes, context.state)
    context.state.put(changes)
    return None

"""The single authority: takes signed calls, makes blocks in site time, keeps them."""

import logging
from collections import deque
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from miner import keys
from miner.chain.block import SIGNING_DOMAIN, Block, hash_extrinsics, remember_hash, run_block
from miner.chain.calls.registry import BEFORE_A_BALANCE
from miner.chain.embedded import ChainStore, FinishedBlock
from miner.chain.extrinsic import Extrinsic, ExtrinsicInvalid, is_signed
from miner.chain.genesis import SUBNETS, Genesis, first_state, new_genesis
from miner.chain.seal import break_seal, seal
from miner.chain.state import ChainBroken, ChainState
from miner.chain.values import Rules

MAX_POOL = 1000
MAX_POOL_PER_SIGNER = 16
MAX_BLOCK_EXTRINSICS = 200

log = logging.getLogger(__name__)


class Authority:
    """An embedded network at its newest block."""

    def __init__(self, store: ChainStore, genesis: Genesis, keypair: keys.Keypair) -> None:
        if genesis.authority != keypair.ss58:
            raise ChainBroken("the authority's key is not the one that this chain began with")
        self.store = store
        self.genesis = genesis
        self.state: ChainState = store.load_state()
        self.head = store.head() or _block_zero(genesis, self.state)
        self._head_hash = self.head.hash if self.head.number else genesis.hash
        self._keypair = keypair
        self._pool: deque[Extrinsic] = deque()
        self._recent = store.recent_hashes()
        if self.state.root != self.head.state_root:
            raise ChainBroken(
                f"chain state does not belong to block {self.head.number}; restore a backup, "
                "or move the network's directory away to start a new network"
            )

    def close(self) -> None:
        """Let go of the file, sealed where nobody else is still reading in its log."""
        is_settled = self.store.settle()
        self.store.close()
        if not is_settled:
            return
        try:
            seal(self.store.path, self._keypair)
        except OSError as err:
            log.warning("not sealed file=%s reason=%s", self.store.path, err)

    @property
    def head_hash(self) -> str:
        """Return what the next block links to: the head's hash, or the genesis hash at first."""
        return self._head_hash

    @property
    def made_at(self) -> datetime:
        """Return the site time of the newest block, or of the genesis."""
        return datetime.fromisoformat(self.head.made_at)

    @property
    def pool_size(self) -> int:
        """Return how many calls wait for a block."""
        return len(self._pool)

    def submit(self, extrinsic: Extrinsic) -> str:
        """Take a call for the next block and return its hash; raise ExtrinsicInvalid."""
        account = self.state.account(extrinsic.signer)
        waiting = [one for one in self._pool if one.signer == extrinsic.signer]
        due = account.nonce + len(waiting)
        if any(one.hash == extrinsic.hash for one in waiting):
            return extrinsic.hash
        if extrinsic.nonce != due:
            raise ExtrinsicInvalid(f"nonce {extrinsic.nonce} where {due} is due")
        if len(waiting) >= MAX_POOL_PER_SIGNER or len(self._pool) >= MAX_POOL:
            raise ExtrinsicInvalid("too many calls wait for a block; try again in 12 s")
        if not is_signed(extrinsic, self.genesis.hash):
            raise ExtrinsicInvalid("the signature is not the sender's, or is for another chain")
        if not account.balance_rao and extrinsic.call not in BEFORE_A_BALANCE:
            allowed = " or ".join(sorted(BEFORE_A_BALANCE))
            raise ExtrinsicInvalid(f"an account without a balance can only {allowed}")
        self._pool.append(extrinsic)
        return extrinsic.hash

    def is_waiting(self, name: str) -> bool:
        """Tell whether a call with this hash waits for a block."""
        return any(one.hash == name for one in self._pool)

    def make_blocks(self, moments: list[datetime]) -> None:
        """Make one block per moment of site time, and keep them in one transaction."""
        finished = [self._make(made_at) for made_at in moments]
        self.store.append(finished)

    def _make(self, made_at: datetime) -> FinishedBlock:
        count = min(len(self._pool), MAX_BLOCK_EXTRINSICS)
        extrinsics = tuple(self._pool.popleft() for _ in range(count))
        number = self.head.number + 1
        outcome = run_block(self.state, self.genesis, number, extrinsics, self._recent)
        block = Block(
            number=number,
            parent=self.head_hash,
            made_at=made_at.isoformat(),
            extrinsics_hash=hash_extrinsics(extrinsics),
            outcome_hash=outcome.hash,
            state_root=self.state.root,
        )
        self._head_hash = block.hash
        signature = self._keypair.sign(SIGNING_DOMAIN + self._head_hash.encode()).hex()
        self.head = replace(block, signature=signature)
        remember_hash(self._recent, number, self._head_hash)
        return FinishedBlock(
            block=self.head,
            extrinsics=extrinsics,
            outcome=outcome,
            changes=self.state.take_changes(),
        )


def open_authority(
    home: Path, now: datetime, rules: Rules, subnets: tuple[str, ...] = SUBNETS
) -> Authority:
    """Return the network kept in a directory; create it, its keys first, where there is none.

    `rules` and `subnets` are for one that is new.
    """
    held = {
        name: keys.load_or_create(home / "keys" / f"{name}.json")
        for name in ("authority", "treasury", "owner", "owner-hotkey")
    }
    break_seal(home / "chain.db")
    store = ChainStore(home / "chain.db")
    genesis = store.genesis()
    if genesis is None:
        genesis = new_genesis(
            started_at=now,
            authority=held["authority"].ss58,
            treasury=held["treasury"].ss58,
            owner=held["owner"].ss58,
            owner_hotkey=held["owner-hotkey"].ss58,
            rules=rules,
            subnets=subnets,
        )
        store.begin(genesis, first_state(genesis).take_changes())
        log.info("new network name=%s tempo=%s", genesis.network, rules.tempo)
    return Authority(store, genesis, held["authority"])


def _block_zero(genesis: Genesis, state: ChainState) -> Block:
    return Block(
        number=0,
        parent="",
        made_at=genesis.started_at.isoformat(),
        extrinsics_hash="",
        outcome_hash="",
        state_root=state.root,
    )

"""The embedded network's memory: blocks, extrinsics, rewards and state in one SQLite file."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from miner.chain.block import Block, Outcome
from miner.chain.extrinsic import Extrinsic
from miner.chain.genesis import Genesis, read_genesis
from miner.chain.payout import Reward
from miner.chain.proof_of_work import FRESH_BLOCKS
from miner.chain.pruning import Eviction
from miner.chain.state import ChainBroken, ChainState, load
from miner.chain.tables import SCHEMA
from solard.core.errors import SolardError

NO_BLOCK = (1 << 63) - 1
_EVICTION = ", ".join(one.name for one in fields(Eviction))


class ChainStoreFailed(SolardError):
    """The chain's database cannot be opened, read or written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedBlock:
    """A block with all that the database keeps of it."""

    block: Block
    extrinsics: tuple[Extrinsic, ...]
    outcome: Outcome
    changes: dict[str, str]
    """State values by name, as the block leaves them."""


class ChainStore:
    """The one writer of a chain's database. Acknowledged blocks survive a power cut."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._link = sqlite3.connect(path, isolation_level=None)
            self._link.execute("PRAGMA journal_mode=WAL")
            self._link.execute("PRAGMA synchronous=FULL")
            # What has reached the file need not lie in its log too, where nobody would check it.
            self._link.execute("PRAGMA journal_size_limit=0")
            self._link.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as err:
            raise ChainStoreFailed(f"chain database {path}: {err}") from err

    @property
    def path(self) -> Path:
        """Return where the file is."""
        return self._path

    def close(self) -> None:
        """Let go of the file."""
        self._link.close()

    def settle(self) -> bool:
        """Move everything from the log into the file; say whether nobody kept some of it back."""
        self._read("PRAGMA busy_timeout = 200")
        is_busy, _, _ = self._read("PRAGMA wal_checkpoint(TRUNCATE)")[0]
        return not is_busy

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reads inside see one moment, while the network's node goes on writing."""
        self._link.execute("BEGIN")
        try:
            yield
        finally:
            self._link.execute("COMMIT")

    def genesis(self) -> Genesis | None:
        """Return the network's genesis, or None in a new file."""
        rows = self._read("SELECT text FROM meta WHERE name = 'genesis'")
        try:
            return read_genesis(json.loads(rows[0][0])) if rows else None
        except ChainBroken as err:
            raise ChainBroken(f"{self._path.parent}: {err}") from err

    def begin(self, genesis: Genesis, changes: dict[str, str]) -> None:
        """Write the genesis and the state of block 0."""
        text = json.dumps(genesis.to_json())
        self._link.execute("BEGIN IMMEDIATE")
        self._link.execute("INSERT INTO meta VALUES ('genesis', ?)", (text,))
        self._put_state(changes)
        self._link.execute("COMMIT")

    def append(self, finished: Sequence[FinishedBlock]) -> None:
        """Write blocks in one transaction, all or none."""
        try:
            self._link.execute("BEGIN IMMEDIATE")
            for one in finished:
                self._put_block(one)
            self._link.execute("COMMIT")
        except sqlite3.Error as err:
            if self._link.in_transaction:
                self._link.execute("ROLLBACK")
            raise ChainStoreFailed(f"chain database {self._path}: {err}") from err

    def load_state(self) -> ChainState:
        """Return the state after the newest block."""
        state = ChainState()
        state.put(load(key, text) for key, text in self._read("SELECT key, text FROM state"))
        state.take_changes()
        return state

    def state_texts(self) -> dict[str, str]:
        """Return the stored state as text by name."""
        return dict(self._read("SELECT key, text FROM state ORDER BY key"))

    def head(self) -> Block | None:
        """Return the newest block, or None before the first."""
        rows = self._read("SELECT * FROM blocks ORDER BY number DESC LIMIT 1")
        return _block(rows[0]) if rows else None

    def block(self, number: int) -> Block | None:
        """Return one block."""
        rows = self._read("SELECT * FROM blocks WHERE number = ?", number)
        return _block(rows[0]) if rows else None

    def blocks(self) -> Iterator[tuple[Block, str]]:
        """Return all blocks from the first, each with the hash stored beside it."""
        try:
            for row in self._link.execute("SELECT * FROM blocks ORDER BY number"):
                yield _block(row), row[1]
        except sqlite3.Error as err:
            raise ChainStoreFailed(f"chain database {self._path}: {err}") from err

    def recent_hashes(self) -> dict[int, str]:
        """Return hashes of the newest blocks, by number."""
        query = "SELECT number, hash FROM blocks ORDER BY number DESC LIMIT ?"
        return dict(self._read(query, FRESH_BLOCKS))

    def extrinsics(self, number: int) -> tuple[tuple[dict[str, Any], str | None], ...]:
        """Return a block's extrinsics as plain data, each with its error or None."""
        query = "SELECT body, error FROM extrinsics WHERE block = ? ORDER BY position"
        return tuple((json.loads(body), error) for body, error in self._read(query, number))

    def is_whole(self) -> bool:
        """Tell whether the file's own structure holds: pages, indexes, tables as we make them."""
        query = "SELECT name, sql FROM sqlite_master ORDER BY name"
        with contextlib.closing(sqlite3.connect(":memory:")) as fresh:
            fresh.executescript(SCHEMA)
            made = fresh.execute(query).fetchall()
        return self._read(query) == made and self._read("PRAGMA integrity_check") == [("ok",)]

    def genesis_text(self) -> str:
        """Return the genesis as it is stored."""
        return str(self._read("SELECT text FROM meta WHERE name = 'genesis'")[0][0])

    def extrinsic_rows(self, number: int) -> list[tuple[int, str, str]]:
        """Return (position, hash, body) of a block's extrinsics, as they are stored."""
        query = "SELECT position, hash, body FROM extrinsics WHERE block = ? ORDER BY position"
        return [(place, name, body) for place, name, body in self._read(query, number)]

    def has_rows_outside(self, last: int) -> bool:
        """Tell whether extrinsics, rewards or evictions belong to no block of 1..last."""
        query = """SELECT EXISTS (SELECT 1 FROM extrinsics WHERE block NOT BETWEEN 1 AND ?)
          OR EXISTS (SELECT 1 FROM rewards WHERE block NOT BETWEEN 1 AND ?)
          OR EXISTS (SELECT 1 FROM evictions WHERE block NOT BETWEEN 1 AND ?)
          OR EXISTS (SELECT 1 FROM meta WHERE name <> 'genesis')"""
        return bool(self._read(query, last, last, last)[0][0])

    def find_extrinsic(self, name: str) -> tuple[int, str | None] | None:
        """Return (block, error) of an extrinsic; where it came twice, of the one that ran."""
        query = (
            "SELECT block, error FROM extrinsics WHERE hash = ? ORDER BY error IS NOT NULL, block"
        )
        rows = self._read(query, name)
        return (rows[0][0], rows[0][1]) if rows else None

    def rewards_in(self, number: int) -> tuple[Reward, ...]:
        """Return the rewards of one block."""
        query = "SELECT netuid, hotkey, role, rao FROM rewards WHERE block = ?"
        return tuple(
            Reward(netuid=netuid, hotkey=hotkey, role=role, rao=rao)
            for netuid, hotkey, role, rao in self._read(query, number)
        )

    def evictions_in(self, number: int) -> tuple[Eviction, ...]:
        """Return who gave way in one block, in the order in which they did."""
        query = f"SELECT {_EVICTION} FROM evictions WHERE block = ? ORDER BY position"
        return tuple(_eviction(row) for row in self._read(query, number))

    def recent_evictions(
        self, netuid: int | None, before: int | None, limit: int
    ) -> tuple[tuple[int, Eviction], ...]:
        """Return (block, who gave way), newest first; on one subnet if named."""
        query = f"""
          SELECT {_EVICTION}, block FROM evictions WHERE block < ? AND (? < 0 OR netuid = ?)
          ORDER BY block DESC, position DESC LIMIT ?"""
        place = -1 if netuid is None else netuid
        rows = self._read(query, _below(before), place, place, limit)
        return tuple((row[-1], _eviction(row)) for row in rows)

    def count_evictions(self) -> int:
        """Return how many neurons ever gave way."""
        return int(self._read("SELECT count(*) FROM evictions")[0][0])

    def rewards_after(
        self, number: int, limit: int, hotkeys: Sequence[str] = ()
    ) -> tuple[tuple[int, Reward], ...]:
        """Return up to about `limit` rewards of later blocks; the last block is always whole.

        Of all keys, or of `hotkeys` alone.
        """
        of_keys = f"AND hotkey IN ({','.join('?' * len(hotkeys))})" if hotkeys else ""
        query = f"""
          SELECT block, netuid, hotkey, role, rao FROM rewards WHERE block > ? {of_keys}
            AND block <= coalesce(
              (SELECT block FROM rewards WHERE block > ? {of_keys} ORDER BY block LIMIT 1 OFFSET ?),
              9223372036854775807)
          ORDER BY block, netuid, role, hotkey"""
        rows = self._read(query, number, *hotkeys, number, *hotkeys, limit)
        return tuple(
            (block, Reward(netuid=netuid, hotkey=hotkey, role=role, rao=rao))
            for block, netuid, hotkey, role, rao in rows
        )

    def recent_blocks(self, before: int | None, limit: int) -> tuple[Block, ...]:
        """Return blocks below a number, or the newest, newest first."""
        query = "SELECT * FROM blocks WHERE number < ? ORDER BY number DESC LIMIT ?"
        return tuple(_block(row) for row in self._read(query, _below(before), limit))

    def recent_extrinsics(
        self, before: int | None, signer: str | None, limit: int
    ) -> tuple[tuple[int, str, dict[str, Any], str | None], ...]:
        """Return (block, hash, body, error) of calls, newest first; of one signer if named."""
        query = "SELECT block, hash, body, error FROM extrinsics WHERE block < ? "
        newest = "ORDER BY block DESC, position DESC LIMIT ?"
        if signer is None:
            rows = self._read(query + newest, _below(before), limit)
        else:
            query += "AND json_extract(body, '$.signer') = ? "
            rows = self._read(query + newest, _below(before), signer, limit)
        return tuple((block, name, json.loads(body), error) for block, name, body, error in rows)

    def epoch_rewards(
        self, netuid: int | None, before: int | None, limit: int
    ) -> list[tuple[int, int, str, int, int]]:
        """Return (block, netuid, role, keys, rao) of what epochs paid, newest first."""
        query = """
          SELECT block, netuid, role, count(*), sum(rao) FROM rewards
          WHERE (? < 0 OR netuid = ?) AND block IN (
            SELECT DISTINCT block FROM rewards WHERE block < ? AND (? < 0 OR netuid = ?)
            ORDER BY block DESC LIMIT ?)
          GROUP BY block, netuid, role ORDER BY block DESC, netuid, role LIMIT ?"""
        place = -1 if netuid is None else netuid
        values = (place, place, _below(before), place, place, limit, limit)
        return [
            (number, on, role, count, rao)
            for number, on, role, count, rao in self._read(query, *values)
        ]

    def paid_since(self, number: int, key: str | None) -> list[tuple[int, str, str, int]]:
        """Return (netuid, key, role, rao) of what later blocks paid; to one key if named."""
        query = """
          SELECT netuid, hotkey, role, sum(rao) FROM rewards
          WHERE block > ? AND (? = '' OR hotkey = ?) GROUP BY netuid, hotkey, role"""
        rows = self._read(query, number, key or "", key or "")
        return [(netuid, earner, role, rao) for netuid, earner, role, rao in rows]

    def earned_rao(self, hotkey: str) -> int:
        """Return the sum of all rewards of a key."""
        return int(
            self._read("SELECT coalesce(sum(rao), 0) FROM rewards WHERE hotkey = ?", hotkey)[0][0]
        )

    def _read(self, query: str, *values: int | str) -> list[tuple[Any, ...]]:
        try:
            return self._link.execute(query, values).fetchall()
        except sqlite3.Error as err:
            raise ChainStoreFailed(f"chain database {self._path}: {err}") from err

    def _put_block(self, one: FinishedBlock) -> None:
        block = one.block
        self._link.execute(
            "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                block.number,
                block.hash,
                block.parent,
                block.made_at,
                block.extrinsics_hash,
                block.outcome_hash,
                block.state_root,
                block.signature,
            ),
        )
        self._link.executemany(
            "INSERT INTO extrinsics VALUES (?, ?, ?, ?, ?)",
            [
                (block.number, place, item.hash, json.dumps(item.to_json()), error)
                for place, (item, error) in enumerate(
                    zip(one.extrinsics, one.outcome.errors, strict=True)
                )
            ],
        )
        self._link.executemany(
            "INSERT INTO evictions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (block.number, place, *astuple(gone))
                for place, gone in enumerate(one.outcome.evictions)
            ],
        )
        self._link.executemany(
            "INSERT INTO rewards VALUES (?, ?, ?, ?, ?)",
            [(block.number, r.netuid, r.hotkey, r.role, r.rao) for r in one.outcome.rewards],
        )
        self._put_state(one.changes)

    def _put_state(self, changes: dict[str, str]) -> None:
        self._link.executemany(
            "INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET text = excluded.text",
            list(changes.items()),
        )


def _eviction(row: tuple[Any, ...]) -> Eviction:
    named = zip((one.name for one in fields(Eviction)), row, strict=False)
    return Eviction(**dict(named))


def _below(before: int | None) -> int:
    return min(before, NO_BLOCK) if before is not None else NO_BLOCK


def _block(row: tuple[Any, ...]) -> Block:
    number, _, parent, made_at, extrinsics_hash, outcome_hash, state_root, signature = row
    return Block(
        number=number,
        parent=parent,
        made_at=made_at,
        extrinsics_hash=extrinsics_hash,
        outcome_hash=outcome_hash,
        state_root=state_root,
        signature=signature,
    )

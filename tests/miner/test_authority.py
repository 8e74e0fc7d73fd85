"""The network's database: restarts, kills and changed bytes."""

import random
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from miner import keys
from miner.chain.authority import Authority, open_authority
from miner.chain.embedded import ChainStore
from miner.chain.extrinsic import ExtrinsicInvalid, sign_extrinsic
from miner.chain.state import ChainBroken
from miner.chain.values import Rules
from miner.chain.verify import verify_chain

START = datetime(2024, 6, 20, 8, tzinfo=UTC)
ALICE = keys.from_uri("//Alice")
RULES = Rules(tempo=10)


def open_at(home: Path, rules: Rules = RULES) -> Authority:
    return open_authority(home, START, rules)


def run(authority: Authority, blocks: int) -> None:
    number = authority.head.number
    authority.make_blocks(
        [START + timedelta(seconds=12 * (number + step)) for step in range(1, blocks + 1)]
    )


def claim(authority: Authority, nonce: int = 0):
    return sign_extrinsic(ALICE, authority.genesis.hash, nonce, "claim_grant", {})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    authority = open_at(tmp_path)
    authority.submit(claim(authority))
    register = {"netuid": 1, "hotkey": ALICE.ss58}
    run(authority, 1)
    authority.submit(sign_extrinsic(ALICE, authority.genesis.hash, 1, "register", register))
    run(authority, 24)
    authority.store.close()
    return tmp_path


def change(home: Path, statement: str) -> None:
    link = sqlite3.connect(home / "chain.db")
    with link:
        assert link.execute(statement).rowcount == 1
    link.close()


def test_restarted_network_goes_on_where_it_was(home):
    authority = open_at(home)
    assert authority.head.number == 25
    run(authority, 5)
    authority.store.close()

    verdict = verify_chain(home / "chain.db")
    assert (verdict.blocks, verdict.ok, verdict.first_bad) == (30, True, None)


def test_network_without_a_block_yet_verifies_and_restarts(tmp_path):
    open_at(tmp_path).store.close()
    again = open_at(tmp_path)
    run(again, 1)
    again.store.close()

    assert verify_chain(tmp_path / "chain.db").ok


def test_two_networks_are_never_the_same(home, tmp_path):
    other = open_at(tmp_path / "other")

    assert other.genesis.network != open_at(home).genesis.network


def test_keys_of_the_network_lie_in_its_directory_for_its_owner_alone(home):
    held = sorted((home / "keys").iterdir())

    names = ["authority.json", "owner-hotkey.json", "owner.json", "treasury.json"]
    assert [one.name for one in held] == names
    assert {one.stat().st_mode & 0o777 for one in held} == {0o600}


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE blocks SET made_at = '2024-06-20T08:00:00+00:00' WHERE number = 7", 7),
        ("UPDATE blocks SET signature = '00' WHERE number = 7", 7),
        ("UPDATE blocks SET state_root = 'ab' WHERE number = 9", 9),
        ("DELETE FROM blocks WHERE number = 12", 12),
        ("DELETE FROM extrinsics WHERE block = 2", 2),
        ("UPDATE extrinsics SET error = 'no' WHERE block = 1", 1),
        ("UPDATE extrinsics SET body = replace(body, 'claim', 'clamp') WHERE block = 1", 1),
        ("UPDATE extrinsics SET body = body || ' ' WHERE block = 1", 1),
        ("UPDATE extrinsics SET hash = 'ab' WHERE block = 1", 1),
        ("UPDATE meta SET text = text || ' '", 0),
        ("INSERT INTO rewards VALUES (99, 1, 'me', 'miner', 5)", 25),
        ("INSERT INTO rewards VALUES (9, 1, 'me', 'miner', 5)", 9),
        ("INSERT INTO evictions VALUES (9, 0, 1, 1, 'me', 'you', 5, 1)", 9),
        ("INSERT INTO evictions VALUES (99, 0, 1, 1, 'me', 'you', 5, 1)", 25),
        ("UPDATE state SET text = replace(text, '1', '2') WHERE key = 'chain'", 25),
    ],
)
def test_any_changed_byte_is_found_in_its_block(home, statement, first_bad):
    change(home, statement)

    verdict = verify_chain(home / "chain.db")
    assert (verdict.ok, verdict.first_bad) == (False, first_bad)


def test_network_refuses_to_build_on_a_changed_state(home):
    change(home, "UPDATE state SET text = replace(text, '1', '2') WHERE key = 'chain'")

    with pytest.raises(ChainBroken, match="does not belong to block 25"):
        open_at(home)


def test_network_refuses_another_authoritys_key(home):
    (home / "keys" / "authority.json").unlink()

    with pytest.raises(ChainBroken, match="not the one that this chain began with"):
        open_at(home)


def test_submitted_call_is_checked_before_it_waits(home):
    authority = open_at(home)
    eve = keys.from_uri("//Eve")
    genesis = authority.genesis.hash
    nothing = {"to": eve.ss58, "rao": 1}

    with pytest.raises(ExtrinsicInvalid, match="nonce 0 where 2 is due"):
        authority.submit(claim(authority))
    with pytest.raises(ExtrinsicInvalid, match="another chain"):
        authority.submit(sign_extrinsic(ALICE, "elsewhere", 2, "transfer", nothing))
    with pytest.raises(ExtrinsicInvalid, match="can only claim_grant"):
        authority.submit(sign_extrinsic(eve, genesis, 0, "transfer", nothing))
    assert authority.pool_size == 0


def test_one_sender_cannot_fill_the_pool(home):
    authority = open_at(home)
    for nonce in range(2, 18):
        authority.submit(claim(authority, nonce))

    with pytest.raises(ExtrinsicInvalid, match="too many calls"):
        authority.submit(claim(authority, 18))


def test_call_sent_twice_waits_once(home):
    authority = open_at(home)
    first = authority.submit(claim(authority, 2))

    assert authority.submit(claim(authority, 2)) == first
    assert authority.pool_size == 1


def test_a_bit_that_flips_in_the_file_is_found(home):
    path = home / "chain.db"
    authority = open_at(home)
    block = authority.store.block(9)
    authority.store.close()
    data = path.read_bytes()

    for text in (block.state_root, block.signature, block.made_at, "claim_grant", "CREATE TABLE"):
        place = data.index(text.encode()) + 3
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert not verify_chain(path).ok, text
    path.write_bytes(data)
    assert verify_chain(path).ok


def test_every_byte_of_a_stopped_networks_file_counts(home):
    path, chance = home / "chain.db", random.Random(7)
    open_at(home).close()
    data = path.read_bytes()
    # Between its pointers and its first cell a page holds nothing.
    empty = [at + 432 for at in range(4096, len(data), 4096) if not any(data[at + 400 : at + 464])]

    for place in (24, 70, 97, *empty, chance.randrange(len(data))):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert not verify_chain(path).ok, place
    path.write_bytes(data)
    assert empty
    assert verify_chain(path).ok


def test_a_byte_that_changes_in_a_killed_networks_log_is_found(tmp_path):
    killed = tmp_path / "killed"
    authority = open_at(tmp_path / "alive")
    for _ in range(20):
        run(authority, 1)
    shutil.copytree(tmp_path / "alive", killed)  # as a kill would leave it
    log, chance = killed / "chain.db-wal", random.Random(3)
    data = log.read_bytes()
    last = len(data) - 12 * 4120  # the last block's own frames may be what a power cut leaves

    for place in (1, 9, 17, 25, 32, 36, 41, 50, *(chance.randrange(last) for _ in range(20))):
        log.write_bytes(data[:place] + bytes([data[place] ^ 64]) + data[place + 1 :])
        assert verify_chain(killed / "chain.db").first_bad == 0, place
        assert log.exists()
    for whole in (len(data), len(data) - 1, len(data) - 4100):
        log.write_bytes(data[:whole])
        verdict = verify_chain(killed / "chain.db")
        assert verdict.ok
        assert verdict.blocks >= 19
        shutil.copytree(tmp_path / "alive", killed, dirs_exist_ok=True)


def test_a_changed_seal_is_found_and_a_running_network_has_none(home):
    open_at(home).close()
    seal = home / "chain.seal"
    text = seal.read_text()
    for place in (1, 20, len(text) - 5):
        other = "1" if text[place] == "0" else "0"
        seal.write_text(text[:place] + other + text[place + 1 :])
        assert verify_chain(home / "chain.db").first_bad == 0
    seal.write_text(text)
    assert verify_chain(home / "chain.db").ok

    authority = open_at(home)
    run(authority, 1)
    assert not seal.exists()
    assert verify_chain(home / "chain.db").ok
    authority.store.close()  # as a kill leaves it
    assert verify_chain(home / "chain.db").ok


def test_a_network_that_somebody_reads_is_not_sealed_and_verifies(home):
    authority = open_at(home)
    run(authority, 1)
    reader = sqlite3.connect(home / "chain.db")
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM blocks").fetchone() == (26,)
    run(authority, 1)
    authority.close()
    reader.execute("COMMIT")
    reader.close()

    assert verify_chain(home / "chain.db").blocks == 27
    assert verify_chain(home / "chain.db").ok


def test_a_file_that_is_no_database_is_a_verdict_and_not_a_crash(home):
    (home / "chain.db").write_bytes(b"SQLite format 3\x00" + bytes(5000))

    assert not verify_chain(home / "chain.db").ok


def test_a_network_of_another_version_is_named_by_its_directory(tmp_path: Path) -> None:
    store = ChainStore(tmp_path / "chain.db")
    with sqlite3.connect(tmp_path / "chain.db") as link:
        link.execute("""INSERT INTO meta VALUES ('genesis', '{"format": 0}')""")
    link.close()

    with pytest.raises(ChainBroken, match=rf"^{tmp_path}: this .* move its directory away"):
        store.genesis()
    store.close()

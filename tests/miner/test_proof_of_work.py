"""Seals of registration against the SDKs (11.3, and up to 9); Keccak-256 against known answers."""

from miner import keys
from miner.chain.keccak import keccak256
from miner.chain.proof_of_work import (
    adjusted_difficulty,
    legacy_seal,
    meets,
    registration_prefix,
    seal_of,
    search,
)

BLOCK = bytes.fromhex("11" * 32)
ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
BOB = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
PREFIX = registration_prefix(1, BLOCK, ALICE, BOB)


def test_keccak_is_the_one_before_sha3():
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"

    assert keccak256(b"").hex() == empty
    assert keccak256(bytes(136)).hex() != keccak256(bytes(135)).hex()


def test_seal_of_todays_sdk():
    assert len(PREFIX) == 123
    assert seal_of(PREFIX, 12345).hex() == (
        "29887b1a3d7db70165f1910cfeeffa74f4cb6bf560946ca4f0c24566190e202b"
    )


def test_search_finds_the_first_nonce_that_meets_the_difficulty():
    nonce = search(PREFIX, 1000, 0, 1000)

    assert nonce == 333
    assert seal_of(PREFIX, 333).hex() == (
        "3f181310e33964837797b9a7b407f75969966fde8de8cd9794dc2183997e0c00"
    )
    assert meets(seal_of(PREFIX, 333), 1000)
    assert not meets(seal_of(PREFIX, 332), 1000)
    assert search(PREFIX, 1000, 0, 333) is None


def test_seal_of_the_old_chain():
    seal = legacy_seal(BLOCK, keys.public_bytes(ALICE), 12345)

    assert seal.hex() == "bfae8f86ff324262ec9ea249f628fadd2940b7087ea66fea8ff77432cd04096f"


def test_difficulty_follows_registrations_within_its_limits():
    assert adjusted_difficulty(1000, 2, 2, least=1, most=9000) == 1000
    assert adjusted_difficulty(1000, 6, 2, least=1, most=9000) == 2000
    assert adjusted_difficulty(1000, 0, 2, least=600, most=9000) == 600
    assert adjusted_difficulty(8000, 99, 2, least=1, most=9000) == 9000

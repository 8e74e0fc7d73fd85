"""Registration by proof of work: the seal of the chain and of SDK 11.3, and the older one."""

import hashlib

from miner import keys
from miner.chain.keccak import keccak256

DOMAIN = b"subtensor-pow-register-v1"
FRESH_BLOCKS = 5
"""A proof counts for so many blocks after the one that it names."""
LARGEST_SEAL = (1 << 256) - 1
MAX_NONCE = (1 << 64) - 1


def registration_prefix(netuid: int, block_hash: bytes, hotkey: str, coldkey: str) -> bytes:
    """Return what every nonce of one search is hashed with: 123 bytes."""
    return (
        DOMAIN
        + netuid.to_bytes(2, "little")
        + block_hash
        + keys.public_bytes(hotkey)
        + keys.public_bytes(coldkey)
    )


def seal_of(prefix: bytes, nonce: int) -> bytes:
    """Return the seal of a nonce: keccak256(sha256(prefix + nonce))."""
    return keccak256(hashlib.sha256(prefix + nonce.to_bytes(8, "little")).digest())


def legacy_seal(block_hash: bytes, hotkey_public: bytes, nonce: int) -> bytes:
    """Return the seal of chains before spec 371 and of SDKs up to 9."""
    bound = keccak256(block_hash + hotkey_public)
    return keccak256(hashlib.sha256(nonce.to_bytes(8, "little") + bound).digest())


def meets(seal: bytes, difficulty: int) -> bool:
    """Tell whether a seal, as a little-endian number, is small enough."""
    return int.from_bytes(seal, "little") <= LARGEST_SEAL // difficulty


def search(prefix: bytes, difficulty: int, start: int, attempts: int) -> int | None:
    """Return the first nonce that meets the difficulty, or None after so many attempts.

    Native code on one thread, about a million hashes a second, without Python's lock; at most
    2^20 attempts.
    """
    return keys.search_nonce(prefix, difficulty, start, attempts)


def adjusted_difficulty(
    difficulty: int, registrations: int, target: int, *, least: int, most: int
) -> int:
    """Return the difficulty after an interval: halfway to what would have met the target.

    The rule of chains up to spec 371, with its moving average at 0:
    difficulty · (registrations + target) / (2 · target).
    """
    moved = difficulty * (registrations + target) // (2 * target)
    return min(most, max(least, moved))

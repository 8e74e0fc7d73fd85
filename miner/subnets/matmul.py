"""The subnet `matmul`: long chains of matrix products, which are dear to make and cheap to check.

All is counted modulo a prime below 256, so that an entry is a byte and a product of two matrices
is exact in single precision on any processor or card. Freivalds 1977: for random vectors r,
`C r = A1 (A2 (… (An r)))` fails for a wrong C but for one time in the prime, each.
"""

import asyncio
import base64
import binascii
import hashlib
import secrets
from typing import Any

import numpy as np
from numpy.typing import NDArray

from miner.subnets.at_once import AtOnceJudge
from miner.subnets.subnet import QuestionInvalid, Subnet, Surroundings
from miner.wire.synapse import SynapseField, SynapseKind
from solard.core.modes import WorkMode

NAME = "matmul"
PRIME = 251
SIZE = 192
"""Rows and columns; a product must fit an answer's 64 KiB, as text."""
LARGEST_SIZE = 256
"""Up to here no sum of products passes 2**24: 256 * 250 * 250."""
LINKS = 96
MOST_LINKS = 4096
CHECKS = 4
"""Random vectors of a check: a wrong product passes one time in 4,000,000,000."""
LINKS_OF_MODE = {WorkMode.FULL: 1.0, WorkMode.ECO: 0.25, WorkMode.STANDBY: 1.0 / 48.0}
"""Which part of the chain a mode can afford; the score is that part."""
ROUND_S = 900.0

KIND = SynapseKind(
    name=NAME,
    fields=(
        SynapseField(name="seed", kind="str", is_required=True),
        SynapseField(name="size", kind="int", is_required=True),
        SynapseField(name="links", kind="int", is_required=True),
        SynapseField(name="product", kind="str"),
        SynapseField(name="done", kind="int"),
    ),
    hash_fields=("seed", "size", "links"),
)

Matrix = NDArray[np.float32]


def matrix(seed: bytes, place: int, size: int) -> Matrix:
    """Return one matrix of a chain, the same on every machine (SHAKE-128 of seed and place)."""
    stream = hashlib.shake_128(seed + place.to_bytes(4, "big")).digest(size * size)
    return _entries(stream, size)


def multiply(seed: bytes, size: int, links: int) -> Matrix:
    """Return the product of a chain's first `links` matrices, modulo the prime."""
    product = matrix(seed, 0, size)
    for place in range(1, links):
        product = _reduce(product @ matrix(seed, place, size))
    return product


def holds(seed: bytes, size: int, links: int, product: Matrix) -> bool:
    """Say whether a product is right, with a thousandth of the work of making it."""
    drawn = secrets.token_bytes(size * CHECKS)
    vectors = _entries(drawn, CHECKS)
    wanted = vectors
    for place in reversed(range(links)):
        wanted = _reduce(matrix(seed, place, size) @ wanted)
    return bool(np.array_equal(_reduce(product @ vectors), wanted))


def _entries(stream: bytes, columns: int) -> Matrix:
    entries = np.frombuffer(stream, dtype=np.uint8) % np.uint8(PRIME)
    return entries.reshape(-1, columns).astype(np.float32)


def _reduce(sums: Matrix) -> Matrix:
    """Return whole numbers below 2**24 modulo the prime; a hundred times faster than `%`."""
    rest: Matrix = sums - np.floor(sums * np.float32(1.0 / PRIME)) * PRIME
    # The quotient is rounded, so the rest may be one prime too low or too high.
    rest[rest < 0.0] += PRIME
    rest[rest >= PRIME] -= PRIME
    return rest


class MatmulWorker:
    """Multiplies as much of a chain as its mode can afford."""

    def __init__(self, surroundings: Surroundings) -> None:
        del surroundings  # it needs nothing but a processor

    async def learn(self) -> None:
        """There is nothing to learn."""

    async def answer(self, question: Any, mode: WorkMode) -> dict[str, Any]:
        """Return the product of a part of the chain."""
        seed, size, links = _read_question(question)
        done = max(2, round(links * LINKS_OF_MODE.get(mode, 0.0)))
        product = await asyncio.to_thread(multiply, seed, size, min(done, links))
        text = base64.b64encode(product.astype(np.uint8).tobytes()).decode()
        return {"product": text, "done": min(done, links)}


def new_judge(surroundings: Surroundings) -> AtOnceJudge:
    """Return a judge that gives each miner a chain of its own and checks what comes."""
    del surroundings
    return AtOnceJudge(ask, score)


def ask(seed: bytes) -> dict[str, Any]:
    """Return the chain of a seed."""
    return {"seed": seed.hex(), "size": SIZE, "links": LINKS}


def score(seed: bytes, answer: Any) -> float | None:
    """Return which part of the chain was multiplied; a wrong product is worth nothing."""
    read = _read_answer(answer)
    if read is None:
        return None
    product, done = read
    return done / LINKS if holds(seed, SIZE, done, product) else 0.0


def _read_question(data: Any) -> tuple[bytes, int, int]:
    try:
        seed, size, links = bytes.fromhex(data["seed"]), data["size"], data["links"]
    except (TypeError, ValueError, KeyError) as err:
        raise QuestionInvalid(f"this is no question of matmul: {err}") from err
    if type(size) is not int or not 2 <= size <= LARGEST_SIZE or len(seed) > 64:
        raise QuestionInvalid(f"a matrix of matmul has 2 to {LARGEST_SIZE} rows, not {size!r}")
    if type(links) is not int or not 2 <= links <= MOST_LINKS:
        raise QuestionInvalid(f"a chain of matmul has 2 to {MOST_LINKS} links, not {links!r}")
    return seed, size, links


def _read_answer(data: Any) -> tuple[Matrix, int] | None:
    try:
        raw, done = base64.b64decode(data["product"], validate=True), data["done"]
    except (TypeError, ValueError, KeyError, binascii.Error):
        return None
    if type(done) is not int or not 2 <= done <= LINKS or len(raw) != SIZE * SIZE:
        return None
    return np.frombuffer(raw, dtype=np.uint8).reshape(SIZE, SIZE).astype(np.float32), done


MATMUL = Subnet(
    name=NAME,
    about="compute: chains of matrix products, checked by Freivalds",
    kind=KIND,
    round_s=ROUND_S,
    mode_power_w={WorkMode.FULL: 40.0, WorkMode.ECO: 15.0, WorkMode.STANDBY: 1.0},
    new_worker=MatmulWorker,
    new_judge=new_judge,
)

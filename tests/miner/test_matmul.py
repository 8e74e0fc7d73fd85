"""The subnet `matmul`: right products pass, wrong ones do not, and power decides their length."""

import base64
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from miner.subnets import matmul
from miner.subnets.matmul import MATMUL, SIZE, holds, matrix, multiply
from miner.subnets.subnet import QuestionInvalid, Surroundings
from solard.core.modes import WorkMode
from tests.miner.subnets import NOON, alone


def test_a_chain_is_the_same_on_every_machine() -> None:
    assert matrix(b"seed", 0, 2).tolist() == [[117.0, 98.0], [134.0, 216.0]]


def test_a_product_is_counted_modulo_the_prime() -> None:
    first, second = matrix(b"seed", 0, 2).astype(int), matrix(b"seed", 1, 2).astype(int)

    wanted = [
        [sum(first[i][k] * second[k][j] for k in (0, 1)) % 251 for j in (0, 1)] for i in (0, 1)
    ]

    assert multiply(b"seed", 2, 2).tolist() == wanted


def test_the_largest_sums_stay_exact_in_single_precision() -> None:
    assert matmul.LARGEST_SIZE * 250 * 250 < 2**24


def test_a_right_product_holds_and_one_wrong_byte_does_not() -> None:
    product = multiply(b"seed", 64, 8)
    wrong = product.copy()
    wrong[3, 5] = (wrong[3, 5] + 1) % 251

    assert holds(b"seed", 64, 8, product)
    assert not holds(b"seed", 64, 8, wrong)
    assert not holds(b"seed", 64, 7, product)
    assert not holds(b"other", 64, 8, product)


@pytest.mark.parametrize(
    ("mode", "done", "score"),
    [(WorkMode.FULL, 96, 1.0), (WorkMode.ECO, 24, 0.25), (WorkMode.STANDBY, 2, 2 / 96)],
)
async def test_a_miner_does_what_its_mode_can_afford(
    mode: WorkMode, done: int, score: float
) -> None:
    worker, judge = MATMUL.new_worker(alone()), MATMUL.new_judge(alone())
    await worker.learn()
    await judge.open(NOON)

    answer = await worker.answer(judge.question(NOON, "a"), mode)

    assert answer["done"] == done
    assert len(answer["product"]) < 60_000
    assert judge.hear(NOON, "a", answer)
    (verdict,) = await judge.settle(NOON)
    assert (verdict.hotkey, verdict.score, verdict.weight) == ("a", pytest.approx(score), 1.0)
    assert await judge.settle(NOON) == ()


async def test_a_copied_product_is_worth_nothing() -> None:
    judge = MATMUL.new_judge(alone())
    answer = await MATMUL.new_worker(alone()).answer(judge.question(NOON, "a"), WorkMode.ECO)

    judge.hear(NOON, "b", answer)

    assert [one.score for one in await judge.settle(NOON)] == [0.0]


async def test_an_invented_product_is_worth_nothing() -> None:
    judge = MATMUL.new_judge(alone())
    noise = np.random.default_rng(1).integers(0, 251, SIZE * SIZE, dtype=np.uint8).tobytes()

    judge.hear(NOON, "a", {"product": base64.b64encode(noise).decode(), "done": 96})

    assert [one.score for one in await judge.settle(NOON)] == [0.0]


async def test_silence_is_worth_nothing_and_nonsense_is_asked_again() -> None:
    judge = MATMUL.new_judge(alone())

    assert judge.hear(NOON, "a", None)
    assert not judge.hear(NOON, "b", {"product": "!!", "done": 96})
    assert not judge.hear(NOON, "b", {"product": "AAAA", "done": 96})
    assert not judge.hear(NOON, "b", {"product": "AAAA", "done": 97})
    assert not judge.hear(NOON, "b", [])
    assert [one.hotkey for one in await judge.settle(NOON)] == ["a"]


def test_a_round_is_the_same_after_a_restart_and_another_for_everybody() -> None:
    judge, again = MATMUL.new_judge(alone()), MATMUL.new_judge(alone())
    later = datetime(2024, 6, 20, 12, 15, tzinfo=UTC)

    again.restore(judge.to_json())
    again.restore({})

    assert again.question(NOON, "a") == judge.question(NOON, "a")
    assert judge.question(NOON, "a") != judge.question(NOON, "b")
    assert judge.question(NOON, "a") != judge.question(later, "a")


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"seed": "xyz", "size": 8, "links": 8},
        {"seed": "00" * 65, "size": 8, "links": 8},
        {"seed": "00", "size": 257, "links": 8},
        {"seed": "00", "size": 8, "links": 5000},
        {"seed": "00", "size": True, "links": 8},
        [],
    ],
)
async def test_a_question_that_is_none_is_refused(question: Any) -> None:
    surroundings: Surroundings = alone()

    with pytest.raises(QuestionInvalid):
        await MATMUL.new_worker(surroundings).answer(question, WorkMode.FULL)

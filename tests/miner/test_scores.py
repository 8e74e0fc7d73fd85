"""Scores, weights and what a validator keeps."""

import math
from datetime import UTC, datetime

import pytest

from miner.chain.backend import Metagraph, NeuronInfo
from miner.kept import keep, read_kept
from miner.memory import Memory, Round, read_memory
from miner.scores import Score, weigh


def graph_of(*hotkeys: str) -> Metagraph:
    return Metagraph(
        netuid=1,
        name="sunlight",
        block=100,
        tempo=30,
        epochs=3,
        next_epoch_block=122,
        burn_rao=1,
        weights_rate_limit=5,
        owner_hotkey="owner",
        neurons=tuple(
            NeuronInfo(
                netuid=1,
                subnet="sunlight",
                uid=uid,
                hotkey=hotkey,
                role="miner",
                permit=False,
                incentive=0.0,
                rank=1,
                trust=0.0,
                vtrust=0.0,
                dividends=0.0,
                emission_rao=0,
                stake_rao=0,
                last_update=0,
                registered_block=0,
                immune=True,
                immune_until=9,
                axon=None,
            )
            for uid, hotkey in enumerate(hotkeys)
        ),
    )


def steady(value: float) -> Score:
    return Score(total=value, seen=1.0)


def test_first_slot_counts_whole():
    assert Score().average == 0.0
    assert Score().after(0.8, 1.0).average == pytest.approx(0.8)


@pytest.mark.parametrize(("slots", "left"), [(1, 0.9), (6, 0.5314), (12, 0.2824), (48, 0.0064)])
def test_silence_wears_a_score_down_as_the_chains_template_does(slots, left):
    score = steady(1.0)
    for _ in range(slots):
        score = score.after(0.0, 1.0)

    assert score.average == pytest.approx(left, abs=5e-5)


def test_dark_slot_moves_a_score_a_tenth_as_far():
    assert steady(1.0).after(0.0, 0.1).average == pytest.approx(0.99)


def test_score_that_is_no_number_is_zero():
    assert Score().after(math.nan, 1.0).average == 0.0
    assert Score().after(7.0, math.inf).average == 0.0


def test_weights_share_what_the_best_is_worth_and_the_rest_is_recycled():
    scores = {"a": steady(0.8), "b": steady(0.4), "gone": steady(1.0), "owner": steady(1.0)}
    weights = weigh(scores, graph_of("owner", "a", "b", "silent"))

    # 0.8 to share by squares 0.64 : 0.16.
    assert weights == pytest.approx({0: 0.2, 1: 0.64, 2: 0.16})


def test_perfect_miner_leaves_nothing_to_recycle():
    assert weigh({"a": steady(1.0)}, graph_of("owner", "a")) == {1: 1.0}


def test_miners_worth_nothing_leave_everything_to_recycle():
    assert weigh({"a": steady(0.0)}, graph_of("owner", "a")) == {0: 1.0}


def test_nobody_scored_means_no_weights():
    assert weigh({}, graph_of("owner", "a")) == {}


def test_memory_survives_a_restart(tmp_path):
    at = datetime(2024, 6, 20, 12, tzinfo=UTC)
    memory = Memory(
        scores={"a": Score(total=0.4, seen=0.5)},
        round=Round(at=at, asked={"a", "b"}, answered={"a"}, is_closed=False),
        judge={"secret": "ab"},
        weights_set=3,
        queries=4,
        verdicts=5,
        is_changed=True,
    )
    keep(tmp_path / "memory.json", memory.to_json())

    assert read_memory(read_kept(tmp_path / "memory.json")) == memory


def test_missing_or_broken_memory_is_an_empty_one(tmp_path):
    (tmp_path / "broken.json").write_text('{"scores": ')

    assert read_memory(read_kept(tmp_path / "none.json")) == Memory()
    assert read_memory(read_kept(tmp_path / "broken.json")) == Memory()
    assert read_memory({"scores": {"a": ["x", 1], "b": [9, 1]}}) == Memory()


@pytest.mark.parametrize(
    ("silent_slots", "left"),
    # Asked every 10 minutes: after 1, 4, 8 and 12 hours; every hour: after 8.
    [(6, 0.5314), (24, 0.0798), (48, 0.0064), (72, 0.0005), (8, 0.4305)],
)
def test_silence_wears_a_score_down_as_on_the_real_subnets(silent_slots, left):
    score = steady(1.0)
    for _ in range(silent_slots):
        score = score.after(0.0, 1.0)

    assert score.average == pytest.approx(left, abs=5e-5)

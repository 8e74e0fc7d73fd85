"""One answer of several."""

from miner.subnets.catalog import find_subnet
from miner.subnets.mixing import mean_of, take_best, vote_of


def test_the_heaviest_answers_where_a_mean_makes_no_sense() -> None:
    assert take_best([(0.2, {"product": "a"}), (0.7, {"product": "b"})]) == {"product": "b"}


def test_forecasts_are_mixed_slot_by_slot_by_weight() -> None:
    answers = [(3.0, {"pv_wh": [100, 200.0]}), (1.0, {"pv_wh": [200.0, 0.0]})]

    assert find_subnet("sunlight").mix(answers) == {"pv_wh": [125.0, 150.0], "model": "mixture"}


def test_texts_vote_by_weight_and_not_by_number() -> None:
    answers = [
        (0.6, {"answers": ["Genoa", "12"]}),
        (0.3, {"answers": ["bergen", "13"]}),
        (0.2, {"answers": ["Bergen", "12"]}),
    ]

    assert find_subnet("text").mix(answers)["answers"] == ["genoa", "12"]


def test_answers_of_another_form_have_no_say() -> None:
    odd = {"pv_wh": [True], "answers": [7]}

    assert mean_of([(1.0, odd), (1.0, {"pv_wh": [5.0]})], "pv_wh") == [5.0]
    assert vote_of([(1.0, odd), (1.0, {"answers": ["a"]})], "answers") == ["a"]
    assert mean_of([(1.0, odd)], "pv_wh") is None
    assert find_subnet("text").mix([(1.0, odd)]) == odd
    assert find_subnet("sunlight").mix([(1.0, {"pv_wh": "x"})]) == {"pv_wh": "x"}


def test_lists_of_another_length_than_the_bests_have_no_say() -> None:
    answers = [(1.0, {"pv_wh": [1.0, 2.0]}), (1.0, {"pv_wh": [9.0]})]
    words = [(1.0, {"answers": ["a", "b"]}), (1.0, {"answers": ["c"]})]

    assert mean_of(answers, "pv_wh") == [1.0, 2.0]
    assert vote_of(words, "answers") == ["a", "b"]

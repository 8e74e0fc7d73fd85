"""Yuma consensus against epochs that the chain's own code computed (subtensor, Unlicense)."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miner.chain.fixed import ONE
from miner.chain.yuma.bonds import LiquidAlpha, liquid_alphas, weights_for_bonds
from miner.chain.yuma.entries import entries_of
from miner.chain.yuma.epoch import YumaInput, YumaParameters, YumaResult, run_epoch
from miner.chain.yuma.exponential import exponentials
from miner.chain.yuma.vectors import VectorsInvalid, computed
from miner.chain.yuma.wide import product, quotient
from tests.miner.slow_yuma import slow_epoch

DATA = Path(__file__).parent / "data"


def recorded(name: str) -> dict[str, Any]:
    return json.loads((DATA / name).read_text())


NATIVE = recorded("yuma_math425.json")["cases"]
RUNTIME = recorded("yuma_runtime143.json")["cases"]
CHAIN_TESTS = recorded("yuma_chain_tests.json")


def without(case: dict[str, Any], output: str) -> dict[str, Any]:
    case = copy.deepcopy(case)
    for epoch in case["epochs"]:
        del epoch[output]
    return case


@pytest.mark.parametrize("case", NATIVE, ids=lambda case: case["name"])
def test_epochs_equal_the_chains_own_arithmetic_bit_for_bit(case):
    assert computed({"cases": [without(case, "output")]})["cases"] == [case]


@pytest.mark.parametrize("case", RUNTIME, ids=lambda case: case["name"])
def test_epochs_equal_the_real_runtime_in_every_u16(case):
    assert computed({"cases": [without(case, "expected")]})["cases"] == [case]


def test_the_recordings_hold_all_epochs():
    assert sum(len(case["epochs"]) for case in NATIVE) == 44
    assert sum(len(case["epochs"]) for case in RUNTIME) == 71


SCENARIOS = CHAIN_TESTS["yuma3_scenarios"]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one["test"])
def test_yuma3_scenarios_of_the_chain_are_met_to_their_printed_digits(scenario):
    file = {"yuma3_scenarios": [scenario], "params_yuma3": CHAIN_TESTS["params_yuma3"]}

    (answer,) = computed(file)["yuma3_scenarios"]

    miners = len(answer["target_bonds"][0][0])
    for got, wanted in zip(answer["target_dividends"], scenario["target_dividends"], strict=True):
        assert got == pytest.approx(wanted, abs=1.1e-4)
    for got, wanted in zip(answer["target_bonds"], scenario["target_bonds"], strict=True):
        # One scenario prints the third validator's own column too.
        assert got == [pytest.approx(row[-miners:], abs=1.1e-4) for row in wanted]


def test_steps_of_the_chains_own_tests_pay_the_same_rao():
    answer = computed({"epoch_steps": CHAIN_TESTS["epoch_steps"]})["epoch_steps"]

    for got, wanted in zip(answer, CHAIN_TESTS["epoch_steps"], strict=True):
        name = "emission_rao_of_1e9"
        assert got["printed"][name] == wanted["printed"][name]


def test_bonds_of_the_chains_own_test_come_out():
    steps = [one for one in CHAIN_TESTS["epoch_steps"] if one["test"] == "test_bonds"]

    last = computed({"epoch_steps": steps})["epoch_steps"][6]["printed"]["bonds_u16"]

    assert [last[uid][-1] for uid in range(4)] == [[7, 8376], [7, 18824], [7, 49150], [7, 65535]]


def test_outputs_in_a_file_are_never_read():
    case = copy.deepcopy(NATIVE[0])
    case["epochs"][0]["output"] = {"stake": "nonsense"}

    assert computed({"cases": [case]})["cases"] == [NATIVE[0]]


@pytest.mark.parametrize("data", [[], {}, {"cases": [{"params": {}, "epochs": [{}]}]}])
def test_a_file_of_another_shape_is_refused(data):
    with pytest.raises(VectorsInvalid):
        computed(data)


def epoch(parameters: YumaParameters, **changes: Any) -> YumaResult:
    """Two validators of equal stake weigh two miners alike."""
    fields: dict[str, Any] = {
        "block": 100,
        "last_tempo": 90,
        "stake": (10, 10, 0, 0),
        "permits": (True, True, False, False),
        "last_update": (95, 95, 95, 95),
        "registered": (1, 1, 1, 1),
        "weights": entries_of([[(2, 100), (3, 100)], [(2, 100), (3, 100)], [], []]),
        "bonds": entries_of([[], [], [], []]),
    }
    return run_epoch(YumaInput(**(fields | changes)), parameters)


def test_stake_below_the_threshold_counts_as_none_but_the_owners_does():
    result = epoch(YumaParameters(stake_threshold_rao=11, owner_uid=0))

    assert result.stake == [ONE, 0, 0, 0]
    assert result.new_permits == [True, False, False, False]


def test_weights_committed_before_a_miner_registered_do_not_reach_it():
    result = epoch(YumaParameters(), registered=(1, 1, 1, 94), commit_blocks=(93, 93, None, None))

    assert result.incentive == [0, 0, ONE, 0]


def test_a_newcomer_gets_no_old_bonds():
    bonds = entries_of([[(2, 65535), (3, 65535)], [], [], []])

    kept = epoch(YumaParameters(), bonds=bonds)
    masked = epoch(YumaParameters(), bonds=bonds, registered=(1, 1, 1, 92), last_update=(95,) * 4)

    assert kept.dividends[0] > masked.dividends[0] > masked.dividends[1]


def test_a_partial_penalty_rounds_as_a_signed_product_does():
    weight, clipped, penalty = 2684354560, 1288490188, (32767 << 32) // 65535
    one = [np.array([[value]], np.uint64) for value in (weight, clipped)]

    left, named = weights_for_bonds(*one, np.array([[True]]), 32767)

    # The difference is negative, and a shift to the right rounds down.
    assert left.tolist() == [[weight + ((penalty * (clipped - weight)) >> 32)]]
    assert left.tolist() != [[weight - ((penalty * (weight - clipped)) >> 32)]]
    assert named.tolist() == [[True]]


def test_an_explicit_zero_lets_a_liquid_bond_decay_and_silence_drops_it():
    parameters = YumaParameters(yuma3=True, liquid=LiquidAlpha(), bonds_penalty_u16=0)
    bonds = entries_of([[(2, 60000), (3, 60000)], [(2, 60000)], [], []])
    named = entries_of([[(2, 100), (3, 0)], [(2, 100)], [], []])
    silent = entries_of([[(2, 100)], [(2, 100)], [], []])

    decayed = epoch(parameters, bonds=bonds, weights=named).bonds.pairs()[0]
    dropped = epoch(parameters, bonds=bonds, weights=silent).bonds.pairs()[0]

    assert 0 < dict(decayed)[3] < 60000
    assert 3 not in dict(dropped)


I32F32 = st.integers(0, ONE)


@given(a=I32F32, b=I32F32)
def test_products_and_quotients_are_exact(a, b):
    left, right = np.array([a], np.uint64), np.array([b], np.uint64)

    assert product(left, right).tolist() == [(a * b) >> 32]
    assert quotient(left, right).tolist() == [(a << 32) // b if b else 0]


def series(x: int) -> int:
    size = min(abs(x), 20 << 32)
    if x == 0:
        return ONE
    if x == ONE:
        return 22802600 << 9
    result, term = size + ONE, size
    for place in range(2, 32):
        term = ((term * size) >> 32) // place
        result += term
    return (1 << 64) // result if x < 0 else result


@given(x=st.integers(-(60 << 32), 60 << 32))
def test_the_exponential_is_the_chains_series_to_the_last_bit(x):
    assert exponentials(np.array([x, 0, ONE, -ONE], np.int64)).tolist() == [
        series(x),
        series(0),
        series(ONE),
        series(-ONE),
    ]


@given(consensus=I32F32, weight=I32F32, bond=I32F32, steepness=st.integers(-32768, 32767))
def test_liquid_alpha_stays_between_its_ends(consensus, weight, bond, steepness):
    liquid = LiquidAlpha(low_u16=6553, high_u16=58982, steepness=steepness)
    one = [np.array([value], np.uint64) for value in (consensus, weight, bond)]

    (alpha,) = liquid_alphas(*one, liquid).tolist()

    assert (6553 << 32) // 65535 <= alpha <= (58982 << 32) // 65535


def test_a_subnet_in_which_nobody_votes_or_weighs_has_an_epoch_too():
    nothing = entries_of([[], []])

    result = epoch(
        YumaParameters(yuma3=True),
        stake=(0, 0),
        permits=(False, False),
        last_update=(1, 1),
        registered=(1, 1),
        weights=nothing,
        bonds=nothing,
    )

    assert result.combined_share == [0, 0]
    assert result.bonds.pairs() == [[], []]


U16 = st.integers(0, 65535)
SMALL_OR_WHOLE = st.one_of(st.sampled_from([0, 1, 32767, 65535]), U16)


@st.composite
def subnets(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Any subnet: silent and poor validators, newcomers, commits, explicit zeros, old bonds."""
    count = draw(st.integers(1, 9))

    def each(of: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(of, min_size=count, max_size=count))

    rows = st.dictionaries(st.integers(0, count - 1), st.one_of(st.just(0), U16), max_size=count)
    rao = st.one_of(st.just(0), st.integers(1, 10), st.integers(0, 10**16))
    given_ = {
        "block": 1000,
        "last_tempo": 900,
        "stake": each(rao),
        "permits": each(st.booleans()),
        "last_update": each(st.integers(880, 1000)),
        "registered": each(st.sampled_from([1, 1, 1, 890, 900, 950])),
        "weights": [sorted(row.items()) for row in each(rows)],
        "bonds": [sorted(row.items()) for row in each(rows)],
        "commit_blocks": each(st.one_of(st.none(), st.integers(880, 1000))),
    }
    alphas = sorted([draw(U16), draw(U16)])
    parameters = {
        "kappa_u16": draw(SMALL_OR_WHOLE),
        "bonds_moving_average": draw(st.sampled_from([0, 1, 500_000, 900_000, 975_000, 1_000_000])),
        "bonds_penalty_u16": draw(SMALL_OR_WHOLE),
        "yuma3": draw(st.booleans()),
        "liquid": draw(st.sampled_from([None, (*alphas, draw(st.integers(-32768, 32767)))])),
        "max_validators": draw(st.integers(1, 10)),
        "stake_threshold_rao": draw(st.sampled_from([0, 5, 10**15])),
        "activity_cutoff": draw(st.sampled_from([60, 5000])),
        "owner_uid": draw(st.one_of(st.none(), st.integers(0, count - 1))),
    }
    return given_, parameters


@settings(max_examples=150, deadline=None)
@given(subnet=subnets())
def test_any_epoch_equals_the_slow_arithmetic_of_single_integers(subnet):
    fields, params = subnet
    wanted = slow_epoch(fields, params)
    liquid = params["liquid"]
    parameters = {
        **params,
        "liquid": liquid
        and LiquidAlpha(low_u16=liquid[0], high_u16=liquid[1], steepness=liquid[2]),
    }

    result = run_epoch(
        YumaInput(
            **{
                **fields,
                "weights": entries_of(fields["weights"]),
                "bonds": entries_of(fields["bonds"]),
            }
        ),
        YumaParameters(**parameters),
    )

    got = {name: getattr(result, name) for name in wanted if name != "bonds"}
    assert {**got, "bonds": result.bonds.pairs()} == wanted

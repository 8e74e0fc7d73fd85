"""Tables of money and proofs of work against the chain's own (spec 425) and the SDKs'."""

import copy
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from miner.chain.economy import BURN_DECAY_Q32, decay_factor_q32
from miner.chain.yuma.vectors import VectorsInvalid, computed
from solard.cli.network import network

DATA = Path(__file__).parent / "data"
MONEY = json.loads((DATA / "tokenomics.json").read_text())
PROOFS = json.loads((DATA / "proofs_of_work.json").read_text())


def without_results(file):
    """Return the money's tables with nothing in them but what they are computed from."""
    file = copy.deepcopy(file)
    left = file["validator_score_fraction_left_after_offline"].values()
    prices = file["burn"]["from_1TAO_after_blocks"]
    for results in (file["block_emission_rao_by_issuance_tao"], prices, *left):
        for name in results:
            results[name] = None
    for one in file["lock_cost"]["examples"]:
        one["cost_rao"] = None
    file["burn"]["decay_factor_q32_half_life_360"] = None
    return file


def test_every_table_of_the_chains_money_is_met_exactly():
    assert computed(without_results(MONEY)) == MONEY


def test_proofs_of_work_of_today_and_of_old_are_met_exactly():
    blank = copy.deepcopy(PROOFS)
    for name in ("prefix_hex", "seal_nonce_12345", "seal_of_it"):
        blank["v11_pow"][name] = None
    blank["v11_pow"]["first_nonce_difficulty_1000_from_0"] = None
    blank["legacy_pow"]["seal_nonce_12345"] = None

    assert computed(blank) == PROOFS


def test_a_price_halves_in_the_half_life_that_the_table_names():
    assert decay_factor_q32(360) == BURN_DECAY_Q32
    assert decay_factor_q32(1) == 1 << 31
    table = {"half_life_blocks": 2, "min_rao": 0, "from_4TAO_after_blocks": {"2": 0, "4": 0}}
    prices = computed({"burn": table})["burn"]["from_4TAO_after_blocks"]

    # The largest factor whose square is not above a half, and each block truncates.
    assert prices["2"] == pytest.approx(2 * 10**9, abs=3)
    assert prices["4"] == pytest.approx(10**9, abs=3)


@pytest.mark.parametrize(
    "file",
    [
        {"lock_cost": {"examples": [{}]}},
        {"v11_pow": {"netuid": 1}},
        {"burn": {}},
        {"burn": {"half_life_blocks": 1, "from_1TAO_after_blocks": {"soon": 1}}},
        {"validator_score_fraction_left_after_offline": {"often": {"1h": 0}}},
    ],
)
def test_a_table_that_names_no_inputs_is_refused_in_a_sentence(file):
    with pytest.raises(VectorsInvalid, match="cannot be read"):
        computed(file)


def test_the_command_line_computes_tables_too():
    ran = CliRunner().invoke(network, ["yuma", str(DATA / "tokenomics.json"), "--json"])

    assert json.loads(ran.output) == MONEY

"""Yuma consensus against epochs that the chain's own code computed (subtensor, Unlicense)."""

import json
from pathlib import Path

import pytest

from miner.chain.fixed import to_u16, upscale_to_u16
from miner.chain.yuma import YumaInput, YumaParameters, YumaResult, run_epoch

DATA = Path(__file__).parent / "data"
NATIVE = json.loads((DATA / "yuma_classic.json").read_text())["cases"]
RUNTIME = json.loads((DATA / "yuma_runtime143.json").read_text())["cases"]


def rows(data):
    return tuple(dict(map(tuple, row)) for row in data)


def run_native(case: dict, epoch: dict) -> YumaResult:
    given, params = epoch["input"], case["params"]
    owner = params["owner_uid"]
    return run_epoch(
        YumaInput(
            block=given["block"],
            last_tempo=given["last_tempo"],
            stake=tuple(case["stake_rao"]),
            permits=tuple(map(bool, given["permits"])),
            last_update=tuple(given["last_update"]),
            registered=tuple(given["registered"]),
            weights=rows(given["weights"]),
            bonds=rows(given["bonds"]),
        ),
        YumaParameters(
            kappa_u16=params["kappa_u16"],
            bonds_moving_average=params["bonds_moving_average"],
            bonds_penalty_u16=params["bonds_penalty_u16"],
            max_validators=params["max_allowed_validators"],
            activity_cutoff=params["activity_cutoff"],
            owner_uid=None if owner < 0 else owner,
        ),
    )


@pytest.mark.parametrize("case", NATIVE, ids=lambda case: case["name"])
def test_epoch_equals_the_chains_own_arithmetic_bit_for_bit(case):
    for epoch in case["epochs"]:
        result, expected = run_native(case, epoch), epoch["output"]
        rao = case["params"]["emission_rao"]

        assert list(result.stake) == expected["stake"]
        assert list(result.active_stake) == expected["active_stake"]
        assert list(result.consensus) == expected["consensus"]
        assert list(result.rank) == expected["rank"]
        assert list(result.trust) == expected["trust"]
        assert list(result.incentive) == expected["incentive"]
        assert list(result.dividends) == expected["dividends"]
        assert list(result.validator_trust) == expected["vtrust"]
        assert list(map(int, result.new_permits)) == expected["new_permits"]
        assert result.bonds == rows(expected["bonds_u16"])
        assert [s * rao >> 32 for s in result.server_share] == expected["server_emission"]
        assert [s * rao >> 32 for s in result.validator_share] == expected["validator_emission"]
        assert [s * rao >> 32 for s in result.combined_share] == expected["combined_emission"]


@pytest.mark.parametrize("case", RUNTIME, ids=lambda case: case["name"])
def test_epoch_equals_the_real_runtime_in_every_u16(case):
    for epoch in case["epochs"]:
        result = run_epoch(
            YumaInput(
                block=epoch["block"],
                last_tempo=epoch["block"] - epoch["tempo"],
                stake=tuple(case["stake_rao"]),
                permits=tuple(epoch["permits_before"]),
                last_update=tuple(epoch["last_update"]),
                registered=tuple(epoch["block_at_registration"]),
                weights=rows(epoch["weights"]),
                bonds=rows(epoch["bonds_before_u16"]),
            ),
            YumaParameters(
                kappa_u16=case["kappa_u16"],
                bonds_moving_average=case["bonds_moving_average"],
                max_validators=case["max_allowed_validators"],
                activity_cutoff=case["activity_cutoff"],
                nonzero_permits=False,
            ),
        )
        expected = epoch["expected"]

        assert list(result.active) == expected["active"]
        assert list(result.new_permits) == expected["validatorpermit"]
        assert result.bonds == rows(expected["bonds_u16"])
        assert upscale_to_u16(result.combined_share) == expected["pruningscores"]
        assert [to_u16(value) for value in result.rank] == expected["rank"]
        assert [to_u16(value) for value in result.trust] == expected["trust"]
        assert [to_u16(value) for value in result.consensus] == expected["consensus"]
        assert [to_u16(value) for value in result.incentive] == expected["incentive"]
        assert [to_u16(value) for value in result.dividends] == expected["dividends"]
        assert [to_u16(value) for value in result.validator_trust] == expected["validatortrust"]

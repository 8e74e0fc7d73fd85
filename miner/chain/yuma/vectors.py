"""Files of recorded epochs: read the inputs, compute the outputs, give back the same structure.

Three makes of epochs: the chain's arithmetic compiled alone (`params` per case, `input` and
`output` per epoch), a running runtime 143 (`expected` per epoch), and the chain's own tests; beside
them tables of money and proofs of work. Outputs in a file are never read.
"""

from collections.abc import Sequence
from typing import Any

from miner.chain import reckoning
from miner.chain.fixed import to_u16, upscale_to_u16
from miner.chain.yuma.bonds import LiquidAlpha
from miner.chain.yuma.entries import entries_of
from miner.chain.yuma.epoch import YumaInput, YumaParameters, YumaResult, run_epoch
from miner.chain.yuma.scenarios import computed_scenario
from miner.chain.yuma.steps import computed_steps
from solard.core.errors import SolardError

KNOWN = frozenset({"cases", "yuma3_scenarios", "epoch_steps"}) | reckoning.TABLES.keys()


class VectorsInvalid(SolardError):
    """A file does not hold epochs in a shape that we know."""


def computed(data: Any) -> dict[str, Any]:
    """Return the file's structure with every output computed anew; raise VectorsInvalid."""
    if not isinstance(data, dict) or not data.keys() & KNOWN:
        raise VectorsInvalid(f"the file has none of {', '.join(sorted(KNOWN))}")
    try:
        answer = reckoning.reckoned(data)
        if "cases" in data:
            answer["cases"] = [_case(case) for case in data["cases"]]
        if "yuma3_scenarios" in data:
            params = data["params_yuma3"]
            answer["yuma3_scenarios"] = [
                computed_scenario(one, params) for one in data["yuma3_scenarios"]
            ]
        if "epoch_steps" in data:
            answer["epoch_steps"] = computed_steps(data["epoch_steps"])
    except (
        SolardError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
    ) as err:
        raise VectorsInvalid(f"it cannot be read: {type(err).__name__}: {err}") from err
    return answer


def _case(case: dict[str, Any]) -> dict[str, Any]:
    compute = _native if "params" in case else _runtime
    return {**case, "epochs": [compute(case, epoch) for epoch in case["epochs"]]}


def _native(case: dict[str, Any], epoch: dict[str, Any]) -> dict[str, Any]:
    given, params = epoch["input"], case["params"]
    result = run_epoch(
        YumaInput(
            block=given["block"],
            last_tempo=given["last_tempo"],
            stake=given.get("stake_rao", case.get("stake_rao")),
            permits=given["permits"],
            last_update=given["last_update"],
            registered=given["registered"],
            weights=entries_of(given["weights"]),
            bonds=entries_of(given["bonds"]),
            commit_blocks=given.get("commit_blocks"),
        ),
        native_parameters(params),
    )
    return {**epoch, "output": _native_output(result, params.get("emission_rao", 1_000_000_000))}


def native_parameters(params: dict[str, Any]) -> YumaParameters:
    """Return a case's parameters; what it does not name is as on the chain."""
    usual, liquid = YumaParameters(), LiquidAlpha()
    owner = params.get("owner_uid", -1)
    return YumaParameters(
        kappa_u16=params.get("kappa_u16", usual.kappa_u16),
        bonds_moving_average=params.get("bonds_moving_average", usual.bonds_moving_average),
        bonds_penalty_u16=params.get("bonds_penalty_u16", usual.bonds_penalty_u16),
        yuma3=bool(params.get("yuma3", False)),
        liquid=LiquidAlpha(
            low_u16=params.get("alpha_low_u16", liquid.low_u16),
            high_u16=params.get("alpha_high_u16", liquid.high_u16),
            steepness=params.get("alpha_sigmoid_steepness", liquid.steepness),
        )
        if params.get("liquid_alpha")
        else None,
        max_validators=params.get("max_allowed_validators", usual.max_validators),
        stake_threshold_rao=params.get("stake_threshold", 0),
        activity_cutoff=params.get("activity_cutoff", usual.activity_cutoff),
        owner_uid=None if owner is None or owner < 0 else owner,
    )


def _native_output(result: YumaResult, emission_rao: int) -> dict[str, Any]:
    ratios = {
        "stake": result.stake,
        "active_stake": result.active_stake,
        "consensus": result.consensus,
        "rank": result.rank,
        "trust": result.trust,
        "incentive": result.incentive,
        "dividends": result.dividends,
        "vtrust": result.validator_trust,
    }
    answer: dict[str, Any] = {}
    for name, values in ratios.items():
        answer[name] = values
        answer[f"{name}_u16"] = _all_u16(values)
    answer["server_emission"] = _rao(result.server_share, emission_rao)
    answer["validator_emission"] = _rao(result.validator_share, emission_rao)
    answer["combined_emission"] = _rao(result.combined_share, emission_rao)
    answer["new_permits"] = list(map(int, result.new_permits))
    answer["bonds_u16"] = _pairs(result)
    return answer


def _runtime(case: dict[str, Any], epoch: dict[str, Any]) -> dict[str, Any]:
    usual = YumaParameters()
    result = run_epoch(
        YumaInput(
            block=epoch["block"],
            last_tempo=epoch["block"] - epoch["tempo"],
            stake=case["stake_rao"],
            permits=epoch["permits_before"],
            last_update=epoch["last_update"],
            registered=epoch["block_at_registration"],
            weights=entries_of(epoch["weights"]),
            bonds=entries_of(epoch["bonds_before_u16"]),
        ),
        YumaParameters(
            kappa_u16=case.get("kappa_u16", usual.kappa_u16),
            bonds_moving_average=case.get("bonds_moving_average", usual.bonds_moving_average),
            max_validators=case.get("max_allowed_validators", usual.max_validators),
            activity_cutoff=case.get("activity_cutoff", usual.activity_cutoff),
            nonzero_permits=False,
        ),
    )
    expected = {
        "active": result.active,
        "rank": _all_u16(result.rank),
        "trust": _all_u16(result.trust),
        "consensus": _all_u16(result.consensus),
        "incentive": _all_u16(result.incentive),
        "dividends": _all_u16(result.dividends),
        "validatortrust": _all_u16(result.validator_trust),
        "validatorpermit": result.new_permits,
        "pruningscores": upscale_to_u16(result.combined_share),
        "bonds_u16": _pairs(result),
    }
    return {**epoch, "expected": expected}


def _all_u16(values: Sequence[int]) -> list[int]:
    return [to_u16(value) for value in values]


def _rao(shares: Sequence[int], emission_rao: int) -> list[int]:
    return [share * emission_rao >> 32 for share in shares]


def _pairs(result: YumaResult) -> list[list[list[int]]]:
    return [[[uid, value] for uid, value in row] for row in result.bonds.pairs()]


def sizes(data: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what there is in a computed file, and how much of it."""
    cases = [(case["name"], len(case["epochs"])) for case in data.get("cases", [])]
    cases += [(one["test"], len(one["target_bonds"])) for one in data.get("yuma3_scenarios", [])]
    cases += [(f"{one['test']} step {one['step']}", 1) for one in data.get("epoch_steps", [])]
    tables = [(name, "a table") for name in data if name in reckoning.TABLES]
    return [(name, f"{count} epochs") for name, count in cases] + tables

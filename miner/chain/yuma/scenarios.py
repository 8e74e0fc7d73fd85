"""The chain's own Yuma3 scenarios: stakes and weights per epoch, bonds and dividends carried on."""

from typing import Any

from miner.chain.fixed import U16_MAX, to_u16
from miner.chain.yuma.bonds import LiquidAlpha
from miner.chain.yuma.entries import Row, entries_of
from miner.chain.yuma.epoch import YumaInput, YumaParameters, run_epoch

EPOCHS = 6


def computed_scenario(scenario: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Return a scenario with its bonds and dividends computed, as ratios of four digits."""
    stakes, validators = scenario["stakes"], params["validators"]
    first_server = params["servers_from_uid"]
    parameters = _parameters(scenario, params)
    count = len(stakes)
    bonds = entries_of([[] for _ in stakes])
    all_bonds, all_dividends = [], []
    for epoch in range(EPOCHS):
        rows = _weights_at(scenario["weights_per_epoch_x65535"], epoch)
        result = run_epoch(
            YumaInput(
                block=epoch + 2,
                last_tempo=epoch + 1,
                stake=stakes,
                permits=[uid in validators for uid in range(count)],
                last_update=[epoch + 1] * count,
                registered=[0] * count,
                weights=entries_of(_rows(rows, first_server, count)),
                bonds=bonds,
            ),
            parameters,
        )
        bonds = result.bonds
        held = [dict(row) for row in bonds.pairs()]
        all_bonds.append(
            [
                [_ratio(held[validator].get(uid, 0)) for uid in range(first_server, count)]
                for validator in validators
            ]
        )
        all_dividends.append([_ratio(to_u16(one)) for one in result.dividends])
    return {**scenario, "target_bonds": all_bonds, "target_dividends": all_dividends}


def _parameters(scenario: dict[str, Any], params: dict[str, Any]) -> YumaParameters:
    liquid = LiquidAlpha(
        low_u16=int(params["alpha_low"] * U16_MAX),
        high_u16=int(params["alpha_high"] * U16_MAX),
        steepness=params["alpha_sigmoid_steepness"],
    )
    on = params["liquid_alpha"] and not scenario["test"].endswith("liquid_alpha_disabled")
    return YumaParameters(
        kappa_u16=params["kappa_u16"],
        bonds_moving_average=params["bonds_moving_average"],
        bonds_penalty_u16=params["bonds_penalty_u16"],
        yuma3=True,
        liquid=liquid if on else None,
    )


def _weights_at(by_epoch: dict[str, Any], epoch: int) -> list[list[float]]:
    for name, rows in by_epoch.items():
        first, _, last = name.partition("..")
        if first.isdigit() and int(first) <= epoch <= int(last or first):
            return list(rows)
    return list(by_epoch["others"])


def _rows(weights: list[list[float]], first_server: int, count: int) -> list[Row]:
    rows: list[Row] = [[] for _ in range(count)]
    for validator, row in enumerate(weights):
        rows[validator] = [
            (first_server + place, int(weight * U16_MAX)) for place, weight in enumerate(row)
        ]
    return rows


def _ratio(value_u16: int) -> float:
    return round(value_u16 / U16_MAX, 4)

"""Steps that the chain's own epoch tests print: their inputs read, their results computed.

A step prints its inputs only where they changed: stake, who is inactive, weights, old bonds.
"""

from collections.abc import Iterable
from typing import Any

from miner.chain.fixed import ONE, U16_MAX, to_u16, upscale_to_u16
from miner.chain.yuma.entries import Row, entries_of
from miner.chain.yuma.epoch import YumaInput, YumaParameters, YumaResult, run_epoch

INPUTS = ("current_block", "hotkeys", "S", "Inactive", "W", "B")
RAO = 1_000_000_000
DIGITS = 10
LONG_AGO = -1_000_000
STAKE_DIGITS = 6
"""Stakes are printed truncated: 0.0999999999 is a tenth."""


def computed_steps(steps: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every step with its inputs as they were and its results computed."""
    answer = []
    known: dict[str, Any] = {}
    test = None
    for step in steps:
        if step["test"] != test:
            test, known = step["test"], {}
        given = {name: value for name, value in step["printed"].items() if name in INPUTS}
        before = known.get("S")
        known |= given
        newcomers = [
            had > 0 and not has for had, has in zip(before or known["S"], known["S"], strict=True)
        ]
        result = _run(known, newcomers)
        answer.append({**step, "printed": {**given, **_printed(result)}})
    return answer


def _run(known: dict[str, Any], newcomers: list[bool]) -> YumaResult:
    block = known["current_block"]
    stake = [round(share * 10**STAKE_DIGITS) for share in known["S"]]
    inactive = known.get("Inactive", [False] * len(stake))
    return run_epoch(
        YumaInput(
            block=block,
            last_tempo=block - 1,
            stake=stake,
            permits=[share > 0 for share in stake],
            last_update=[LONG_AGO if silent else block - 1 for silent in inactive],
            registered=[block if new else LONG_AGO - 1 for new in newcomers],
            weights=entries_of(_rows(known["W"])),
            bonds=entries_of(_rows(known["B"])),
        ),
        YumaParameters(),
    )


def _rows(printed: list[list[list[float]]]) -> list[Row]:
    return [[(int(uid), _u16(value)) for uid, value in row] for row in printed]


def _u16(value: float) -> int:
    return value if isinstance(value, int) else round(value * U16_MAX)


def _printed(result: YumaResult) -> dict[str, Any]:
    return {
        "S_active": _ratios(result.active_stake),
        "consensus": _ratios(result.consensus),
        "validator_trust": _ratios(result.validator_trust),
        "trust": _ratios(result.trust),
        "incentive": _ratios(result.incentive),
        "dividends": _ratios(result.dividends),
        "normalized_emission": _ratios(result.combined_share),
        "emission_rao_of_1e9": [share * RAO >> 32 for share in result.combined_share],
        "pruning": _ratios(result.combined_share),
        "P (u16)": upscale_to_u16(result.combined_share),
        "bonds_u16": [[list(pair) for pair in row] for row in result.bonds.pairs()],
        "dividends_u16": [to_u16(one) for one in result.dividends],
    }


def _ratios(values: list[int]) -> list[float]:
    return [round(value / ONE, DIGITS) for value in values]

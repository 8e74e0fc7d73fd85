"""The scenarios by name, and what each came to: did work pay better than lies?"""

import asyncio
from dataclasses import dataclass
from typing import Any

from miner.scenarios.play import MinerActor, Play, ValidatorActor
from solard.core.errors import SolardError

ROUNDS = 48
"""Twelve hours of quarter hours."""
THREE = ("honest", "honest", "honest")

SCENARIOS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "random": ((*THREE, "random"), THREE),
    "copying": ((*THREE, "copying"), THREE),
    "replaying": ((*THREE, "replaying"), THREE),
    "silent": ((*THREE, "silent"), THREE),
    "slow": ((*THREE, "slow"), THREE),
    "colluding": ((*THREE, "colluding", "colluding"), (*THREE, "colluding")),
    "weight-copying": (
        ("day worker", "day worker", "night worker", "night worker"),
        ("honest", "honest", "copying"),
    ),
}
"""Miners and validators, all validators with the same stake."""
WORKING = frozenset({"honest", "day worker", "night worker"})


class ScenarioUnknown(SolardError):
    """No scenario has this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioReport:
    """What everybody earned."""

    name: str
    rounds: int
    miners: tuple[dict[str, Any], ...]
    validators: tuple[dict[str, Any], ...]

    @property
    def holds(self) -> bool:
        """Say whether every liar earned less than everybody of its trade who worked."""
        return all(
            one["earned_rao"] < other["earned_rao"]
            for group in (self.miners, self.validators)
            for one in group
            for other in group
            if one["kind"] not in WORKING and other["kind"] in WORKING
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "scenario": self.name,
            "rounds": self.rounds,
            "holds": self.holds,
            "miners": list(self.miners),
            "validators": list(self.validators),
        }


def play_scenario(name: str, *, rounds: int = ROUNDS, seed: int = 1) -> ScenarioReport:
    """Play a scenario; the same seed gives the same report."""
    if name not in SCENARIOS:
        raise ScenarioUnknown(f"no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    play = Play(*SCENARIOS[name], seed)
    asyncio.run(play.run(rounds))
    return ScenarioReport(
        name=name,
        rounds=rounds,
        miners=tuple(_row(play, one, "incentive") for one in play.miners),
        validators=tuple(_row(play, one, "dividends") for one in play.validators),
    )


def _row(play: Play, one: MinerActor | ValidatorActor, share: str) -> dict[str, Any]:
    neuron = play.neuron(one.keypair)
    return {
        "name": one.name,
        "kind": one.kind,
        share: round(float(getattr(neuron, share)), 4),
        "vtrust": round(neuron.vtrust, 4),
        "earned_rao": play.earned_rao.get(one.keypair.ss58, 0),
    }

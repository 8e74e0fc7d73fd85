"""The scenarios by name, and what each came to: did work pay better than lies?"""

import asyncio
from dataclasses import dataclass
from typing import Any

from miner.chain.values import Rules
from miner.scenarios.play import TEMPO, Cast, MinerActor, Play, ValidatorActor
from solard.core.errors import SolardError

ROUNDS = 48
"""Twelve hours of quarter hours."""
THREE = ("honest", "honest", "honest")

TEN = (*THREE, *THREE, *THREE, "honest")
FULL = Rules(tempo=TEMPO, max_uids=1 + len(TEN) + 1 + len(THREE), immunity_blocks=300)
"""Places for the owner, ten who work, one who stops, and three validators: none for a newcomer."""

SCENARIOS: dict[str, Cast] = {
    "random": Cast(miners=(*THREE, "random"), validators=THREE),
    "copying": Cast(miners=(*THREE, "copying"), validators=THREE),
    "replaying": Cast(miners=(*THREE, "replaying"), validators=THREE),
    "silent": Cast(miners=(*THREE, "silent"), validators=THREE),
    "slow": Cast(miners=(*THREE, "slow"), validators=THREE),
    "fading": Cast(miners=(*TEN, "fading", "newcomer"), validators=THREE, rules=FULL),
    "colluding": Cast(miners=(*THREE, "colluding", "colluding"), validators=(*THREE, "colluding")),
    "weight-copying": Cast(
        miners=("day worker", "day worker", "night worker", "night worker"),
        validators=("honest", "honest", "copying"),
    ),
}
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
        """Say whether every liar earned less than everybody of its trade who worked.

        And whether nobody who worked had to give way to a newcomer.
        """
        stayed = all(one["is_there"] for one in self.miners if one["kind"] != "fading")
        return stayed and all(
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
    play = Play(SCENARIOS[name], seed)
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
        share: round(float(getattr(neuron, share, 0.0)), 4),
        "vtrust": 0.0 if neuron is None else round(neuron.vtrust, 4),
        "is_there": neuron is not None,
        "earned_rao": play.earned_rao.get(one.keypair.ss58, 0),
    }

"""Liars on a whole network, from the subnet's judge to the chain's epochs: work pays better."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from miner.scenarios.report import SCENARIOS, ScenarioUnknown, play_scenario

ROOT = Path(__file__).parents[2]
ROUNDS = 24


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_liar_earns_less_than_everybody_who_works(name: str) -> None:
    report = play_scenario(name, rounds=ROUNDS)

    assert report.holds, report.as_json()
    earned = [one["earned_rao"] for one in report.miners if one["kind"] != "colluding"]
    assert max(earned) > 10**9


def test_a_validator_that_copies_weights_earns_less_than_half_of_an_honest_one() -> None:
    honest, _, copying = play_scenario("weight-copying", rounds=ROUNDS).validators

    assert copying["earned_rao"] < honest["earned_rao"] / 2


def test_a_validator_that_pays_its_friends_is_clipped_to_nothing() -> None:
    report = play_scenario("colluding", rounds=ROUNDS)

    assert [one["incentive"] for one in report.miners if one["kind"] == "colluding"] == [0.0, 0.0]
    assert report.validators[-1]["vtrust"] == 0.0


def test_a_miner_that_stops_gives_way_to_a_newcomer() -> None:
    report = play_scenario("fading", rounds=ROUNDS)
    gone = [one["kind"] for one in report.miners if not one["is_there"]]

    assert gone == ["fading"]
    newcomer = next(one for one in report.miners if one["kind"] == "newcomer")
    assert newcomer["earned_rao"] > 0


def test_the_same_seed_tells_the_same_story() -> None:
    assert play_scenario("random", rounds=8) == play_scenario("random", rounds=8)


def test_an_unknown_scenario_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ScenarioUnknown, match="no scenario 'chaos'; there are random, copying"):
        play_scenario("chaos")


def test_the_command_says_who_earned_what() -> None:
    command = [sys.executable, "-m", "solard", "network", "simulate", "--scenario", "silent"]
    ran = subprocess.run(
        [*command, "--rounds", "6", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert [one["kind"] for one in report["miners"]] == ["honest", "honest", "honest", "silent"]
    assert report["miners"][3]["earned_rao"] == 0

"""`solard network node`, `submit`, the views and `verify`: one node, several callers, a kill."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from miner.chain.backend import ChainRefused, ChainUnreachable
from miner.chain.calls.registry import CALLS
from miner.chain.embedded import ChainStoreFailed
from solard.cli.network import network
from solard.system.clock import CLOCK_VARIABLE
from tests.miner.stage import free_port

BOB = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
SPEED = 60


class Node:
    """A node in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.home, port = home, free_port()
        self.url = f"http://127.0.0.1:{port}"
        clock = f"2024-06-20T10:00:00+00:00,{time.monotonic()},{SPEED}"
        command = [sys.executable, "-m", "solard", "network", "node", "--dir", str(home)]
        self.process = subprocess.Popen(
            [*command, "--port", str(port), "--tempo", "20"],
            env={**os.environ, CLOCK_VARIABLE: clock},
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    one = Node(tmp_path)
    try:
        wait_for(one)
        yield one
    finally:
        one.kill()


def wait_for(node: Node) -> None:
    ends_s = time.monotonic() + 30
    while time.monotonic() < ends_s:
        with contextlib.suppress(ChainUnreachable):
            if ask("blocks", "--node", node.url)["blocks"]:
                return
        time.sleep(0.1)
    raise AssertionError("no block came in 30 s")


def run(*words: str) -> str:
    result = CliRunner().invoke(network, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def ask(*words: str) -> dict:
    return json.loads(run(*words, "--json"))


def submit(node: Node, uri: str, *words: str) -> str:
    return run("submit", *words, "--uri", uri, "--node", node.url)


def test_calls_by_hand_are_in_blocks_that_survive_a_kill(node: Node) -> None:
    assert "the simulated chain has it" in submit(node, "//Alice", "claim_grant")
    submit(node, "//Bob", "claim_grant")
    submit(node, "//Alice", "transfer", f"to={BOB}", "rao=7000000000")
    with pytest.raises(ChainRefused, match=r"^transfer: needs 999000000000 rao"):
        submit(node, "//Alice", "transfer", f"to={BOB}", "rao=999000000000")

    account = ask("account", BOB, "--node", node.url)
    assert (account["balance_rao"], account["is_simulator"]) == (107_000_000_000, True)
    node.kill()
    verdict = ask("verify", "--dir", str(node.home))
    assert (verdict["ok"], verdict["first_bad"]) == (True, None)
    assert ask("account", BOB, "--dir", str(node.home))["balance_rao"] == 107_000_000_000


@pytest.mark.slow
def test_every_call_of_the_chain_can_be_made_by_hand(node: Node) -> None:
    def alice(*words: str) -> None:
        submit(node, "//Alice", *words)

    def owner(*words: str) -> None:
        key = node.home / "keys" / "owner.json"
        run("submit", *words, "--key", str(key), "--node", node.url)

    def rule(name: str, value: int) -> None:
        owner("set_hyperparameter", "netuid=1", f"name={name}", f"value={value}")

    def epoch_after(epochs: int) -> int:
        ends_s = time.monotonic() + 30
        while (now := metagraph(node)["epochs"]) <= epochs and time.monotonic() < ends_s:
            time.sleep(0.1)
        return now

    rule("pow_registration", 1)
    submit(node, "//Eve", "register_by_work", "netuid=1")
    alice("claim_grant")
    alice("transfer", f"to={BOB}", "rao=1000")
    alice("register", "netuid=1", f"hotkey={ALICE}")
    alice("serve_axon", "netuid=1", "ip=10.0.0.6", "port=8091")
    alice("add_stake", "netuid=1", f"hotkey={ALICE}", "rao=50000000000")
    alice("set_take", f"hotkey={ALICE}", "take_u16=6553")
    epoch_after(metagraph(node)["epochs"])
    alice("set_weights", "netuid=1", "uids=[1]", "values=[65535]")
    alice("propose", "netuid=1", "name=tempo", "value=25")
    alice("vote", "number=1", "aye=true")
    rule("commit_reveal", 1)
    rule("weights_rate_limit", 0)
    words = ("netuid=1", "uids=[1]", "values=[65535]", "salt=s")
    alice("commit_weights", *words)
    epoch_after(metagraph(node)["epochs"])
    alice("reveal_weights", *words)
    alice("remove_stake", "netuid=1", f"hotkey={ALICE}", "alpha_rao=1000000000")
    submit(node, "//Bob", "claim_grant")
    submit(node, "//Bob", "register_limit", "netuid=1", f"hotkey={BOB}", "limit_rao=1000000000")
    owner("create_subnet", "name=poems", f"hotkey={BOB}")

    made = ask("extrinsics", "--node", node.url, "--limit", "50")["extrinsics"]
    assert {one["call"] for one in made if one["error"] is None} == set(CALLS)
    assert ask("verify", "--dir", str(node.home))["ok"]


def metagraph(node: Node) -> dict:
    return ask("metagraph", "1", "--node", node.url)


def test_a_node_that_is_not_there_is_said_in_a_sentence() -> None:
    with pytest.raises(ChainUnreachable, match="no answer"):
        run("blocks", "--node", f"http://127.0.0.1:{free_port()}")


def test_a_directory_without_a_network_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ChainStoreFailed, match="no embedded network lives in"):
        run("blocks", "--dir", str(tmp_path))
    with pytest.raises(ChainStoreFailed, match="no embedded network lives in"):
        run("verify", "--dir", str(tmp_path))


def test_recorded_epochs_are_computed_and_printed_in_their_own_structure(tmp_path: Path) -> None:
    data = Path(__file__).parents[1] / "miner" / "data" / "yuma_math425.json"
    recorded = json.loads(data.read_text())
    blank = {**recorded, "cases": [dict(case) for case in recorded["cases"][:1]]}
    blank["cases"][0]["epochs"] = [
        {**epoch, "output": None} for epoch in blank["cases"][0]["epochs"]
    ]
    file = tmp_path / "blank.json"
    file.write_text(json.dumps(blank))

    assert ask("yuma", str(file))["cases"] == recorded["cases"][:1]
    assert "4 epochs computed" in run("yuma", str(file))

"""`solard gpu`: what owners type and what other programs read, on real processes."""

import json
import os
import signal
import subprocess
import sys

import pytest
from rigs import eventually

CLI = ("-m", "solard", "gpu", "keeper")
KEYS = {
    *("index", "uuid", "limit_w", "enforced_w", "default_w", "min_w", "max_w", "original_w"),
    "state",
}


def gpu(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    ran = subprocess.run(
        [sys.executable, "-m", "solard", "gpu", *arguments],
        env={**os.environ, "SOLARD_NVML_LIBRARY": "/nowhere", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran


def listed(*arguments: str, **environment: str) -> list[dict[str, object]]:
    answer = json.loads(gpu("list", "--json", *arguments, **environment).stdout)
    gpus: list[dict[str, object]] = answer["gpus"]
    return gpus


def test_the_list_needs_no_keeper_and_only_reads(nvml, home):
    nvml.set_by_hand(1, 240.0)
    written = nvml.told()

    cards = listed(SOLARD_HOME=str(home), **nvml.environment())

    assert all(set(card) >= KEYS for card in cards)
    assert [card["uuid"] for card in cards] == [*nvml.gpu_ids]
    assert [card["limit_w"] for card in cards] == [450.0, 240.0, 140.0, 115.0]
    assert [card["min_w"] for card in cards] == [150.0, 100.0, 100.0, None]
    assert [card["max_w"] for card in cards] == [480.0, 390.0, 140.0, None]
    assert [card["default_w"] for card in cards] == [450.0, 350.0, 140.0, 115.0]
    assert [card["original_w"] for card in cards] == [450.0, 240.0, 140.0, 115.0]
    assert {card["state"] for card in cards} == {"released"}
    assert nvml.told() == written


def test_a_machine_without_a_driver_lists_nothing_and_says_what_is_missing(home):
    ran = gpu("list", SOLARD_HOME=str(home))

    assert ran.returncode == 0
    assert "monitor mode, no limits are set" in ran.stdout
    assert len(ran.stdout.splitlines()) == 1


def test_a_socket_that_nobody_answers_on_is_an_error(home):
    for command in (
        ("list", "--json"),
        ("hold", "0=300"),
        ("take", "0"),
        ("failsafe",),
    ):
        ran = gpu(command[0], "--socket", str(home / "none.sock"), *command[1:])

        assert ran.returncode == 1
        assert ran.stderr.startswith(f"solard: no GPU keeper answers on {home}/none.sock")


@pytest.mark.parametrize("wish", ["0", "0=", "0=much", "=300", "0=-5", "0=nan"])
def test_a_wish_that_is_no_wish_is_shown_how(wish):
    ran = gpu("hold", wish)

    assert ran.returncode == 2
    assert f"'{wish}' is not GPU=WATTS, as in 0=350" in ran.stderr


def test_hold_asks_renews_and_gives_back(nvml, start_keeper, hold):
    nvml.set_by_hand(1, 240.0)
    keeper = start_keeper(nvml, lease_s=3.0, program=CLI)
    holder = hold(keeper, "0=350", "1=200W")

    held = eventually(lambda: nvml.limits_w()[:2], [350.0, 200.0])
    cards = listed("--socket", str(keeper.socket))
    longer = eventually(
        lambda: keeper.ask("read")["lease_left_s"], lambda left: left and left > 2.5
    )
    holder.send_signal(signal.SIGTERM)
    said, _ = holder.communicate(timeout=10)

    assert held == [350.0, 200.0]
    assert [card["original_w"] for card in cards] == [450.0, 240.0, 140.0, 115.0]
    assert [card["state"] for card in cards] == ["limit", "limit", "released", "released"]
    assert longer
    assert holder.returncode == 0
    assert said.splitlines() == ["GPU 0 held at 350 W", "GPU 1 held at 200 W"]
    assert nvml.limits_w()[:2] == [450.0, 240.0]


def test_hold_of_a_card_that_is_not_there_ends_at_once(nvml, start_keeper, hold):
    keeper = start_keeper(nvml)

    ran = gpu("hold", "--socket", str(keeper.socket), "7=300")

    assert (ran.returncode, ran.stderr) == (1, "solard: no card 7 here; there are 0, 1, 2, 3\n")


def test_the_keeper_in_the_foreground_restores_originals_and_exits_0(nvml, start_keeper, hold):
    nvml.set_by_hand(0, 300.0)
    keeper = start_keeper(nvml, lease_s=5.0, program=CLI)
    hold(keeper, "0=200", "1=150")
    eventually(lambda: nvml.limits_w()[:2], [200.0, 150.0])

    assert keeper.stop() == 0
    assert nvml.limits_w() == [300.0, 350.0, 140.0, 115.0]


def test_a_keeper_killed_and_started_again_is_at_failsafe_and_knows_the_originals(
    nvml, start_keeper, hold
):
    nvml.set_by_hand(0, 300.0)
    keeper = start_keeper(nvml, lease_s=30.0, program=CLI)
    holder = hold(keeper, "0=200", "1=150")
    eventually(lambda: nvml.limits_w()[:2], [200.0, 150.0])
    holder.kill()
    keeper.kill()
    keeper.restart()

    cards = listed("--socket", str(keeper.socket))

    assert [card["limit_w"] for card in cards] == [150.0, 100.0, 100.0, 115.0]
    assert [card["original_w"] for card in cards] == [300.0, 350.0, 140.0, 115.0]
    assert {card["state"] for card in cards} == {"failsafe"}


def test_restore_without_a_keeper_puts_back_what_a_killed_one_left(nvml, start_keeper):
    nvml.set_by_hand(1, 240.0)
    keeper = start_keeper(nvml)
    keeper.set((1, 200.0))
    keeper.kill()

    socket, state = str(keeper.socket), str(keeper.home / "state")
    ran = gpu("restore", "--socket", socket, "--state", state, **nvml.environment())

    assert ran.returncode == 0
    assert nvml.limits_w() == [450.0, 240.0, 140.0, 115.0]


def test_take_steers_a_card_that_was_left_alone(nvml, start_keeper):
    keeper = start_keeper(nvml)
    keeper.set((1, 200.0))
    for _ in range(2):
        nvml.set_by_hand(1, 330.0)
        eventually(lambda: nvml.limits_w()[1], 200.0)
    nvml.set_by_hand(1, 330.0)
    eventually(lambda: keeper.stages()[1], "manual")

    ran = gpu("take", "--socket", str(keeper.socket), "1")

    assert (ran.returncode, ran.stdout) == (0, "GPU 1 is steered again.\n")
    assert nvml.limits_w()[1] == 200.0

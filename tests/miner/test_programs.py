"""The three programs as processes: the loop that earns, and what it survives."""

import subprocess
import sys

import aiohttp
import pytest

from miner.chain.embedded import ChainStore
from miner.chain.verify import verify_chain
from solard.system.lines import Denied, ask
from tests.miner.stage import Stage, daemon_api, new_stage

SPEED = 300.0
MAX_RSS_MB = 90.0


def check_chain(stage: Stage) -> None:
    """Every block holds, and each rao of emission went to somebody or was recycled."""
    path = stage.home / "network" / "chain.db"
    verdict = verify_chain(path)
    assert verdict.ok, verdict
    store = ChainStore(path)
    subnet = store.load_state().subnet(1)
    store.close()
    emitted = verdict.blocks * 500_000_000
    paid = subnet.owner_rao + subnet.miners_rao + subnet.validators_rao - subnet.recycled_rao
    assert paid + subnet.recycled_rao + subnet.pending_rao == emitted


def is_paid_for_answers(status: dict) -> bool:
    return (
        status["earned_rao"] > 0 and status["detail"]["requests"] > 0 and status["health"] == "ok"
    )


def shows_all_roles(status: dict) -> bool:
    return {one["role"] for one in status["detail"]["neurons"]} == {"owner", "miner", "validator"}


@pytest.mark.timeout(200)
async def test_forecasting_earns_and_goes_on_after_kills():
    with new_stage(SPEED) as stage:
        async with daemon_api(stage.api, stage.clock):
            for name in ("network", "miner", "validator"):
                stage.start(name)
            miner = await stage.until("miner", is_paid_for_answers)
            # Who has stake is paid before it sets any weights, while nobody else has set any.
            validator = await stage.until(
                "validator",
                lambda status: (
                    status["earned_rao"] > 0
                    and status["detail"]["weights_set"] > 0
                    and status["detail"]["verdicts"] > 0
                ),
            )
            await stage.until("network", lambda status: status["detail"]["epochs"] > 0)
            await stage.until("network", shows_all_roles)
            for name in ("network", "miner", "validator"):
                assert stage.rss_mb(name) < MAX_RSS_MB

            # The validator asks for its own site where it is given no question.
            query = {"verb": "query", "subnet": "sunlight", "question": {}}
            reply = await ask(stage.socket_of("validator"), query, timeout_s=20.0)
            assert len(reply["answer"]["pv_wh"]) == len(reply["question"]["slots"]) == 8
            assert [one["hotkey"] for one in reply["answered"]] == [miner["neuron"]["hotkey"]]

            offer = await ask(stage.socket_of("validator"), {"verb": "offer", "subnet": "sunlight"})
            assert {0.0 <= row["pv_w"] <= 6500.0 for row in offer["offer"]["forecasts"]} == {True}

            rewards = await ask(stage.socket_of("network"), {"verb": "rewards", "after_block": 0})
            hotkey = miner["neuron"]["hotkey"]
            rows = [row for row in rewards["rows"] if row["hotkey"] == hotkey]
            assert sum(row["rao"] for row in rows) >= miner["earned_rao"]

            assert verify_chain(stage.home / "network" / "chain.db").ok
            for name in ("miner", "network", "validator"):
                stage.kill(name)
            check_chain(stage)
            for name in ("validator", "miner", "network"):
                stage.start(name)
            again = await stage.until(
                "miner",
                lambda status: (
                    status["earned_rao"] > 2 * miner["earned_rao"]
                    and status["detail"]["requests"] > miner["detail"]["requests"]
                ),
            )
            assert again["neuron"]["hotkey"] == hotkey
            assert again["pid"] != miner["pid"]
            await stage.until(
                "validator",
                lambda status: (
                    status["detail"]["weights_set"] >= validator["detail"]["weights_set"]
                ),
            )

            assert [stage.stop(name) for name in ("validator", "miner", "network")] == [0, 0, 0]
        check_chain(stage)
        assert "Traceback" not in stage.log_text()
        assert "secret" not in stage.log_text().lower()


@pytest.mark.timeout(150)
async def test_miner_answers_in_every_mode_but_off():
    with new_stage(SPEED) as stage:
        async with daemon_api(stage.api, stage.clock):
            stage.start("miner")
            await stage.until("miner", lambda status: status["role"] == "miner")
            # No node yet: the miner says so, and lives.
            waiting = await stage.until("miner", lambda status: status["health"] != "ok")
            assert "no answer" in waiting["health"]

            socket = stage.socket_of("miner")
            assert (await ask(socket, {"verb": "mode", "mode": "standby"}))["mode"] == "standby"
            assert (await stage.status("miner"))["mode"] == "standby"
            with pytest.raises(Denied, match="none of off, standby, eco, full"):
                await ask(socket, {"verb": "mode", "mode": "turbo"})
            with pytest.raises(Denied, match="no verb"):
                await ask(socket, {"verb": "dance"})

            stage.start("network")
            stage.start("validator")
            await stage.until("miner", lambda one: one["detail"]["answered"] > 0)
            await ask(socket, {"verb": "mode", "mode": "off"})
            off = await stage.status("miner")
            refused = await stage.until(
                "miner", lambda one: one["detail"]["refused"] > off["detail"]["refused"]
            )
            # One that was let in before may still be under way.
            assert refused["detail"]["answered"] <= off["detail"]["answered"] + 1


@pytest.mark.timeout(90)
async def test_second_process_in_a_directory_exits_75_and_names_the_first():
    with new_stage(SPEED) as stage:
        stage.start("network")
        first = await stage.until("network", lambda status: True)
        stage.start("network")

        assert stage.wait("network") == 75
        assert f"(pid {first['pid']}) works in" in stage.log_text()


@pytest.mark.timeout(90)
async def test_taken_port_is_a_sentence():
    with new_stage(SPEED) as stage:
        stage.start("network")
        await stage.until("network", lambda status: True)
        arguments = ["--dir", stage.home / "other", "--socket", stage.home / "other.sock"]
        done = subprocess.run(
            [sys.executable, "-m", "miner", "network", *arguments, "--port", str(stage.node_port)],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

        assert done.returncode == 1
        assert f"cannot listen on 127.0.0.1:{stage.node_port}" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.timeout(90)
async def test_axon_refuses_who_is_not_on_the_subnet():
    with new_stage(SPEED) as stage:
        stage.start("network")
        stage.start("miner")
        await stage.until("miner", lambda status: status["neuron"] is not None)
        url = f"http://127.0.0.1:{stage.axon_port}/sunlight"
        async with aiohttp.ClientSession() as session, session.post(url, json={}) as response:
            assert response.status in (401, 503)
            assert (await response.json())["message"]


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("95,0", "is no LATITUDE,LONGITUDE"),
        ("home", "is no LATITUDE,LONGITUDE"),
        ("-33.9,151.2", "the following arguments are required: --dir"),
    ],
)
def test_place_on_the_command_line_may_lie_in_the_south(place, error):
    done = subprocess.run(
        [sys.executable, "-m", "miner", "miner", "--site", place],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert done.returncode == 2
    assert error in done.stderr

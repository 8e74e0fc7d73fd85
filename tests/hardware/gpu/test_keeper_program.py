"""The keeper as a program: its socket, its requests, its client, its place under systemd."""

import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rigs import SimulatedDriver, eventually

from hardware.gpu.client import KeeperClient
from solard.core.decision import Applied, Clamped, PowerLimit, Refused
from solard.core.state import CardHealth
from solard.system.lines import Denied, NoAnswer


@pytest.fixture
def driver(home):
    return SimulatedDriver(home / "cards.json")


def run_keeper(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hardware.gpu.keeper", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


async def test_the_client_speaks_core_values(driver, start_keeper):
    keeper = start_keeper(driver)
    client = KeeperClient(keeper.socket)

    cards = (await client.list()).cards
    results = await client.set(
        (
            PowerLimit(gpu_id="GPU-sim-0", limit_w=200.0, parked=False),
            PowerLimit(gpu_id="GPU-sim-2", limit_w=300.0, parked=False),
            PowerLimit(gpu_id="GPU-sim-9", limit_w=200.0, parked=False),
        )
    )
    reading = await client.read()
    lease_s = await client.renew()

    assert [card.max_w for card in cards] == [350.0, 350.0, 260.0, 260.0]
    assert results[:2] == (
        Applied(gpu_id="GPU-sim-0", limit_w=200.0),
        Clamped(gpu_id="GPU-sim-2", asked_w=300.0, limit_w=260.0),
    )
    assert isinstance(results[2], Refused)
    assert reading.pid == keeper.pid
    assert reading.gpus[0].health is CardHealth.OK
    assert reading.gpus[0].limit_w == 200.0
    assert lease_s is not None
    assert lease_s > 29.0


async def test_the_client_restores_and_fails_safe(driver, start_keeper):
    client = KeeperClient(start_keeper(driver).socket)
    await client.set((PowerLimit(gpu_id="GPU-sim-0", limit_w=200.0, parked=False),))

    restored = await client.restore()
    safe = await client.failsafe()

    assert restored[0] == Applied(gpu_id="GPU-sim-0", limit_w=350.0)
    assert safe[1] == Applied(gpu_id="GPU-sim-1", limit_w=100.0)


async def test_a_keeper_that_is_gone_is_said_in_a_sentence(home):
    with pytest.raises(NoAnswer, match=r"no answer on .*gpu\.sock: nobody listens there"):
        await KeeperClient(home / "gpu.sock").read()


def test_a_parked_card_idles_at_its_lowest_limit(driver, start_keeper):
    keeper = start_keeper(driver)
    keeper.set((0, 300.0))
    (answer,) = keeper.set((1, 100.0), parked=True)

    states = keeper.states()

    assert answer["outcome"] == "applied"
    assert [state["parked"] for state in states] == [False, True, True, True]
    assert states[1]["limit_w"] == 100.0
    assert states[1]["power_w"] == pytest.approx(14.0)


def test_a_holder_that_tells_once_a_second_is_never_put_off(driver, start_keeper):
    keeper = start_keeper(driver, speed=1.0)
    keeper.set((0, 300.0))
    time.sleep(0.95)

    (answer,) = keeper.set((0, 200.0))

    assert answer["outcome"] == "applied"
    assert answer["limit_w"] == 200.0


def test_requests_that_make_no_sense_get_a_sentence(driver, start_keeper):
    keeper = start_keeper(driver)

    with pytest.raises(Denied, match="no verb 'boost'; there are list, read, set"):
        keeper.ask("boost")
    with pytest.raises(Denied, match='set needs "limits"'):
        keeper.ask("set")
    with pytest.raises(Denied, match="limit_w '300' is no number of watts"):
        keeper.ask("set", limits=[{"gpu_id": "GPU-sim-0", "limit_w": "300"}])
    with pytest.raises(Denied, match="below 0 or no number"):
        keeper.ask("set", limits=[{"gpu_id": "GPU-sim-0", "limit_w": float("nan")}])


def test_a_line_that_is_no_json_gets_a_sentence_and_the_keeper_goes_on(driver, start_keeper):
    keeper = start_keeper(driver)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.connect(str(keeper.socket))
        link.sendall(b"\xff[[[\n")
        answer = link.recv(4096)

    assert b'"ok":false' in answer
    assert b"not a request" in answer
    assert keeper.ask("read")["pid"] == keeper.pid


@pytest.mark.parametrize("said", [b"", b'{"verb": "re', b'{"verb": "read"}\n' * 50])
def test_clients_that_hang_up_in_the_middle_take_nothing_from_others(driver, start_keeper, said):
    keeper = start_keeper(driver)
    keeper.set((0, 300.0))
    for _ in range(40):  # more than may talk at once
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.connect(str(keeper.socket))
            link.sendall(said)  # closed unread: the keeper's answer meets a reset

    answer = eventually(lambda: answer_or_none(keeper), lambda seen: seen is not None)

    assert answer["pid"] == keeper.pid
    assert answer["gpus"][0]["limit_w"] == 300.0
    assert answer["lease_left_s"] is not None
    assert "Traceback" not in (keeper.home / "keeper.log").read_text()


def answer_or_none(keeper):
    try:
        return keeper.ask("read")
    except (Denied, NoAnswer):
        return None


def test_the_socket_is_for_its_user_and_group(driver, start_keeper):
    keeper = start_keeper(driver)

    assert stat.S_IMODE(keeper.socket.stat().st_mode) == 0o660


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_stranger_is_turned_away_even_where_the_file_lets_him_in(driver, start_keeper):
    keeper = start_keeper(driver)
    keeper.home.chmod(0o755)
    keeper.socket.chmod(0o666)
    script = f"""
import os, socket
os.setgroups([]); os.setgid(65534); os.setuid(65534)
link = socket.socket(socket.AF_UNIX)
link.connect({str(keeper.socket)!r})
print(link.recv(4096).decode())  # before it has said a word
"""
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    assert "this socket is for its own user and group" in said


def test_a_second_keeper_on_the_same_state_names_the_first(driver, start_keeper, home):
    keeper = start_keeper(driver)

    second = run_keeper("--socket", str(home / "other.sock"), "--state", str(home / "state"))

    assert second.returncode == 75
    assert f"another keeper (pid {keeper.pid})" in second.stderr


def test_a_second_keeper_on_the_same_socket_stands_back(driver, start_keeper, home):
    keeper = start_keeper(driver)
    cards = str(driver.file)

    second = run_keeper(
        *("--socket", str(keeper.socket), "--state", str(home / "other"), "--simulated", cards)
    )

    assert second.returncode == 75
    assert f"another keeper answers on {keeper.socket}" in second.stderr
    assert keeper.ask("read")["pid"] == keeper.pid


def test_a_missing_cards_file_is_named(home):
    done = run_keeper(
        *("--socket", str(home / "s"), "--state", str(home), "--simulated", str(home / "none"))
    )

    assert done.returncode == 78
    assert "no simulated cards" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_impossible_lease_is_refused(home):
    done = run_keeper("--socket", str(home / "s"), "--state", str(home), "--lease", "nan")

    assert done.returncode == 2
    assert "'nan' is no number above 0" in done.stderr


def test_an_unreadable_journal_means_failsafe_and_defaults(driver, start_keeper, home):
    (home / "state").mkdir()
    (home / "state" / "originals.json").write_text("torn")
    driver.set_by_hand(0, 200.0)

    keeper = start_keeper(driver)
    at_start = driver.limits_w()
    keeper.stop()

    assert at_start == [100.0, 100.0, 100.0, 100.0]
    assert driver.limits_w() == [350.0, 350.0, 260.0, 260.0]


def test_a_wish_for_the_limit_in_force_is_a_lease_too(driver, start_keeper):
    keeper = start_keeper(driver)
    keeper.set((0, 350.0))
    keeper.kill()

    keeper.restart()

    assert driver.limits_w() == [100.0, 100.0, 100.0, 100.0]


def test_a_journal_that_cannot_be_written_stops_limits_but_not_failsafe(driver, start_keeper, home):
    keeper = start_keeper(driver)
    (home / "state" / "originals.new").mkdir()  # as good as a full disk, for root too

    (answer,) = keeper.set((0, 200.0))
    refused_at = driver.limits_w()
    keeper.ask("failsafe")

    assert answer["outcome"] == "refused"
    assert "cannot record the cards' own limits" in answer["reason"]
    assert refused_at == [350.0, 350.0, 260.0, 260.0]
    assert driver.limits_w() == [100.0, 100.0, 100.0, 100.0]


def test_systemd_hears_ready_progress_and_stop(driver, start_keeper, home):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(home / "notify"))
        ear.settimeout(10)
        keeper = start_keeper(
            driver,
            environment={"NOTIFY_SOCKET": str(home / "notify"), "WATCHDOG_USEC": "400000"},
        )
        heard = [ear.recv(4096).decode() for _ in range(4)]
        keeper.stop()
        ear.settimeout(0.5)
        rest = _until_silence(ear)

    assert heard[0] == "READY=1"
    assert heard[1] == "WATCHDOG=1\nSTATUS=4 cards (simulated): 4 released"
    assert heard[2].startswith("WATCHDOG=1")
    assert rest[-1] == "STOPPING=1"


def test_a_stopped_keeper_leaves_no_socket(driver, start_keeper, home):
    keeper = start_keeper(driver)

    assert keeper.stop() == 0
    assert not Path(keeper.socket).exists()


def test_a_card_that_is_mended_obeys_again(driver, start_keeper):
    keeper = start_keeper(driver)
    driver.lose(0)
    keeper.set((0, 200.0))
    driver.mend(0)

    assert eventually(lambda: driver.limits_w()[0], 200.0) == 200.0
    assert eventually(lambda: keeper.healths()[0], "ok") == "ok"


def _until_silence(ear: socket.socket) -> list[str]:
    heard: list[str] = []
    try:
        while True:
            heard.append(ear.recv(4096).decode())
    except TimeoutError:
        return heard


def test_a_state_directory_that_cannot_be_made_is_named_with_what_helps(home):
    ran = run_keeper("--socket", str(home / "s"), "--state", "/proc/none/state")

    assert ran.returncode == 78
    assert ran.stderr == (
        "solard-gpu: cannot use /proc/none: No such file or directory; run as root, or name a "
        "--state and a --socket that are yours\n"
    )

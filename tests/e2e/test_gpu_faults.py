"""Faults of cards on a whole site: a daemon, its keeper, a driver and programs, all real processes.

`row_N` is a row of the fault catalogue: what must come of it for work, people and the rest.
"""

import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stage import Site, eventually, processes_of, short_home
from tests.hardware.gpu.rigs import FakeDriver, compile_library

LEASE_S = 4.0
MARKS = ("100000.2601", "100000.2602")
"""Seconds that each program sleeps, by which it is known."""
WORK = f"""
workloads:
  first: {{command: [sleep, "{MARKS[0]}"], gpus: [0], power: free}}
  second: {{command: [sleep, "{MARKS[1]}"], gpus: [1], power: free}}
"""


@pytest.fixture(scope="module")
def outside() -> Iterator[Path]:
    with short_home() as outside:
        yield outside


@pytest.fixture(scope="module")
def driver(outside: Path) -> Iterator[FakeDriver]:
    driver = FakeDriver(compile_library(outside), outside / "nvml.state")
    yield driver
    driver.close()


@pytest.fixture(scope="module")
def site(outside: Path, driver: FakeDriver) -> Iterator[Site]:
    """A site in full sun that works on two cards; each test mends what it broke."""
    site = Site(outside)
    try:
        text = site.config.read_text().replace("mode: observe", "mode: live")
        site.config.write_text(text + WORK)
        site.start_plant()
        site.start_keeper(driver, LEASE_S)
        site.start_daemon()
        assert eventually(lambda: works(site, "first") and works(site, "second"), 60.0), site.log(
            "daemon"
        )
        yield site
    finally:
        site.close()
        for mark in MARKS:
            for pid in processes_of(Path(mark)):
                os.kill(pid, signal.SIGKILL)


def workload(site: Site, name: str) -> dict[str, Any]:
    return next(one for one in site.status()["workloads"] if one["name"] == name)


def works(site: Site, name: str) -> int | None:
    """Return the pid of a program in its full mode."""
    found = site.status().get("workloads") or []
    return next(
        (one["pid"] for one in found if one["name"] == name and one["mode"] == "full"), None
    )


def card(site: Site, index: int) -> dict[str, Any]:
    gpus: list[dict[str, Any]] = site.status()["state"]["gpus"]
    return gpus[index] if gpus else {"health": None}


def limits_of(site: Site) -> set[str]:
    """Return the cards that the decision gives a limit."""
    return {limit["gpu_id"] for limit in site.status()["decision"]["limits"]}


def test_row_25_without_a_library_programs_run_and_status_says_why_no_limit_is_set(
    site: Site, driver: FakeDriver
) -> None:
    pid = works(site, "second")
    site.stop("keeper")
    site.start_keeper(driver, LEASE_S, SOLARD_NVML_LIBRARY="/nowhere/libnvidia-ml.so.1")

    note = eventually(lambda: site.status()["keeper"]["note"], 30.0)
    kept = workload(site, "second")["pid"]
    site.stop("keeper")
    site.start_keeper(driver, LEASE_S)

    assert "monitor mode, no limits are set" in note
    assert kept == pid
    assert eventually(lambda: site.status()["keeper"]["note"] is None, 30.0)


def test_row_26_lost_card_ends_its_own_work_alone_and_gets_no_limit(
    site: Site, driver: FakeDriver
) -> None:
    second = eventually(lambda: works(site, "second"), 30.0)
    assert eventually(lambda: works(site, "first"), 30.0)
    driver.set("is_lost", 1, index=0)

    ended = eventually(lambda: workload(site, "first")["pid"] is None, 30.0)
    lost, limited = card(site, 0), limits_of(site)
    kept = works(site, "second")
    driver.set("is_lost", 0, index=0)

    assert ended
    assert (lost["health"], lost["power_w"]) == ("lost", None)
    assert driver.gpu_ids[0] not in limited
    assert driver.gpu_ids[1] in limited
    assert kept == second
    assert eventually(lambda: works(site, "first"), 30.0), "it comes back with its card"


def test_row_27_card_that_may_not_be_told_a_limit_is_said_so_and_its_work_is_started_and_stopped(
    site: Site, driver: FakeDriver
) -> None:
    assert eventually(lambda: works(site, "first"), 30.0)
    driver.set("is_denied", 1, index=0)
    driver.set("limit_mw", 300_000, index=0)  # a change that the keeper would put back

    denied = eventually(lambda: card(site, 0)["health"] == "denied", 30.0)
    said = eventually(lambda: refusal(site), 30.0)
    site.command("pause", "1h")
    stopped = eventually(lambda: workload(site, "first")["pid"] is None, 30.0)
    site.command("resume")
    driver.set("is_denied", 0, index=0)

    assert denied
    assert "no permission to set limits; start the keeper as root or through solard-gpu" in said
    assert stopped
    assert eventually(lambda: works(site, "first"), 60.0)


def refusal(site: Site) -> str:
    results: list[dict[str, Any]] = site.status()["results"]
    return next((str(one["reason"]) for one in results if one.get("reason")), "")


def test_row_30_call_that_blocks_leaves_the_other_cards_and_the_daemon_s_ticks_alone(
    site: Site, driver: FakeDriver
) -> None:
    assert eventually(lambda: works(site, "first") and works(site, "second"), 60.0)
    driver.set("hangs_s", 60, index=0)
    before = site.status()["stats"]["ticks"]

    ticked = eventually(lambda: site.status()["stats"]["ticks"] > before + 20, 60.0)
    others = [card(site, index)["health"] for index in (1, 2)]
    limits = driver.power_limits()[1:3]
    driver.set("hangs_s", 0, index=0)

    assert ticked
    assert others == ["ok", "ok"]
    assert limits[0] > driver.lowest_w[1], "still held: its lease is renewed all the same"
    assert eventually(lambda: card(site, 0)["health"] == "ok", 30.0)


def test_row_57_daemon_without_a_free_descriptor_sheds_its_work_says_so_and_goes_on(
    site: Site,
) -> None:
    assert eventually(lambda: works(site, "second"), 60.0)
    daemon, before = site.running["daemon"], site.status()["stats"]["ticks"]
    allowed = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (3, allowed[1]))  # open ones stay open
    time.sleep(3.0)
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, allowed)

    assert eventually(lambda: works(site, "second"), 60.0)
    assert daemon.poll() is None
    assert site.status()["stats"]["ticks"] > before + 10
    alerts = [event["text"] for event in site.status()["events"] if event["level"] == "alert"]
    assert any("Too many open files" in text for text in alerts), alerts

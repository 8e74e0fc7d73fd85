"""Daemon, keeper and cards behind a real driver interface: killed, and stopped cleanly."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stage import Site, eventually, processes_of, short_home
from tests.hardware.gpu.rigs import FakeDriver, compile_library

LEASE_S = 3.0
OWN_W = [430.0, 300.0, 130.0, 115.0]
"""What the owner had set; the last card takes no limit."""
MARK = "100000.5860"
"""Seconds that the workload sleeps, by which it is known."""
WORK = f"""
workloads:
  work: {{command: [sleep, "{MARK}"], gpus: [0], power: free}}
"""
LOWEST_W = [150.0, 100.0, 100.0, 115.0]


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[FakeDriver]:
    driver = FakeDriver(compile_library(tmp_path), tmp_path / "nvml.state")
    for index, own_w in enumerate(OWN_W[:3]):
        driver.set("limit_mw", own_w * 1000, index)
    yield driver
    driver.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with short_home() as outside:
        site = Site(outside)
        try:
            text = site.config.read_text().replace("mode: observe", "mode: live")
            site.config.write_text(text + WORK)
            site.start_plant()
            yield site
        finally:
            site.close()
            for pid in programs():
                os.kill(pid, signal.SIGKILL)


def test_row_58_and_60_killed_daemon_and_keeper_leave_failsafe_and_work_and_a_clean_stop_neither(
    site: Site, driver: FakeDriver
) -> None:
    site.start_keeper(driver, LEASE_S)
    site.start_daemon()
    held = eventually(lambda: {"parked", "stopped", "limit"} & set(states(site)), 60.0)
    working = eventually(programs, 60.0)
    site.kill("daemon")  # as the kernel does when memory runs out
    after_daemon = eventually(lambda: driver.limits_w() == LOWEST_W, 60.0)
    site.kill("keeper")
    site.start_keeper(driver, LEASE_S)
    known = eventually(lambda: originals(site))
    after_keeper = driver.limits_w()
    adoptable = programs()
    site.start_daemon()
    again = eventually(lambda: "failsafe" not in states(site), 60.0)
    adopted = eventually(
        lambda: [one["pid"] for one in site.status()["workloads"]] == working, 60.0
    )
    stopped = site.stop("daemon"), site.stop("keeper")

    assert held
    assert after_daemon
    assert known == OWN_W
    assert after_keeper == LOWEST_W
    assert again
    assert len(working) == 1
    assert adoptable == working
    assert adopted
    assert stopped == (0, 0)
    assert programs() == []
    assert driver.limits_w() == OWN_W


def programs() -> list[int]:
    return [pid for pid, line in processes_of(Path(MARK)).items() if line.startswith("sleep")]


def states(site: Site) -> list[str]:
    return [card["state"] for card in cards(site)]


def originals(site: Site) -> list[float | None]:
    return [card["original_w"] for card in cards(site)]


def cards(site: Site) -> list[dict[str, Any]]:
    """Return what `solard gpu list` says; nothing while no keeper answers."""
    ran = site.command("gpu", "list", "--json")
    gpus: list[dict[str, Any]] = json.loads(ran.stdout)["gpus"] if ran.returncode == 0 else []
    return gpus

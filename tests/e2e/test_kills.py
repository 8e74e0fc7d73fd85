"""200 random kills of daemon, keeper and workload: nothing too high, orphaned or lost."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from solard.system.lines import NoAnswer, ask_now
from tests.e2e.stage import Site, eventually, processes_of, short_home
from tests.hardware.gpu.rigs import FakeDriver, compile_library

KILLS = int(os.environ.get("SOLARD_TEST_KILLS", "200"))
LEASE_S = 3.0
CAP_W = 200.0
"""What the owner allows each card while solard has it."""
OWN_W = (430.0, 300.0, 130.0)
"""What they had set themselves; a fourth card takes no limit."""
MARK = "100000.6543"
"""Seconds that the workload sleeps, by which it is known."""
CONFIG = """
workloads:
  work:
    command: [sleep, "{mark}"]
    gpus: [0, 1]
    power: free
"""


@dataclass
class Watch:
    """Looks at the limits past every driver call, and times how long one is too high."""

    driver: FakeDriver
    longest_s: float = 0.0
    """How long, at most, some card stood above what its owner allows while solard had it."""
    steered: int = 0
    """In how many looks a card was held above its lowest limit."""
    _over_since_s: dict[int, float] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._stopping.wait(0.03):
            now_s, limits = time.monotonic(), self.driver.power_limits()[:3]
            for index, limit_w in enumerate(limits):
                if limit_w <= CAP_W:
                    self._over_since_s.pop(index, None)
                    self.steered += limit_w > self.driver.lowest_w[index]
                    continue
                since_s = self._over_since_s.setdefault(index, now_s)
                self.longest_s = max(self.longest_s, now_s - since_s)

    def end(self) -> None:
        self._stopping.set()


@pytest.fixture
def site() -> Iterator[Site]:
    with short_home() as outside:
        site = Site(outside, speed=20.0)
        try:
            text = site.config.read_text().replace("mode: observe", "mode: live")
            text = text.replace("rig: {idle: 120 W}", "rig: {idle: 120 W, gpus: {all: CAP}}")
            text = text.replace("CAP", f"{{at_most: {CAP_W:.0f} W}}")
            site.config.write_text(text + CONFIG.format(mark=MARK))
            site.start_plant()
            yield site
        finally:
            site.close()
            for pid in workloads():
                os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_200_random_kills_leave_no_limit_too_high_no_orphan_and_no_lost_original(
    site: Site, tmp_path: Path
) -> None:
    chance = random.Random(int(os.environ.get("SOLARD_TEST_SEED", "6")))
    driver = FakeDriver(compile_library(tmp_path), site.outside / "nvml.state")
    for index, own_w in enumerate(OWN_W):
        driver.set("limit_mw", own_w * 1000, index)
    site.start_keeper(driver, LEASE_S)
    site.start_daemon()
    assert eventually(lambda: max(driver.power_limits()[:3]) <= CAP_W), site.log("daemon")
    watch = Watch(driver)
    watcher = threading.Thread(target=watch.run)
    watcher.start()
    killed, most_workloads, quarters = 0, 0, 0
    try:
        while killed < KILLS:
            if killed >= quarters * KILLS / 4:
                # On a busy machine a daemon may die each time before it has raised anything.
                seen, quarters = watch.steered, quarters + 1
                assert eventually(partial(has_steered, watch, seen), 120.0), site.log("daemon")
            names = chance.sample(("daemon", "keeper", "work"), chance.randint(1, 3))
            for name in names:
                killed += kill(site, name)
            time.sleep(chance.uniform(0.0, 1.0))
            if "keeper" in names:
                site.start_keeper(driver, LEASE_S)
            if "daemon" in names:
                start_daemon(site)
            time.sleep(chance.uniform(0.2, 2.5))
            most_workloads = max(most_workloads, len(workloads()))
            assert originals(site) in (None, [*OWN_W])
    finally:
        watch.end()
        watcher.join()
    assert eventually(site.status), site.log("daemon")
    stopped = site.stop("daemon"), site.stop("keeper")

    assert stopped == (0, 0)
    assert watch.longest_s <= LEASE_S + 2.0
    assert most_workloads <= 1
    assert driver.power_limits()[:3] == [*OWN_W]
    assert not workloads()
    assert not [line for line in processes_of(site.home).values() if "hardware.sim" not in line]
    driver.close()


def has_steered(watch: Watch, seen: int) -> bool:
    return watch.steered > seen


def start_daemon(site: Site) -> None:
    """Start a daemon without waiting for it: the next kill may come before it is ready."""
    command = ["solard", "run", "--config", str(site.config), "--dir", str(site.home)]
    site._start("daemon", command)


def kill(site: Site, name: str) -> int:
    """Kill a process of ours, or the workload, wherever it is; return how many died."""
    if name == "work":
        found = workloads()
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(found)
    site.kill(name)
    return 1


def workloads() -> list[int]:
    return [pid for pid, line in processes_of(Path(MARK)).items() if line.startswith("sleep")]


def originals(site: Site) -> list[float] | None:
    """Return what the keeper holds for the owners' own limits; None while it does not answer."""
    try:
        cards = ask_now(site.places.gpu_socket, {"verb": "list"}, timeout_s=2.0)["cards"]
    except NoAnswer:
        return None
    return [card["original_w"] for card in cards[:3]]

"""mbpoll and pysunspec2, both independent, read the plant and agree with what solard shows."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.stage import Site, eventually, short_home

SLACK_W = 15.0
"""What sun and house may do between two looks."""


@contextmanager
def watched(profile: str) -> Iterator[Site]:
    """A site in real time, with a daemon that has read its plant."""
    with short_home() as outside:
        site = Site(outside, profile, speed=1.0)
        try:
            site.start_plant()
            site.start_keeper()
            site.start_daemon()
            assert eventually(lambda: site.status()["state"]["pv_w"]), site.log("daemon")
            yield site
        finally:
            site.close()


def shown(site: Site) -> dict[str, float]:
    """Return what `solard status --json` shows."""
    state = json.loads(site.command("status", "--json").stdout)["state"]
    battery = state["battery"]
    names = ("pv_w", "load_w", "grid_w")
    powers = {name: state[name] for name in names if state[name] is not None}
    return {**powers, "battery_w": battery["power_w"], "soc": battery["soc"]}


def check_between(
    before: dict[str, float], seen: dict[str, float], after: dict[str, float]
) -> None:
    """The witness looked between two pictures, so it saw what lies between them."""
    for name, value in seen.items():
        slack = 0.01 if name == "soc" else SLACK_W
        low, high = sorted((before[name], after[name]))
        assert low - slack <= value <= high + slack, (name, before, seen, after)


def wait_for_a_poll(site: Site) -> None:
    """Wait until the daemon has polled once more than now, and shows it."""
    polls = site.status()["stats"]["polls_ok"]
    assert eventually(lambda: site.status()["stats"]["polls_ok"] > polls + 1)


def mbpoll(port: int, unit: int, address: int, count: int = 1) -> list[int]:
    """Read words with mbpoll; it numbers registers from 1."""
    ran = subprocess.run(
        [
            *("mbpoll", "-a", str(unit), "-r", str(address + 1), "-c", str(count)),
            *("-t", "4", "-1", "-q", "-p", str(port), "127.0.0.1"),
        ],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [int(word) for word in re.findall(r"^\[\d+\]:\s+(\d+)", ran.stdout, re.M)]


def signed(word: int) -> int:
    return word - 65536 if word & 0x8000 else word


@pytest.mark.skipif(shutil.which("mbpoll") is None, reason="apt-get install mbpoll")
def test_mbpoll_sees_what_solard_shows_of_an_island() -> None:
    with watched("victron") as site:
        before = shown(site)
        seen = {
            "load_w": float(sum(mbpoll(site.port, 100, 817, 3))),
            "battery_w": -float(signed(mbpoll(site.port, 100, 842)[0])),
            "soc": mbpoll(site.port, 100, 843)[0] / 100.0,
            "pv_w": float(mbpoll(site.port, 100, 850)[0]),
        }
        wait_for_a_poll(site)
        after = shown(site)

    assert seen["pv_w"] > 1000
    check_between(before, seen, after)


def test_pysunspec2_sees_what_solard_shows_of_a_home() -> None:
    client = pytest.importorskip(
        "sunspec2.modbus.client", reason="pysunspec2 is not installed", exc_type=ImportError
    )
    with watched("sunspec") as site:
        before = shown(site)
        device = client.SunSpecModbusClientDeviceTCP(
            slave_id=1, ipaddr="127.0.0.1", ipport=site.port, timeout=5
        )
        device.scan()
        device.disconnect()
        found = device.models
        seen = {
            "pv_w": found[160][0].module[0].DCW.cvalue,
            "grid_w": found[203][0].W.cvalue,
            "battery_w": found[802][0].W.cvalue,
            "soc": found[802][0].SoC.cvalue / 100.0,
        }
        wait_for_a_poll(site)
        after = shown(site)

    assert seen["pv_w"] > 1000
    check_between(before, seen, after)

"""mbpoll and pysunspec2, both independent, read the plant and agree with what solard shows."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.stage import Site, eventually, short_home

SLOW = 0.01
"""Of real time: the sun stands still while three look at it."""


@contextmanager
def watched(profile: str) -> Iterator[tuple[Site, dict[str, Any]]]:
    """A site with a daemon that has just read its plant, and what `solard status` says of it."""
    with short_home() as outside:
        site = Site(outside, profile, speed=SLOW)
        try:
            site.start_plant()
            site.start_keeper()
            site.start_daemon()
            assert eventually(lambda: read(site.status())), site.log("daemon")
            said = site.command("status", "--json")
            yield site, json.loads(said.stdout)["state"]
        finally:
            site.close()


def read(status: dict[str, Any]) -> dict[str, Any]:
    return status if status and status["state"]["pv_w"] is not None else {}


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
    with watched("victron") as (site, state):
        load_w = sum(mbpoll(site.port, 100, 817, 3))
        battery_w = signed(mbpoll(site.port, 100, 842)[0])
        (soc,) = mbpoll(site.port, 100, 843)
        (pv_w,) = mbpoll(site.port, 100, 850)

    assert pv_w > 1000
    assert state["pv_w"] == pytest.approx(pv_w, abs=2)
    assert state["load_w"] == pytest.approx(load_w, abs=2)
    assert state["battery"]["power_w"] == pytest.approx(-battery_w, abs=3)
    assert state["battery"]["soc"] == pytest.approx(soc / 100, abs=0.01)
    assert state["supply"] == "island"


def test_pysunspec2_sees_what_solard_shows_of_a_home() -> None:
    client = pytest.importorskip(
        "sunspec2.modbus.client", reason="pysunspec2 is not installed", exc_type=ImportError
    )
    with watched("sunspec") as (site, state):
        device = client.SunSpecModbusClientDeviceTCP(
            slave_id=1, ipaddr="127.0.0.1", ipport=site.port, timeout=5
        )
        device.scan()
        device.disconnect()

    found = device.models
    pv_w = found[160][0].module[0].DCW.cvalue
    assert pv_w > 1000
    assert state["pv_w"] == pytest.approx(pv_w, abs=2)
    assert state["grid_w"] == pytest.approx(found[203][0].W.cvalue, abs=2)
    assert state["battery"]["power_w"] == pytest.approx(found[802][0].W.cvalue, abs=2)
    assert state["battery"]["soc"] == pytest.approx(found[802][0].SoC.cvalue / 100, abs=0.01)
    assert state["supply"] == "grid"

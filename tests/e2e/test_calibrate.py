"""`solard gpu calibrate` on a site of its own: real processes, the sun of a measured day."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stage import Site, eventually, processes_of, short_home

SECONDS = "100000.2718"
WORK = f"""
workloads:
  work: {{command: [sleep, "{SECONDS}"], gpus: [0], power: free}}
"""


@pytest.fixture
def site() -> Iterator[Site]:
    with short_home() as outside:
        site = Site(outside, speed=240.0)
        try:
            text = site.config.read_text().replace("mode: observe", "mode: live")
            site.config.write_text(text + WORK)
            site.start_plant()
            site.start_keeper()
            assert eventually(site.places.gpu_socket.exists)
            yield site
        finally:
            site.close()
            for pid in processes_of(Path(SECONDS)):
                os.kill(pid, signal.SIGKILL)


def test_a_card_is_measured_in_surplus_and_its_curve_kept(site: Site) -> None:
    site.start_daemon()
    assert eventually(lambda: site.command("gpu", "curve", "0").returncode == 0)

    ran = site.command("gpu", "calibrate", "0", "--for", "3h")
    known = learned(site)
    site.stop("daemon")
    site.start_daemon()
    kept = learned(site)
    site.stop("daemon")

    assert ran.returncode == 0, ran.stderr
    assert "gpu0 is measured: `solard gpu curve 0`." in ran.stdout
    assert len(known) == 1
    powers = [one["power_w"] for one in known[0]["bins"]]
    assert len(powers) >= 7
    assert min(powers) < 140.0
    assert max(powers) > 290.0
    assert len(kept[0]["bins"]) >= 7


def learned(site: Site) -> list[dict[str, Any]]:
    """Return what the daemon knows of card 0, once it has met its keeper."""
    ran = eventually(lambda: met if (met := curve(site)).returncode == 0 else None)
    assert ran is not None
    found: list[dict[str, Any]] = json.loads(ran.stdout)["learned"]
    return found


def curve(site: Site) -> subprocess.CompletedProcess[str]:
    return site.command("gpu", "curve", "0", "--json")

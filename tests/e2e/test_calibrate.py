"""`solard gpu calibrate` on a site of its own: real processes, the sun of a measured day."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.stage import Site, eventually, short_home

WORK = """
workloads:
  work: {command: [sleep, "100000.2718"], gpus: [0], power: free}
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


def test_a_card_is_measured_in_surplus_and_its_curve_kept(site: Site) -> None:
    site.start_daemon()
    assert eventually(lambda: site.command("gpu", "curve", "0").returncode == 0)

    ran = site.command("gpu", "calibrate", "0", "--for", "3h")
    known = json.loads(site.command("gpu", "curve", "0", "--json").stdout)["learned"]
    site.stop("daemon")
    site.start_daemon()
    kept = json.loads(site.command("gpu", "curve", "0", "--json").stdout)["learned"]
    site.stop("daemon")

    assert ran.returncode == 0, ran.stderr
    assert "gpu0 is measured: `solard gpu curve 0`." in ran.stdout
    assert len(known) == 1
    powers = [one["power_w"] for one in known[0]["bins"]]
    assert len(powers) >= 7
    assert min(powers) < 140.0
    assert max(powers) > 290.0
    assert len(kept[0]["bins"]) >= 7

"""Two rigs, each whole, on one network: the second names the first one's node."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.stage import Site, eventually, free_port, short_home


@pytest.fixture
def rigs() -> Iterator[tuple[Site, Site]]:
    """The first has the node and a validator, the second a miner."""
    port = free_port()
    with ExitStack() as stack:
        first, second = (Site(stack.enter_context(short_home())) for _ in "12")
        second.clock = first.clock
        for site, work in (
            (
                first,
                f"workloads: {{c: {{bundled: network, port: {port}}}, v: {{bundled: validator}}}}",
            ),
            (second, f"network: http://127.0.0.1:{port}\nworkloads: {{m: {{bundled: miner}}}}"),
        ):
            stack.callback(site.close)
            text = site.config.read_text().replace("mode: observe", "mode: live")
            site.config.write_text(f"{text}{work}\n")
            site.start_plant()
            site.start_keeper()
            site.start_daemon()
        yield first, second


def earned(site: Site) -> dict[str, Any]:
    days = site.status().get("earnings") or [{"miner_rao": 0, "validator_rao": 0}]
    return {name: days[0][name] for name in ("miner_rao", "validator_rao")}


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_rigs_earn_on_one_network_and_each_books_its_own(rigs: tuple[Site, Site]) -> None:
    first, second = rigs

    assert eventually(
        lambda: earned(first)["validator_rao"] > 0 and earned(second)["miner_rao"] > 0, 150.0, 1.0
    ), (first.log("daemon"), second.log("daemon"))
    assert earned(first)["miner_rao"] == 0
    assert earned(second)["validator_rao"] == 0
    (ours,) = second.status()["network"]["neurons"]
    assert ours["role"] == "miner"
    asked = [json.loads(one.command("network", "subnets", "--json").stdout) for one in rigs]
    assert asked[0]["network"] == asked[1]["network"]

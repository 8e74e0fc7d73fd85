"""Which subnets there are."""

import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from miner.subnets import catalog
from miner.subnets.catalog import SubnetUnknown, find_subnet, subnet_names
from miner.subnets.subnet import Subnet
from solard.core.modes import WorkMode

BUNDLED = ("sunlight", "matmul", "text")


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_subnets_say_what_they_are_and_what_they_cost(name: str) -> None:
    subnet = find_subnet(name)

    assert (subnet.name, subnet.kind.name) == (name, name)
    assert 86400 % subnet.round_s == 0
    costs = [subnet.mode_power_w[mode] for mode in (WorkMode.STANDBY, WorkMode.ECO, WorkMode.FULL)]
    assert costs == sorted(costs)
    assert subnet.about


def test_an_unknown_subnet_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(SubnetUnknown, match="no subnet 'chess' is installed; there are sunlight"):
        find_subnet("chess")


def test_a_package_may_offer_one_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of docs/network.md, as its reader would install it."""
    example = Path(__file__).parents[2] / "examples" / "subnet" / "solard_sums.py"
    monkeypatch.syspath_prepend(str(example.parent))
    offered = EntryPoint(name="sums", value="solard_sums:SUMS", group=catalog.ENTRY_POINT)
    monkeypatch.setattr(catalog, "entry_points", lambda **_: EntryPoints([offered]))

    subnet = find_subnet("sums")

    assert isinstance(subnet, Subnet)
    assert subnet_names() == (*BUNDLED, "sums")
    assert len(example.read_text().splitlines()) <= 65
    del sys.modules["solard_sums"]


def test_what_is_no_subnet_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = EntryPoint(name="wrong", value="json:dumps", group=catalog.ENTRY_POINT)
    monkeypatch.setattr(catalog, "entry_points", lambda **_: EntryPoints([offered]))

    with pytest.raises(SubnetUnknown, match="is no miner"):
        find_subnet("wrong")

"""Which subnets there are: ours, and those that other packages offer."""

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from miner.subnets.subnet import Subnet
from solard.core.errors import SolardError

ENTRY_POINT = "solard.subnets"
"""Under it a package offers `name = "package.module:SUBNET"`."""
BUNDLED = {
    "sunlight": "miner.subnets.sunlight_sides:SUNLIGHT",
    "matmul": "miner.subnets.matmul:MATMUL",
    "text": "miner.subnets.text:TEXT",
}
"""Loaded only where they run: NumPy costs 16 MB."""


class SubnetUnknown(SolardError):
    """No subnet of that name is installed."""


def subnet_names() -> tuple[str, ...]:
    """Return the names of all subnets, ours first."""
    return (*BUNDLED, *(one.name for one in _offered() if one.name not in BUNDLED))


def find_subnet(name: str) -> Subnet:
    """Return a subnet by its name; raise SubnetUnknown with those that there are."""
    if name in BUNDLED:
        module, _, value = BUNDLED[name].partition(":")
        found = getattr(import_module(module), value)
    else:
        offered = {one.name: one for one in _offered()}
        if name not in offered:
            raise SubnetUnknown(f"no subnet {name!r} is installed; there are {_names()}")
        found = offered[name].load()
    if not isinstance(found, Subnet):
        raise SubnetUnknown(f"subnet {name!r}: {found!r} is no miner.subnets.subnet.Subnet")
    return found


def _offered() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=ENTRY_POINT))


def _names() -> str:
    return ", ".join(subnet_names())

"""The Bittensor side by hand: the `solard network` group."""

import click

from solard.cli.chain import verify, yuma
from solard.cli.query import query
from solard.cli.scenario import simulate
from solard.cli.town import up
from solard.cli.wire import axon, call


@click.group()
def network() -> None:
    """Look at networks and talk to neurons. The embedded one is a simulator of the chain."""


for command in (up, query, simulate, axon, call, verify, yuma):
    network.add_command(command)

"""The Bittensor side by hand: the `solard network` group."""

import click

from solard.cli.chain import node, submit, verify, yuma
from solard.cli.explorer import VIEW_COMMANDS
from solard.cli.prove import prove
from solard.cli.query import query
from solard.cli.scenario import simulate
from solard.cli.town import up
from solard.cli.wire import axon, call


@click.group()
def network() -> None:
    """Look at networks and talk to neurons. The embedded one is a simulator of the chain."""


for command in (up, axon, call, node, prove, query, simulate, submit, verify, yuma, *VIEW_COMMANDS):
    network.add_command(command)

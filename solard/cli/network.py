"""The Bittensor side by hand: the `solard network` group."""

import click

from solard.cli.wire import axon, call


@click.group()
def network() -> None:
    """Look at networks, and talk to their neurons."""


network.add_command(axon)
network.add_command(call)

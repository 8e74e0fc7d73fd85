"""Install solard as a service of this machine, and take it away again."""

import click


@click.command()
def install() -> None:
    """Install units, user and directories; the daemon starts in observe mode."""


@click.command()
def uninstall() -> None:
    """Restore limits, remove units, user and rules; keep and name the data."""

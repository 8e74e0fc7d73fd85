"""Run the daemon, and tell a running one what to do."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import click

from solard.cli.places import home_option, places_of
from solard.cli.quantities import Duration, Power

WEEK_S = 7 * 86400.0
"""As the API has it: what an operator asks for ends within a week."""


@click.command()
@click.argument("power", type=Power(), required=False)
@click.argument("duration", type=Duration(), required=False)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Configuration file; default: solard.yaml in the etc directory.",
)
@home_option
def run(
    power: float | None, duration: float | None, config: Path | None, home: Path | None
) -> None:
    """Run the daemon in the foreground; or, as `run 600W 3h`, ask it for a power for a while."""
    if power is None:
        from solard.app.run import run_daemon

        places = places_of(home)
        sys.exit(run_daemon(config or places.config, places))
    if duration is None:
        raise click.UsageError("say for how long, as in: solard run 600W 3h")
    from solard.client.client import Client
    from solard.core.wording import say_duration, say_power

    _check_week(duration)
    client = Client(places_of(home).api_socket)

    async def ask() -> None:
        view = await client.view()
        await client.run(power, view.state.taken_at + timedelta(seconds=duration))

    asyncio.run(ask())
    click.echo(
        f"{say_power(power)} for {say_duration(duration)}, then back to the plan. Safety, battery "
        "lines and grid limits still stand above this."
    )


def warn_unkept(socket_path: Path) -> None:
    """Say so where the daemon cannot write down what was just asked for."""
    from solard.cli.sentences import say_unkept
    from solard.client.now import ask_view

    warning = say_unkept(ask_view(socket_path))
    if warning is not None:
        click.echo(warning, err=True)


def _check_week(duration_s: float) -> None:
    if duration_s > WEEK_S:
        raise click.UsageError("a pause or a fixed power lasts a week at most: 7d")


@click.command()
@click.argument("duration", type=Duration())
@home_option
def pause(duration: float, home: Path | None) -> None:
    """Stop work for a while: the rig only answers. It ends by itself."""
    from solard.client.client import Client
    from solard.core.wording import say_duration

    _check_week(duration)
    client = Client(places_of(home).api_socket)

    async def ask() -> None:
        view = await client.view()
        await client.pause(view.state.taken_at + timedelta(seconds=duration))

    asyncio.run(ask())
    click.echo(f"Paused for {say_duration(duration)}; `solard resume` ends it earlier.")
    warn_unkept(places_of(home).api_socket)


@click.command()
@home_option
def resume(home: Path | None) -> None:
    """End a pause or a fixed power now."""
    from solard.client.now import ask

    ask(places_of(home).api_socket, lambda client: client.resume())
    click.echo("Back to the plan.")


@click.command()
@home_option
def live(home: Path | None) -> None:
    """Let solard act on its decisions."""
    from solard.client.now import ask

    ask(places_of(home).api_socket, lambda client: client.set_live(True))
    click.echo("Live: limits and workloads obey now.")
    warn_unkept(places_of(home).api_socket)


@click.command()
@home_option
def observe(home: Path | None) -> None:
    """Decide and explain, touch nothing; the cards get their own limits back."""
    from solard.client.now import ask

    ask(places_of(home).api_socket, lambda client: client.set_live(False))
    click.echo("Observing: nothing is touched.")
    warn_unkept(places_of(home).api_socket)

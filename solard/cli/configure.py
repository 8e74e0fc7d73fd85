"""Check the configuration, read policies back, reload a running daemon."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import click

from solard.cli.places import home_option, places_of

CONFIG_INVALID = 78


def _named_file(command: Callable[..., None]) -> Callable[..., None]:
    """Let a file be named by itself, as most people try first, or as elsewhere with --config."""
    kind = click.Path(dir_okay=False, path_type=Path)
    told = "File to look at; default: solard.yaml in the etc directory."
    return click.argument("file", type=kind, required=False)(
        click.option("--config", type=kind, help=told)(command)
    )


@click.command()
@_named_file
@click.option("--connect", is_flag=True, help="Also try each device once.")
@home_option
def check(file: Path | None, config: Path | None, connect: bool, home: Path | None) -> None:
    """List every problem of a configuration at once; touch no network unless asked."""
    config = config or file
    from hardware.modbus.profile import profile_names
    from solard.config.load import load_settings

    path = config or places_of(home).config
    settings = load_settings(path, profile_names())
    click.echo(f"{path}: fine.")
    if config is None and home is None and Path("/etc/systemd/system/solard.service").exists():
        from solard.app.drop_ins import differences

        for difference in differences(settings, Path("/")):
            click.echo(difference)
    if not connect:
        return
    from solard.app.devices import try_devices

    failed = 0
    for one in asyncio.run(try_devices(settings)):
        silent_on = f"answers, but has no number for {', '.join(one.missing)}."
        answers = silent_on if one.missing else "answers."
        click.echo(f"{one.device_id}: {one.error or answers}")
        failed += one.error is not None
    if failed:
        sys.exit(1)


@click.group()
def policy() -> None:
    """Look at the policies."""


@policy.command()
@_named_file
@home_option
def explain(file: Path | None, config: Path | None, home: Path | None) -> None:
    """Read the policies and lines of a configuration back as sentences."""
    from solard.config.explain import explain_settings
    from solard.config.load import load_settings

    settings = load_settings(config or file or places_of(home).config)
    for sentence in explain_settings(settings):
        click.echo(sentence)


@click.command()
@home_option
def reload(home: Path | None) -> None:
    """Let the running daemon read its configuration again; a bad one changes nothing."""
    from solard.client.now import ask

    problems = ask(places_of(home).api_socket, lambda client: client.reload())
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        click.echo("solard: the old configuration stays in force", err=True)
        sys.exit(CONFIG_INVALID)
    click.echo("Reloaded.")

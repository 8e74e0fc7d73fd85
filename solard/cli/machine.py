"""Install solard as a service of this machine, and take it away again."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from solard.system.installer.machine import Machine

ROOT = Path("/")
GROUP = "To use it without sudo: sudo usermod -aG solard YOU, then log in again."


@click.command()
@click.option(
    "--root", type=click.Path(path_type=Path), default=ROOT, help="Of an image; no start."
)
@click.option("--python", type=click.Path(path_type=Path), help="Of the services; default: this.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--sleep", is_flag=True, help="Also let solard put this machine to sleep.")
@click.option("--start", "starts", is_flag=True, help="Start it too, if the configuration is fine.")
def install(root: Path, python: Path | None, dry_run: bool, sleep: bool, starts: bool) -> None:
    """Install units, user and directories; the daemon starts in observe mode."""
    from solard.system.installer.files import CONFIG, is_untouched
    from solard.system.installer.install import install as install_on
    from solard.system.installer.install import start
    from solard.system.installer.interpreter import Interpreter, this_interpreter

    machine = _machine(root, dry_run)
    if starts and not machine.is_running:
        raise click.UsageError("--start and --root: an image has nothing to start")
    given = None if python is None else Interpreter(program=python, needs=(python,))
    install_on(machine, given or this_interpreter(), sleep=sleep)
    config = machine.at(CONFIG)
    problems = _problems(config)
    if not problems:
        _write_drop_ins(machine, config)
    if dry_run:
        return
    if problems:
        click.echo(f"\nInstalled. Before the first start {config} needs:\n{problems}")
        if is_untouched(config):
            click.echo("`sudo solard init HOST` fills it in; HOST is your inverter or its gateway.")
        click.echo("Then: solard check, sudo systemctl start solard, solard status.")
        click.echo(GROUP)
        sys.exit(1 if starts else 0)
    if starts:
        start(machine)
        click.echo("\nRunning. `solard status` shows it, `solard live` lets it act.")
    else:
        click.echo("\nInstalled; now: sudo systemctl restart solard, then solard status.")
        click.echo(GROUP)


@click.command()
@click.option("--root", type=click.Path(path_type=Path), default=ROOT, help="Of an image.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def uninstall(root: Path, dry_run: bool) -> None:
    """Restore limits, remove units, user and rules; keep and name the data."""
    from solard.system.installer.uninstall import uninstall as uninstall_from

    uninstall_from(_machine(root, dry_run))


def _write_drop_ins(machine: "Machine", config: Path) -> None:
    from solard.app.drop_ins import write_drop_ins
    from solard.config.load import load_settings

    write_drop_ins(machine, load_settings(config))


def _machine(root: Path, dry_run: bool) -> "Machine":
    from solard.system.installer.machine import Machine

    return Machine(root.resolve(), dry=dry_run, say=click.echo)


def _problems(config: Path) -> str:
    """Return what is wrong with a configuration, one line each; nothing when it is fine."""
    from solard.config.load import load_settings
    from solard.core.errors import SolardError

    try:
        load_settings(config)
    except SolardError as err:
        return str(err)
    return ""

"""`solard backup`: a verified copy of the history, now and to anywhere."""

from pathlib import Path

import click

from solard.cli.places import home_option, places_of


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home_option
def backup(file: Path, home: Path | None) -> None:
    """Write a verified copy of the history to FILE, also while solard runs.

    Once a day it makes one by itself, in `backups` beside the history.
    """
    from solard.store.backup import copy_history

    database = places_of(home).database
    copy_history(database, file)
    click.echo(f"{file}: {file.stat().st_size / 1e6:.1f} MB, sound.")

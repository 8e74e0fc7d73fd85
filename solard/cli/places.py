"""The `--dir` option that every command shares."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from solard.system.places import Places, places_at, places_from_environment


def home_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--dir DIR` to a command, as its `home` argument."""
    return click.option(
        "--dir",
        "home",
        type=click.Path(file_okay=False, path_type=Path),
        help="Home of this solard (etc, state and run inside); default: the system's.",
    )(command)


def places_of(home: Path | None) -> Places:
    """Return the places under `home`, or those of the system or of SOLARD_HOME."""
    return places_from_environment() if home is None else places_at(home)

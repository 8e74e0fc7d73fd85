"""`solard network` on the embedded chain: its epochs, its proof, what stands on it."""

import json
from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
HOME = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print the file's structure, computed.")
def yuma(file: Path, as_json: bool) -> None:
    """Compute the epochs of a file of recorded Yuma consensus inputs.

    Outputs that the file holds are not read; they are replaced by what the inputs give.
    """
    from miner.chain.yuma.vectors import VectorsInvalid, computed, sizes

    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError) as err:
        raise VectorsInvalid(f"{file}: cannot be read as JSON: {err}") from err
    answer = computed(data)
    if as_json:
        click.echo(json.dumps(answer))
        return
    for name, epochs in sizes(answer):
        click.echo(f"{name:40} {epochs} epochs computed; --json shows them")


@click.command()
@click.option("--dir", "home", type=HOME, required=True, help="The network's home directory.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def verify(context: click.Context, home: Path, as_json: bool) -> None:
    """Execute every block of an embedded network again, and find any changed byte."""
    from miner.chain.verify import verify_home

    verdict = verify_home(home)
    if as_json:
        click.echo(json.dumps(verdict.to_json()))
    elif verdict.ok:
        click.echo(f"{verdict.blocks} blocks of the simulator's chain hold.")
    else:
        click.echo(f"block {verdict.first_bad} does not hold: {verdict.reason}")
    context.exit(0 if verdict.ok else 1)

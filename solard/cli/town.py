"""`solard network up`: a whole network on this machine."""

import json
from pathlib import Path

import click

from solard.cli.network_size import immunity_option, places_option
from solard.cli.quantities import Duration


@click.command()
@click.option("--miners", type=click.IntRange(1, 64), default=4, show_default=True, help="So many.")
@click.option(
    "--validators", type=click.IntRange(1, 16), default=2, show_default=True, help="So many."
)
@click.option(
    "--speed", type=click.FloatRange(1, 240), default=60, show_default=True, help="Times real time."
)
@places_option
@immunity_option
@click.option("--for", "for_s", type=Duration(), help="Real time; default: until Ctrl-C.")
@click.option(
    "--dir",
    "home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the network lives; one that is there goes on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what became of it as one object.")
def up(
    miners: int,
    validators: int,
    speed: float,
    places: int,
    immunity: int,
    for_s: float | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Run a simulated network with all subnets, miners and validators; play tokens, no price.

    --places and --immunity are for a network that is new.
    """
    from solard.demo.town import TownOptions, run_town

    options = TownOptions(
        miners=miners,
        validators=validators,
        speed=speed,
        for_s=for_s,
        home=home,
        places=places,
        immunity_blocks=immunity,
    )
    report = run_town(options, lambda line: click.echo(f"network: {line}", err=True)).as_json()
    if as_json:
        click.echo(json.dumps(report, indent=1))
        return
    for name, value in report.items():
        click.echo(f"{name:12} {json.dumps(value)}")

"""`solard demo`: a rig that lives through a measured day."""

import json
import sys
from pathlib import Path

import click

from solard.cli.quantities import Duration

DAYS = ("sunny", "cloudy", "winter", "sydney")


@click.command()
@click.option(
    "--day", type=click.Choice(DAYS), default="sunny", show_default=True, help="A measured day."
)
@click.option(
    "--profile",
    type=click.Choice(("sunspec", "victron")),
    default="sunspec",
    show_default=True,
    help="sunspec: a home on a grid; victron: an off-grid island with a full battery.",
)
@click.option(
    "--speed",
    type=click.FloatRange(1, 240),
    default=60,
    show_default=True,
    help="Times the speed of the sun.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Texture of the clouds.")
@click.option("--for", "for_s", type=Duration(), help="Real time; default: until you quit.")
@click.option("--headless", is_flag=True, help="No screens; needs --for or Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print what was measured as one object.")
@click.option(
    "--dir",
    "home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Home of the demo, kept afterwards.",
)
def demo(
    day: str,
    profile: str,
    speed: float,
    seed: int,
    for_s: float | None,
    headless: bool,
    as_json: bool,
    home: Path | None,
) -> None:
    """Watch a GPU rig live through a measured day of sun, with nothing but this machine."""
    from solard.demo.options import DemoOptions
    from solard.demo.run import run_demo

    options = DemoOptions(
        day=day,
        profile=profile,
        speed=speed,
        seed=seed,
        for_s=for_s,
        headless=headless or as_json,
        home=home,
    )
    report = run_demo(options, lambda line: click.echo(f"demo: {line}", err=True))
    figures = report.as_json()
    if as_json:
        click.echo(json.dumps(figures, indent=1))
    elif headless:
        for name, value in figures.items():
            click.echo(f"{name:22} {value}")
    if "error" in figures:
        click.echo(f"solard: {figures['error']}; see its logs with --dir DIR", err=True)
        sys.exit(1)

"""`solard network simulate`: does work pay better than lies?"""

import json

import click


@click.command()
@click.option("--scenario", required=True, help="random, copying, replaying, silent, slow, …")
@click.option(
    "--rounds", type=click.IntRange(4, 960), default=48, show_default=True, help="Rounds to play."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of all that is random in it.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def simulate(context: click.Context, scenario: str, rounds: int, seed: int, as_json: bool) -> None:
    """Play liars on a simulated network through; exits with 1 if lies paid better than work."""
    from miner.scenarios.report import play_scenario

    report = play_scenario(scenario, rounds=rounds, seed=seed)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=1))
    else:
        for one in (*report.miners, *report.validators):
            gone = "" if one["is_there"] else "  gave way to a newcomer"
            text = f"{one['name']:12} {one['kind']:13} {one['earned_rao'] / 1e9:9.3f} play-τ{gone}"
            click.echo(text)
        click.echo("Work paid better than lies." if report.holds else "Lies paid better than work.")
    context.exit(0 if report.holds else 1)

"""Read-only questions to the running daemon."""

import json
from pathlib import Path

import click

from solard.cli.places import home_option, places_of
from solard.core.view import SiteView

EVERY_DAY = 100_000


def _view(home: Path | None) -> SiteView:
    from solard.client.now import ask_view

    return ask_view(places_of(home).api_socket)


def to_json(value: object) -> str:
    """Return a value of ours as JSON for programs."""
    from solard.core.records import RECORD_CODEC

    return json.dumps(RECORD_CODEC.encode(value), indent=1)


@click.command()
@click.option("--json", "as_json", is_flag=True)
@home_option
def status(as_json: bool, home: Path | None) -> None:
    """Say how the rig is, why, and what comes next."""
    from solard.cli.sentences import say_status

    view = _view(home)
    click.echo(to_json(view) if as_json else say_status(view))


@click.command()
@click.option("--json", "as_json", is_flag=True)
@home_option
def plan(as_json: bool, home: Path | None) -> None:
    """Show what the plan expects of the next two days."""
    from solard.cli.sentences import say_plan

    view = _view(home)
    click.echo(to_json(view.plan) if as_json else say_plan(view))


@click.command()
@click.option("--json", "as_json", is_flag=True)
@click.option("--csv", "as_csv", is_flag=True, help="Every day in the history, for a spreadsheet.")
@home_option
def earnings(as_json: bool, as_csv: bool, home: Path | None) -> None:
    """Show what each day earned and took."""
    from solard.cli.sentences import say_earnings

    if as_csv:
        from solard.cli.spreadsheet import to_csv
        from solard.store.reading import open_history

        with open_history(places_of(home).database) as history:
            click.echo(to_csv(history.earnings_days(EVERY_DAY)), nl=False)
        return
    view = _view(home)
    click.echo(to_json(view.earnings) if as_json else say_earnings(view))


@click.command()
@click.option("--json", "as_json", is_flag=True)
@home_option
def events(as_json: bool, home: Path | None) -> None:
    """Show what happened lately, newest last."""
    from solard.cli.sentences import say_events

    view = _view(home)
    click.echo(to_json(view.events) if as_json else say_events(view))

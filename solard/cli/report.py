"""Read-only questions to the running daemon."""

import json
from pathlib import Path

import click

from solard.cli.places import home_option, places_of
from solard.core.errors import SolardError
from solard.core.view import SiteView

EVERY_DAY = 100_000
PICTURE = click.Path(dir_okay=False, writable=True, path_type=Path)


class NotDrawn(SolardError):
    """A picture that could not be made."""


def _view(home: Path | None) -> SiteView:
    from solard.client.now import ask_view

    return ask_view(places_of(home).api_socket)


def to_json(value: object) -> str:
    """Return a value of ours as JSON for programs."""
    from solard.core.records import RECORD_CODEC

    return json.dumps(RECORD_CODEC.encode(value), indent=1)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def status(as_json: bool, home: Path | None) -> None:
    """Say how the rig is, why, and what comes next."""
    from solard.cli.sentences import say_status

    view = _view(home)
    click.echo(to_json(view) if as_json else say_status(view))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--picture", type=PICTURE, metavar="FILE.svg", help="Draw the next two days.")
@home_option
def plan(as_json: bool, picture: Path | None, home: Path | None) -> None:
    """Show what the plan expects of the next two days, or draw them."""
    if picture is not None:
        _draw(picture, home)
        return
    from solard.cli.sentences import say_plan

    view = _view(home)
    click.echo(to_json(view.plan) if as_json else say_plan(view))


def _draw(picture: Path, home: Path | None) -> None:
    """Write the plan as an SVG file, which every browser shows."""
    if picture.suffix.lower() != ".svg":
        raise click.UsageError(f"the plan is drawn as SVG; write --picture {picture.stem}.svg")
    from solard.cli.plan_picture import draw_plan
    from solard.client.now import ask

    forecast = ask(places_of(home).api_socket, lambda client: client.forecast())
    drawn = draw_plan(_view(home), forecast)
    if drawn is None:
        raise NotDrawn("there is no plan to draw yet; `solard status` says what is missing")
    try:
        picture.write_text(drawn, encoding="utf-8")
    except OSError as err:
        raise NotDrawn(f"{picture}: {err.strerror}; write it where you may write") from err
    click.echo(f"{picture}: the plan of the next two days.")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--csv", "as_csv", is_flag=True, help="Every day in the history, for a spreadsheet.")
@home_option
def earnings(as_json: bool, as_csv: bool, home: Path | None) -> None:
    """Show what each day earned and took."""
    from solard.cli.sentences import say_earnings

    if as_csv and as_json:
        raise click.UsageError("--csv or --json, not both")
    if as_csv:
        from solard.cli.spreadsheet import to_csv
        from solard.store.reading import open_history

        with open_history(places_of(home).database) as history:
            click.echo(to_csv(history.earnings_days(EVERY_DAY)), nl=False)
        return
    view = _view(home)
    click.echo(to_json(view.earnings) if as_json else say_earnings(view))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def events(as_json: bool, home: Path | None) -> None:
    """Show what happened lately, newest last."""
    from solard.cli.sentences import say_events

    view = _view(home)
    click.echo(to_json(view.events) if as_json else say_events(view))

"""`solard replay`: a day as it was and as it could have been; or every stored decision again."""

import json
import sys
from datetime import date, timedelta
from pathlib import Path

import click

from solard.cli.places import home_option, places_of


class Day(click.ParamType[date | timedelta]):
    """`2026-06-08`, `yesterday` or `today`."""

    name = "date"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date | timedelta:
        """Return the day, or how long ago it is."""
        if isinstance(value, date | timedelta):
            return value
        ago = {"today": timedelta(), "yesterday": timedelta(days=1)}.get(str(value).lower())
        if ago is not None:
            return ago
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(
                f"{value} is no day; write it like 2026-06-08, yesterday or today", param, ctx
            )


@click.command()
@click.argument("day", type=Day(), required=False)
@click.option("--cycles", is_flag=True, help="Decide every stored cycle again instead.")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Default: solard.yaml in the etc directory.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def replay(
    day: date | timedelta | None,
    cycles: bool,
    config: Path | None,
    as_json: bool,
    home: Path | None,
) -> None:
    """Show DAY (yesterday) as it was, as it was planned, and as hindsight would have had it.

    With --cycles: decide every stored cycle again from its own inputs; each must come out the same.
    """
    if cycles and day is not None:
        raise click.UsageError("--cycles takes every stored decision: leave out the day")
    if cycles:
        _replay_cycles(home, as_json)
        return
    from hardware.modbus.profile import profile_names
    from solard.app.day_replay import replay_day_of
    from solard.cli.day_sentences import say_day
    from solard.cli.report import to_json
    from solard.config.load import load_settings

    places = places_of(home)
    settings = load_settings(config or places.config, profile_names())
    found = replay_day_of(settings, places.database, timedelta(days=1) if day is None else day)
    click.echo(to_json(found) if as_json else say_day(found, settings.site.timezone))


def _replay_cycles(home: Path | None, as_json: bool) -> None:
    from solard.core.records import replays_same
    from solard.store.reading import open_history

    count, same, different = 0, 0, []
    with open_history(places_of(home).database) as history:
        for stored in history.cycle_records():
            count += 1
            if replays_same(stored.record):
                same += 1
            else:
                different.append({"boot": stored.boot, "seq": stored.seq})
    if as_json:
        click.echo(json.dumps({"cycles": count, "same": same, "different": different}))
    else:
        click.echo(f"{same} of {count} stored decisions come out the same.")
    if different:
        sys.exit(1)

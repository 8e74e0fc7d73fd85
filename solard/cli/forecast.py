"""`solard forecast`: what the sun is expected to do, and how good that was so far."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from solard.cli.places import home_option, places_of

if TYPE_CHECKING:
    from solard.core.skill import Skill

SKILL_DAYS = 30
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
STAMPS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]


@click.command()
@click.option("--skill", is_flag=True, help="Say how good the forecasts of the last days were.")
@click.option(
    "--days",
    default=SKILL_DAYS,
    type=click.IntRange(1, 400),
    help="So many of the last; with --skill.",
)
@click.option("--site", type=FILE, help="A solard.yaml: with --skill and --data, of a recording.")
@click.option("--data", type=FILE, help="CSV as for `solard simulate`, plain or .gz.")
@click.option("--from", "begins", type=click.DateTime(STAMPS), help="First forecast, UTC.")
@click.option("--to", "ends", type=click.DateTime(STAMPS), help="Day after the last, UTC.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def forecast(
    skill: bool,
    days: int,
    site: Path | None,
    data: Path | None,
    begins: datetime | None,
    ends: datetime | None,
    as_json: bool,
    home: Path | None,
) -> None:
    """Show what the sun is expected to do for two days, or how good that was."""
    from solard.cli.report import to_json

    if (site is None) != (data is None):
        raise click.UsageError("--site and --data go together, with --skill")
    if site is not None and not skill:
        raise click.UsageError("--site and --data say how good forecasts were: add --skill")
    if not skill:
        _show(home, as_json)
        return
    measured = (
        _of_archive(home, days)
        if site is None or data is None
        else _of_recording(site, data, _utc(begins), _utc(ends))
    )
    from solard.cli.sentences import say_skill

    click.echo(to_json(measured) if as_json else say_skill(measured))


def _show(home: Path | None, as_json: bool) -> None:
    from solard.cli.report import to_json
    from solard.cli.sentences import say_forecast
    from solard.client.now import ask, ask_view

    socket = places_of(home).api_socket
    newest = ask(socket, lambda client: client.forecast())
    if as_json:
        click.echo(to_json(newest))
    else:
        click.echo(say_forecast(newest, ask_view(socket).state.utc_offset_s))


def _of_archive(home: Path | None, days: int) -> "Skill":
    from scheduler.skill import archive_skill
    from solard.store.reading import open_history
    from solard.system.clock import clock_from_environment

    now = clock_from_environment().now()
    after = now - timedelta(days=days)
    with open_history(places_of(home).database) as history:
        truth = history.site15(after - timedelta(days=2), now)
        return archive_skill(history.forecasts(after), truth)


def _of_recording(
    site: Path, data: Path, begins: datetime | None, ends: datetime | None
) -> "Skill":
    from scheduler.replay import replay_skill
    from solard.config.load import load_settings
    from solard.config.plan_terms import solar_site
    from solard.simulate.recording import TICK_S, read_recording

    settings = load_settings(site)
    zone = settings.site.timezone
    recording = read_recording(data, settings.tariff, zone, begins_at=begins, ends_at=ends)
    ticks = (*recording.before, *recording.ticks)
    unknown = float("nan")
    return replay_skill(
        solar_site(settings),
        ticks[0].starts_at,
        TICK_S,
        pv_w=[tick.pv_w if tick.pv_known else unknown for tick in ticks],
        house_w=[tick.load_w if tick.load_known else unknown for tick in ticks],
        told_w=[unknown if tick.pv_forecast_w is None else tick.pv_forecast_w for tick in ticks],
        first_at=recording.ticks[0].starts_at,
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)

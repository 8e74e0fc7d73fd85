"""`solard job`: work that can wait for the sun."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from solard.cli.operate import warn_unkept
from solard.cli.places import home_option, places_of
from solard.cli.quantities import Duration, Power

if TYPE_CHECKING:
    from solard.core.view import JobView, SiteView


@click.group()
def job() -> None:
    """Work that can wait, until a deadline, for the sun."""


@job.command("add", context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--duration", type=Duration(), required=True, help="How long it runs, as in 3h.")
@click.option("--gpus", "cards", type=click.IntRange(0, 64), default=0, help="Cards it takes.")
@click.option("--power", type=Power(), help="At the wall; default: 300 W a card, 60 W without.")
@click.option("--within", type=Duration(), help="Deadline: so long from now.")
@click.option("--after", type=Duration(), help="Not before so long from now.")
@click.option("--value", type=click.FloatRange(0.0, 1e4), help="Money, if in time.")
@click.option(
    "--pay-at-most", "paid", type=click.FloatRange(0.0, 10.0), help="Money per kWh of its energy."
)
@click.option("--mandatory", is_flag=True, help="It must be in time, whatever energy costs.")
@click.option("--uninterruptible", is_flag=True, help="Once started it runs to its end.")
@click.option(
    "--checkpoint",
    type=click.Choice(["SIGTERM", "SIGINT", "SIGUSR1", "SIGUSR2"]),
    default="SIGTERM",
    help="How it is told to save and end.",
)
@click.option("--retries", type=click.IntRange(0, 100), default=0, help="New tries if it fails.")
@home_option
def add(
    name: str,
    command: tuple[str, ...],
    duration: float,
    cards: int,
    power: float | None,
    within: float | None,
    after: float | None,
    value: float | None,
    paid: float | None,
    mandatory: bool,
    uninterruptible: bool,
    checkpoint: str,
    retries: int,
    home: Path | None,
) -> None:
    """Add a job, as in: solard job add NAME --duration 3h --gpus 2 --within 24h -- COMMAND."""
    from solard.client.client import Client
    from solard.core.job import JobSpec, assumed_power_w

    client = Client(places_of(home).api_socket)

    async def ask() -> str:
        now = (await client.view()).state.taken_at
        spec = JobSpec(
            name=name,
            command=command,
            duration_s=duration,
            power_w=assumed_power_w(cards) if power is None else power,
            cards=cards,
            earliest_at=_later(now, after),
            deadline_at=_later(now, within),
            value=value,
            pay_at_most_per_kwh=paid,
            mandatory=mandatory,
            interruptible=not uninterruptible,
            checkpoint_signal=checkpoint,
            retries=retries,
        )
        return await client.add_job(spec)

    click.echo(f"Added {asyncio.run(ask())}; `solard job list` says when it runs, and why.")
    warn_unkept(places_of(home).api_socket)


@job.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def list_jobs(as_json: bool, home: Path | None) -> None:
    """Show the open jobs and the last ones that are over."""
    from solard.client.now import ask_view
    from solard.core.records import RECORD_CODEC

    view = ask_view(places_of(home).api_socket)
    if as_json:
        click.echo(json.dumps({"jobs": RECORD_CODEC.encode(view.jobs)}, indent=1))
        return
    if not view.jobs:
        click.echo("No jobs. Add one with `solard job add`, or under `jobs:` in solard.yaml.")
    for one in view.jobs:
        click.echo(_line(one, view))


@job.command("show")
@click.argument("job_id")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def show(job_id: str, as_json: bool, home: Path | None) -> None:
    """Show one job: what it needs, how far it is, and why it waits."""
    from solard.client.now import ask_view
    from solard.core.records import RECORD_CODEC

    view = ask_view(places_of(home).api_socket)
    found = next((one for one in view.jobs if one.job_id == job_id), None)
    if found is None:
        known = ", ".join(one.job_id for one in view.jobs) or "there are none"
        raise click.UsageError(f"no job {job_id}; jobs: {known}")
    click.echo(
        json.dumps(RECORD_CODEC.encode(found), indent=1) if as_json else page_of(found, view)
    )


@job.command("cancel")
@click.argument("job_id")
@home_option
def cancel(job_id: str, home: Path | None) -> None:
    """End a job for good; what it has done is lost unless it saved it."""
    from solard.client.now import ask

    ask(places_of(home).api_socket, lambda client: client.cancel_job(job_id))
    click.echo(f"{job_id} is cancelled.")


@job.command("run-now")
@click.argument("job_id")
@home_option
def run_now(job_id: str, home: Path | None) -> None:
    """Run a job as soon as safety, battery and grid allow it, whatever the plan says."""
    from solard.client.now import ask

    ask(places_of(home).api_socket, lambda client: client.run_job(job_id))
    click.echo(f"{job_id} runs as soon as the rules allow it.")


def _later(now: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=seconds)


def _line(one: "JobView", view: "SiteView") -> str:
    from solard.core.job import JobState

    share = 1.0 if one.state is JobState.DONE else min(1.0, one.ran_s / one.duration_s)
    done = f"{share:.0%}"
    return f"{one.job_id:<20} {one.state.value:<9} {done:>4}  {_when(one, view)}  {one.note}"


def _when(one: "JobView", view: "SiteView") -> str:
    if one.deadline_at is None:
        return "no deadline    "
    return f"by {_local(one.deadline_at, view):<12}"


def _local(moment: datetime, view: "SiteView") -> str:
    return f"{moment + timedelta(seconds=view.state.utc_offset_s):%a %d %H:%M}"


def page_of(one: "JobView", view: "SiteView") -> str:
    """Return a job with all its terms, a line each."""
    from solard.core.wording import say_duration, say_power, say_price

    urgency = "mandatory" if one.mandatory else "optional"
    pause = "can be paused" if one.interruptible else "runs to its end once started"
    takes = f"{one.cards} card{'s' if one.cards > 1 else ''}, " if one.cards else ""
    windows = ", ".join(
        f"{_local(each.starts_at, view)}–{_local(each.ends_at, view)[-5:]}" for each in one.planned
    )
    terms = [urgency, pause, _when(one, view).strip()]
    terms += [] if one.value is None else [f"worth {one.value:.2f} {view.currency or ''}".strip()]
    if one.pay_at_most_per_kwh is not None:
        terms.append(f"at most {say_price(one.pay_at_most_per_kwh, view.currency)}")
    status = "" if one.exit_status is None else f" (exit status {one.exit_status})"
    rows = (
        ("state", f"{one.state.value}{status}: {one.note}"),
        ("command", " ".join(one.command)),
        ("takes", f"{takes}{say_power(one.power_w)} for {say_duration(one.duration_s)}"),
        ("done", say_duration(one.ran_s)),
        ("terms", ", ".join(terms)),
        ("planned", windows or "—"),
        ("tries", f"{one.failures} failed"),
    )
    return "\n".join([one.job_id, *(f"  {name:<8} {text}" for name, text in rows)])

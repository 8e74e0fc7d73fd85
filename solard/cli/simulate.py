"""`solard simulate`: a recording lived through by several policies, beside the bound."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
STAMPS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S"]


@click.command()
@click.option("--site", "site", type=FILE, required=True, help="A solard.yaml.")
@click.option("--data", "data", type=FILE, required=True, help="CSV, plain or .gz.")
@click.option("--jobs", "jobs", type=FILE, help="CSV of jobs.")
@click.option("--policies", help="Comma-separated; all where left out.")
@click.option("--from", "begins", type=click.DateTime(STAMPS), help="First day, UTC.")
@click.option("--to", "ends", type=click.DateTime(STAMPS), help="Day after the last, UTC.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Directory for traces and summary.json.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def simulate(
    site: Path,
    data: Path,
    jobs: Path | None,
    policies: str | None,
    begins: datetime | None,
    ends: datetime | None,
    out: Path,
    as_json: bool,
) -> None:
    """Live through a recording; say what each policy makes of it."""
    from solard.simulate.simulate import POLICIES, SimulationRequest
    from solard.simulate.simulate import simulate as live_through

    chosen = tuple(policies.split(",")) if policies else POLICIES
    unknown = [name for name in chosen if name not in POLICIES]
    if unknown:
        raise click.BadParameter(
            f"{', '.join(unknown)} is no policy; there are {', '.join(POLICIES)}",
            param_hint="--policies",
        )
    request = SimulationRequest(
        site=site,
        data=data,
        out=out,
        jobs=jobs,
        policies=chosen,
        begins_at=None if begins is None else begins.replace(tzinfo=UTC),
        ends_at=None if ends is None else ends.replace(tzinfo=UTC),
    )
    summary = live_through(request, lambda text: click.echo(text, err=True))
    if as_json:
        click.echo(json.dumps(summary, indent=1))
    else:
        click.echo(say_summary(summary))


def say_summary(summary: dict[str, object]) -> str:
    """Return the table for people."""
    word = "day" if summary["days"] == 1 else "days"
    head = f"{'policy':<16}{'value':>10}{'capture':>10}{'import':>10}{'export':>10}{'solar':>8}"
    lines = [
        f"{summary['site']}, {summary['days']:g} {word} from {summary['from_utc']}; "
        f"bound {summary['upper_bound']:.2f}, floor {summary['floor_value']:.2f}",
        f"{head}{'starts/d':>10}{'breach/d':>10}{'jobs':>9}{'missed':>8}",
    ]
    policies = summary["policies"]
    assert isinstance(policies, dict)
    lines += [_say_policy(name, figures) for name, figures in policies.items()]
    return "\n".join(lines)


def _say_policy(name: str, figures: dict[str, float]) -> str:
    def share(value: float | None) -> str:
        return "n/a" if value is None else f"{100.0 * value:.1f} %"

    jobs = f"{figures['jobs_done']}/{figures['jobs_done'] + figures['jobs_missed']}"
    return (
        f"{name:<16}{figures['value']:>10.2f}{share(figures['capture']):>10}"
        f"{figures['import_kwh']:>10.1f}{figures['export_kwh']:>10.1f}"
        f"{share(figures['solar_share']):>8}{figures['starts_per_day']:>10.2f}"
        f"{figures['breach_kwh_per_day']:>10.3f}{jobs:>9}{figures['mandatory_missed']:>8}"
    )

"""`solard workload` and `solard logs`: the programs on the rig, and what they say."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from solard.cli.places import home_option, places_of
from solard.core.errors import SolardError

if TYPE_CHECKING:
    from hardware.work.logs import LogLine, WorkLog
    from solard.core.view import WorkloadView
    from solard.system.places import Places

LOOK_EVERY_S = 0.2


class WorkloadMissing(SolardError):
    """There is no workload or log of that name."""


@click.group()
def workload() -> None:
    """Miners, validators and other programs on the rig."""


@workload.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def list_workloads(as_json: bool, home: Path | None) -> None:
    """List them: mode, health, rate, power."""
    views = _views(home)
    if as_json:
        click.echo(_json({"workloads": views}))
        return
    for view in views:
        click.echo(_say_row(view))
    if not views:
        click.echo("There are none; write workloads: into solard.yaml.")


@workload.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def show(name: str, as_json: bool, home: Path | None) -> None:
    """Show all that is known of NAME."""
    view = next((one for one in _views(home) if one.name == name), None)
    if view is None:
        known = ", ".join(one.name for one in _views(home)) or "none"
        raise WorkloadMissing(f"there is no workload {name!r}; there are: {known}")
    click.echo(_json(view) if as_json else "\n".join(_say_all(view)))


def _verb(verb: str, text: str, done: str) -> click.Command:
    @click.argument("name")
    @home_option
    def command(name: str, home: Path | None) -> None:
        from solard.client.now import ask

        ask(places_of(home).api_socket, lambda client: client.tell_workload(name, verb))
        click.echo(f"{name}: {done}")

    return click.command(verb, help=text)(command)


for _made in (
    _verb("start", "Let NAME run again that was stopped, frozen or parked.", "runs as decided."),
    _verb("stop", "End NAME; it stays down until `start`.", "stopped."),
    _verb("drain", "Let NAME finish within its grace; it stays down until `start`.", "drained."),
    _verb("freeze", "Stop NAME where it stands; it keeps its memory until `thaw`.", "frozen."),
    _verb("thaw", "Let a frozen NAME go on.", "goes on."),
):
    workload.add_command(_made)


@workload.command("import")
@click.argument("supervisor", type=click.Choice(["pm2"]))
@click.argument("file", type=click.File(encoding="utf-8"), required=False)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: shown."
)
def import_workloads(
    supervisor: str,  # noqa: ARG001 - there is one so far
    file: "TextIO | None",
    output: Path | None,
) -> None:
    """Write the YAML of what pm2 runs; restart nothing.

    FILE is what `pm2 jlist` printed, or ~/.pm2/dump.pm2; `-` is standard input. Without it pm2 is
    asked: do that as the user whose pm2 it is.
    """
    from hardware.work.pm2 import ask_pm2, read_pm2
    from solard.config.written import write_workloads

    said = file.read() if file is not None else ask_pm2()
    text = write_workloads(read_pm2(said))
    if output is None:
        click.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    click.echo(f"Written to {output}; nothing was started or stopped.")


@click.command()
@click.argument("name")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0, 100_000),
    default=50,
    show_default=True,
    help="At most so many.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@click.option("--json", "as_json", is_flag=True, help="One object a line: at, text.")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Default: solard.yaml in the etc directory.",
)
@home_option
def logs(
    name: str, lines: int, follow: bool, as_json: bool, config: Path | None, home: Path | None
) -> None:
    """Show what workload NAME said last."""
    places = places_of(home)
    log = _log(name, places, config or places.config)
    tail = log.follow() if follow else None
    for line in log.last(lines):
        _print(line, as_json)
    while tail is not None:
        for line in tail.more():
            _print(line, as_json)
        sys.stdout.flush()
        time.sleep(LOOK_EVERY_S)


def _print(line: "LogLine", as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"at": line.at or None, "text": line.text}))
    else:
        click.echo(f"{line.at[:19].replace('T', ' ')}  {line.text}" if line.at else line.text)


def _log(name: str, places: "Places", config: Path) -> "WorkLog":
    """Find a log: our own file, what its owner's supervisor keeps, or the journal."""
    from hardware.work.external import ExternalBackend
    from hardware.work.logs import LogFiles
    from hardware.work.systemd import has_unit, journal_of, unit_of
    from solard.app.workloads import other_spec
    from solard.config.load import load_settings

    own = LogFiles(places.logs / f"{name}.log")
    if own.path.exists():
        return own
    known: tuple[str, ...] = ()
    if config.exists():
        settings = load_settings(config)
        known = tuple(each.name for each in settings.workloads)
        section = next((each for each in settings.workloads if each.name == name), None)
        if section is not None and section.external is not None:
            return ExternalBackend().log(other_spec(section))
    if has_unit(name):
        return journal_of(unit_of(name))
    raise WorkloadMissing(
        f"nothing is known of {name!r} in {places.logs}, and no unit of it has run; "
        f"workloads: {', '.join(known) or 'none'}"
    )


def _views(home: Path | None) -> "tuple[WorkloadView, ...]":
    from solard.client.now import ask_view

    return ask_view(places_of(home).api_socket).workloads


def _json(value: object) -> str:
    from solard.core.records import RECORD_CODEC

    return json.dumps(RECORD_CODEC.encode(value), indent=1)


def _say_row(view: "WorkloadView") -> str:
    from solard.core.wording import say_power

    mode = view.mode.value if view.mode else "—"
    mode = view.hold or ("parked" if view.parked else mode)
    rate = "" if view.rate is None else f"{view.rate:g} {view.rate_unit}".strip()
    power = "" if view.power_w is None else say_power(view.power_w)
    return f"{view.name:27}{mode:9}{power:>9}  {rate:18}{view.health}".rstrip()


def _say_all(view: "WorkloadView") -> list[str]:
    from solard.core.wording import say_energy

    rows = {
        "name": view.name,
        "role": f"{view.role}{f', run by {view.keeper}' if view.keeper else ''}",
        "pid": view.pid or "—",
        "mode": f"{view.mode.value if view.mode else '—'} (wanted: {view.wanted.value})",
        "health": view.health,
        "rate": "—" if view.rate is None else f"{view.rate:g} {view.rate_unit}".strip(),
        "energy": f"{say_energy(view.energy_j / 3600.0)} since {view.energy_since}"
        if view.energy_since
        else "none yet",
        "restarts": view.restarts,
    }
    if view.use is not None:
        memory = view.use.memory_bytes
        rows["uses"] = f"{view.use.processes} processes" + (
            "" if memory is None else f", {memory / 1e6:.0f} MB"
        )
    if view.hold is not None:
        rows["held"] = view.hold
    if view.note is not None:
        rows["note"] = view.note
    rows |= dict(view.counters)
    return [f"{name:10}{value}" for name, value in rows.items()]

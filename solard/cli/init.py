"""The first configuration: find the device, show it, ask which way power runs, write the file."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from solard.cli.places import home_option, places_of
from solard.core.errors import SolardError

if TYPE_CHECKING:
    from hardware.modbus.scan import Candidate
    from solard.config.starter import StarterValues
    from solard.core.readings import PointReading

_SHOWN = frozenset(
    {
        *(
            "pv_power",
            "load_power",
            "grid_power",
            "battery_power",
            "battery_soc",
            "generator_power",
        ),
        *("battery_voltage", "supply", "inverter_alarm", "rated_power", "model", "manufacturer"),
    }
)
_SAYS_SOMETHING_W = 50.0
_QUESTIONS = {
    "grid_power": ("Are you importing from the grid right now?", "import", "export"),
    "battery_power": ("Is the battery feeding the house right now?", "discharge", "charge"),
}


class AlreadyThere(SolardError):
    """A configuration exists and is not written over."""


class NotThere(SolardError):
    """The owner says that it is none of those that were found."""


class CannotWrite(SolardError):
    """The configuration has no place."""


@click.command()
@click.argument("host", required=False)
@click.option(
    "--port",
    "ports",
    type=click.IntRange(1, 65535),
    multiple=True,
    help="Of Modbus TCP, repeatable. Default: those of the families.",
)
@click.option("--profile", "names", multiple=True, help="Look for these families only.")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; default: solard.yaml in the etc directory.",
)
@home_option
def init(
    host: str | None,
    ports: tuple[int, ...],
    names: tuple[str, ...],
    config: Path | None,
    home: Path | None,
) -> None:
    """Write a first solard.yaml: find the inverter at HOST, confirm signs, ask about the site.

    Asks only the host that you name, and writes over nothing but what `solard install` laid there
    and nobody touched. Enter keeps what stands in brackets.
    """
    from solard.cli.site_questions import ask_site
    from solard.config.starter import StarterValues, write_starter
    from solard.system.installer.files import is_untouched, machine_timezone

    path = config or places_of(home).config
    if path.exists() and not is_untouched(path):
        raise AlreadyThere(
            f"{path} is there already; `solard modbus scan HOST` shows the lines for a device, "
            "and `solard check` what is still missing"
        )
    if host is None:
        host = click.prompt(
            "Address of your inverter or its gateway (Enter: none yet)", default="", err=True
        )
    given = StarterValues(timezone=machine_timezone(Path("/")))
    if host:
        given = replace(given, device=_ask_device(host, ports, names))
    values = ask_site(given)
    _write(path, write_starter(values))
    click.echo(f"{path}: written, and easy to read. {_say_rest(given, values)}")
    click.echo(
        "Then `solard check --connect`; solard observes and touches nothing until `solard live`."
    )


def _say_rest(given: "StarterValues", values: "StarterValues") -> str:
    """Return what nobody answered."""
    kept = {
        "where it is": (values.latitude, values.longitude) == (given.latitude, given.longitude),
        "its panels": values.peak == given.peak,
        "its battery": values.battery == given.battery,
    }
    open_ones = [what for what, same in kept.items() if same]
    if not open_ones:
        return "More directions of panels, cards and workloads: docs/configure.md."
    return f"Look at {', '.join(open_ones)}: as in the example, until you say."


def _ask_device(host: str, ports: tuple[int, ...], names: tuple[str, ...]) -> str:
    from hardware.modbus.scan import propose

    click.echo(f"Looking at {host} …", err=True)
    candidates = look_at(host, ports, names)
    chosen = next((one for one in candidates if len(candidates) == 1 or _is_it(one)), None)
    if chosen is None:
        raise NotThere(f"none of the devices at {host} is yours; name another host or --profile")
    if len(candidates) == 1:
        show_candidate(chosen)
    turned = [name for name in _QUESTIONS if _runs_the_other_way(name, chosen.points)]
    line = propose(chosen, "inverter")
    if turned:
        line = f"{line.removesuffix('}')}, turned: [{', '.join(turned)}]}}"
    return line


def look_at(host: str, ports: tuple[int, ...], names: tuple[str, ...]) -> "tuple[Candidate, ...]":
    """Return what answers at a host, best first; raise NothingFound."""
    from hardware.modbus.profile import find_profile, profile_names
    from hardware.modbus.scan import scan
    from solard.cli.modbus_line import NothingFound, addresses_of

    profiles = [find_profile(name) for name in names or profile_names()]
    result = asyncio.run(scan(addresses_of(host, ports, profiles, "tcp", None, None), profiles))
    for sentence in result.silent:
        click.echo(sentence, err=True)
    if not result.candidates:
        raise NothingFound(
            f"no device of a known family answers at {host}; is Modbus switched on in its menu, "
            "and does no other program hold it? `solard modbus profiles` lists the families"
        )
    return result.candidates


def show_candidate(one: "Candidate") -> None:
    """Show what a device is and says now."""
    from solard.cli.modbus import show_points

    click.echo(f"\n{one.address.name} unit {one.unit}: {one.profile.profile_id}")
    show_points(point for point in one.points if point.name in _SHOWN)


def _is_it(one: "Candidate") -> bool:
    show_candidate(one)
    return click.confirm("Is this your device?", default=True, err=True)


def _runs_the_other_way(name: str, points: "tuple[PointReading, ...]") -> bool:
    """Ask which way power runs now; True where the owner contradicts the device."""
    value = next((one.value for one in points if one.name == name), None)
    if not isinstance(value, float | int):
        return False
    question, plus, minus = _QUESTIONS[name]
    if abs(value) < _SAYS_SOMETHING_W:
        click.echo(
            f"{name} is {value:.0f} W: too little to tell its direction. Look again when it is "
            f"more: + must be {plus}, − must be {minus}",
            err=True,
        )
        return False
    says = plus if value > 0 else minus
    click.echo(f"\n{name} {value:+.0f} W, which means {abs(value):.0f} W of {says}.", err=True)
    asked = f"{question} (yes, no, unsure)"
    answer = _ask_word(asked)
    if answer == "unsure" or (answer == "yes") == (value > 0):
        return False
    click.echo(
        f"Then its meter counts the other way: written as `turned: [{name}]`. Look at it once "
        "more when power runs the other way.",
        err=True,
    )
    return True


def _ask_word(asked: str) -> str:
    """Return `yes`, `no` or `unsure`; the last also where no answer comes, as from a pipe."""
    while True:
        click.echo(f"{asked} [unsure]: ", nl=False, err=True)
        try:
            said = input().strip().lower() or "unsure"
        except EOFError:
            click.echo("", err=True)
            return "unsure"
        found = [word for word in ("yes", "no", "unsure") if word.startswith(said)]
        if found:
            return found[0]
        click.echo("  answer yes, no or unsure", err=True)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # In place: a file that `solard install` laid there keeps its owner and mode.
        with path.open("r+" if path.exists() else "x", encoding="utf-8") as file:
            file.write(text)
            file.truncate()
    except OSError as err:
        raise CannotWrite(f"cannot write {path}: {err.strerror or err}; name another") from err

"""Look for Modbus devices, watch one, write one down, play one."""

import asyncio
import json
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from solard.cli.modbus import address_from, line_options, show_points
from solard.core.errors import SolardError

if TYPE_CHECKING:
    from hardware.modbus.address import Address
    from hardware.modbus.description import Profile
    from hardware.modbus.scan import Candidate
    from hardware.sim.server import Image, Respond
    from solard.core.readings import PointReading


class NothingFound(SolardError):
    """Nobody answers where we were told to look."""


class NotWritten(SolardError):
    """A recording cannot be put where it was wanted."""


class NothingToServe(SolardError):
    """A name is neither a recording nor a profile."""


_SILENT_AT_MOST_S = 30.0
"""As in a configuration that says nothing else."""
_TOLD = ("pv_power", "grid_power", "battery_power", "battery_soc", "load_power", "generator_power")


@click.command()
@click.argument("host")
@click.option(
    "--port",
    "ports",
    type=click.IntRange(1, 65535),
    multiple=True,
    help="Of Modbus TCP, repeatable. Default: those of the families.",
)
@click.option("--profile", "names", multiple=True, help="Look for these families only.")
@click.option(
    "--framer",
    type=click.Choice(["tcp", "rtu"]),
    default="tcp",
    help="rtu: for gateways that pass serial frames on.",
)
@click.option("--baudrate", type=int, help="Of a serial line.")
@click.option("--parity", type=click.Choice(["none", "even", "odd"]), help="Of a serial line.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def scan(
    host: str,
    ports: tuple[int, ...],
    names: tuple[str, ...],
    framer: str,
    baudrate: int | None,
    parity: str | None,
    as_json: bool,
) -> None:
    """Find out what HOST (or a serial line) is, and what to write into solard.yaml.

    Asks this one host and nobody else, reads only, and takes up to a minute. HOST may name a port.
    """
    from hardware.modbus.profile import find_profile, profile_names
    from hardware.modbus.scan import propose
    from hardware.modbus.scan import scan as look

    profiles = [find_profile(name) for name in names or profile_names()]
    addresses = addresses_of(host, ports, profiles, framer, baudrate, parity)
    result = asyncio.run(look(addresses, profiles))
    if as_json:
        found = [_as_row(one) for one in result.candidates]
        click.echo(json.dumps({"found": found, "silent": result.silent}, ensure_ascii=False))
    for sentence in result.silent:
        click.echo(sentence, err=True)
    if not result.candidates:
        raise NothingFound(
            f"no device of a known family answers at {host}; is Modbus switched on in its menu, "
            "and does no other program hold it? `solard modbus profiles` lists the families"
        )
    if as_json:
        return
    for one in result.candidates:
        click.echo(_say(one))
    best = propose(result.candidates[0], "inverter")
    click.echo(f"\nWrite into solard.yaml, and compare with its display:\n\ndevices:\n  {best}")


def addresses_of(
    host: str,
    ports: tuple[int, ...],
    profiles: "list[Profile]",
    framer: str,
    baudrate: int | None,
    parity: str | None,
) -> "list[Address]":
    """Return where to look: one address where HOST names it, else the families' ports."""
    from hardware.modbus.scan import ports_of

    if host.startswith("/") or (host.count(":") == 1 and not ports):
        return [address_from(host, framer, baudrate, parity)]
    wanted = ports or ports_of(profiles)
    return [address_from(f"{host}:{port}", framer, None, None) for port in wanted]


def _as_row(one: "Candidate") -> dict[str, object]:
    from hardware.modbus.scan import propose
    from solard.cli.modbus import to_rows

    return {
        "profile": one.profile.profile_id,
        "address": one.address.name,
        "unit": one.unit,
        "good": one.good,
        "values": len(one.points),
        "config": propose(one, "inverter"),
        "points": to_rows(one.points),
    }


def _say(one: "Candidate") -> str:
    shown = {point.name: point for point in one.points if point.name in _TOLD}
    values = ", ".join(
        f"{name} {shown[name].value:g} {shown[name].unit}"
        for name in _TOLD
        if name in shown and isinstance(shown[name].value, float | int)
    )
    share = f"{one.good} of {len(one.points)} values plausible"
    what = f"{one.address.name} unit {one.unit}: {one.profile.profile_id}, {share}"
    return f"{what}; {values}" if values else what


@click.command()
@click.argument("address")
@click.option("--profile", required=True, help="Such as victron-gx, or a YAML file of your own.")
@line_options
@click.option(
    "--every",
    default=2.0,
    show_default=True,
    type=click.FloatRange(0.2, 3600.0),
    help="Seconds between two polls.",
)
@click.option("--times", type=click.IntRange(1), help="End after so many polls.")
def watch(
    address: str,
    profile: str,
    unit: int | None,
    framer: str,
    baudrate: int | None,
    parity: str | None,
    every: float,
    times: int | None,
) -> None:
    """Show the values of HOST:PORT again and again, with quality and age; Ctrl-C ends it."""
    from hardware.modbus.profile import find_profile

    found = find_profile(profile)
    where = address_from(address, framer, baudrate, parity, found)
    asyncio.run(_watch(where, found, unit, every, times))


async def _watch(
    where: "Address", profile: "Profile", unit: int | None, every_s: float, times: int | None
) -> None:
    from hardware.modbus.device import ModbusDevice
    from hardware.modbus.link import ModbusLink
    from hardware.modbus.probe import find_roles
    from solard.daemon.age import Age, aged

    link, roles = ModbusLink(where, profile.limits), {}
    with suppress(SolardError):
        roles = await find_roles(link, profile)
    device = ModbusDevice("", profile, link, unit, units=roles)
    loop = asyncio.get_running_loop()
    good_s: dict[str, float] = {}
    points: tuple[PointReading, ...] = ()
    polls, heard_s = 0, loop.time()
    try:
        while times is None or polls < times:
            polls += 1
            trouble = ""
            try:
                points = await device.poll()
                heard_s = loop.time()
                good_s |= {one.name: heard_s for one in points if one.quality.value == "good"}
            except SolardError as err:
                trouble = str(err)
            if sys.stdout.isatty():
                click.clear()
            ages = {name: loop.time() - at for name, at in good_s.items()}
            click.echo(f"{where.name} {profile.profile_id}, poll {polls}")
            age = Age(loop.time() - heard_s, every_s, _SILENT_AT_MOST_S)
            show_points(aged(points, age, sleeps=False), ages)
            if trouble:
                click.echo(f"!  {trouble}")
            if times is None or polls < times:
                await asyncio.sleep(every_s)
    finally:
        await device.close()
    if not good_s:
        raise NothingFound(trouble or f"{where.name} has said nothing good")


@click.command()
@click.argument("address")
@click.option("--profile", required=True, help="Such as victron-gx, or a YAML file of your own.")
@line_options
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: shown.")
def dump(
    address: str,
    profile: str,
    unit: int | None,
    framer: str,
    baudrate: int | None,
    parity: str | None,
    output: Path | None,
) -> None:
    """Write down what HOST:PORT serves, serial numbers covered, for a report or a test.

    `solard modbus replay FILE` decodes it and `solard modbus serve FILE` plays it.
    """
    from hardware.modbus.dump import dump as write_down
    from hardware.modbus.profile import find_profile

    found = find_profile(profile)
    where = address_from(address, framer, baudrate, parity, found)
    text = json.dumps(asyncio.run(write_down(where, found, unit)), ensure_ascii=False, indent=1)
    # One line for the words of a block: people look through it.
    text = re.sub(r"\[[\s\d,]+\]", lambda found: " ".join(found[0].split()), text)
    if output is None:
        click.echo(text)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as err:
        raise NotWritten(f"{output}: {err.strerror or err}; choose another --output") from err
    click.echo(f"{output}: written; look through it before you send it to anybody")


@click.command()
@click.argument("source")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=5020,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0: any free one.",
)
@click.option("--unit", type=click.IntRange(0, 255), help="Answer as this unit only.")
@click.option("--only", metavar="ID", help="Of a file with several recordings: this one.")
def serve(source: str, host: str, port: int, unit: int | None, only: str | None) -> None:
    """Play a device from SOURCE, a recording (JSON) or a profile, until SIGTERM.

    Registers that it does not have are refused with exception 2, writes with exception 1. A
    recording stands still; a profile is played as a home at noon, which moves a little.
    """
    name, respond = _to_serve(source, unit, only)
    asyncio.run(_serve(name, respond, host, port))


def _to_serve(source: str, unit: int | None, only: str | None) -> "tuple[str, Respond]":
    from hardware.modbus.profile import find_profile, profile_names
    from hardware.sim.served import as_unit, image_of_profile, image_of_recording
    from hardware.sim.server import show

    path = Path(source)
    known = {name.replace("_", "-") for name in profile_names()}
    if source.replace("_", "-") in known or path.suffix in (".yaml", ".yml"):
        profile = find_profile(source)
        image = image_of_profile(profile)

        def moving() -> "Image":
            turn = int(asyncio.get_running_loop().time())
            return as_unit(image_of_profile(profile, turn), unit)

        units = ", ".join(map(str, sorted(image)))
        word = "unit" if len(image) == 1 else "units"
        return f"{profile.profile_id} ({word} {units})", show(moving)
    if not path.exists():
        names = ", ".join(sorted(known))
        raise NothingToServe(f"{source} is no file and no profile; profiles: {names}")
    from hardware.modbus.capture import read_captures

    recordings = [one for one in read_captures(path) if one.polls]
    chosen = [one for one in recordings if only in (None, one.name)]
    if not recordings:
        raise NothingToServe(f"{source} holds no registers; `solard modbus dump` writes such files")
    if len(chosen) != 1:
        names = ", ".join(one.name for one in recordings)
        raise NothingToServe(f"{source} holds {len(recordings)} recordings; choose --only: {names}")
    profiles = {name: find_profile(name) for name in profile_names()}
    family = profiles.get(chosen[0].family)
    blocks = [block for poll in chosen[0].polls for block in poll]
    still = image_of_recording(blocks, same=family is not None and family.fc_same)
    image = as_unit(still, unit)
    return f"{chosen[0].name} (recorded)", show(lambda: image)


async def _serve(name: str, respond: "Respond", host: str, port: int) -> None:
    from hardware.sim.server import ModbusServer

    server = ModbusServer(respond)
    bound = await server.start(host, port)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    click.echo(f"serving {name} on {host}:{bound}")
    sys.stdout.flush()
    await ended.wait()
    await server.close()

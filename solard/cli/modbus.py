"""Look at Modbus devices, their profiles and recordings without a daemon."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hardware.modbus.address import Address
    from hardware.modbus.description import Profile
    from solard.core.readings import PointReading


@click.group()
def modbus() -> None:
    """Look at Modbus devices."""


def line_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a device is connected, as keyword arguments."""
    for option in (
        click.option("--unit", type=click.IntRange(0, 255), help="Default: the profile's own."),
        click.option(
            "--framer",
            type=click.Choice(["tcp", "rtu"]),
            default="tcp",
            help="rtu: for gateways that pass serial frames on.",
        ),
        click.option("--baudrate", type=int, help="Of a serial line. Default: the profile's own."),
        click.option(
            "--parity",
            type=click.Choice(["none", "even", "odd"]),
            help="Of a serial line. Default: the profile's own.",
        ),
    ):
        command = option(command)
    return command


def address_from(
    text: str,
    framer: str,
    baudrate: int | None,
    parity: str | None,
    profile: "Profile | None" = None,
) -> "Address":
    """Return the address that HOST:PORT, HOST or /dev/… means.

    What it leaves open is as the family of `profile` has it.
    """
    from hardware.modbus.address import Framing, TcpAddress, serial_address

    if text.startswith("/"):
        usual = None if profile is None else profile.serial
        return serial_address(text, baudrate, None if parity is None else parity[0].upper(), usual)
    if profile is not None and (":" not in text or text.endswith("]")):
        text = f"{text}:{profile.port}"
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= 65535:
        raise click.UsageError(
            f"{text!r} is neither HOST:PORT, as in 192.168.1.50:502, nor a serial line in /dev"
        )
    return TcpAddress(host=host.strip("[]"), port=int(port), framing=Framing(framer))


def to_rows(points: "Iterable[PointReading]") -> list[dict[str, object]]:
    """Return points as every command prints them with `--json`."""
    return [
        {
            "name": point.name,
            "address": point.address,
            "value": point.value,
            "unit": point.unit,
            "quality": point.quality.value,
        }
        for point in points
    ]


def show_points(
    points: "Iterable[PointReading]", ages_s: "Mapping[str, float] | None" = None
) -> None:
    """Print points as a table for people, with the age of each last good value where known."""
    for point in points:
        at = "" if point.address is None else point.address
        value = "—" if point.value is None else _say(point.value)
        line = f"{point.name:34} {at:>6} {value:>16} {point.unit:5} {point.quality.value}"
        if ages_s is not None:
            age = f"{ages_s[point.name]:.0f} s" if point.name in ages_s else "never"
            line = f"{line:76} {age}"
        click.echo(line)


def _say(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.10g}"


@modbus.command()
@click.argument("address")
@click.option("--profile", required=True, help="Such as victron-gx, or a YAML file of your own.")
@line_options
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def read(
    address: str,
    profile: str,
    unit: int | None,
    framer: str,
    baudrate: int | None,
    parity: str | None,
    as_json: bool,
) -> None:
    """Read HOST:PORT (or a serial line) once and show every value, its unit and quality.

    Without a port it is the profile's own.
    """
    from hardware.modbus.probe import read_once
    from hardware.modbus.profile import find_profile

    found = find_profile(profile)
    where = address_from(address, framer, baudrate, parity, found)
    points = asyncio.run(read_once(where, found, unit))
    if as_json:
        click.echo(json.dumps({"points": to_rows(points)}, ensure_ascii=False))
        return
    show_points(points)


@modbus.command()
@click.argument("profile")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def lint(profile: str, as_json: bool) -> None:
    """Find what is wrong with PROFILE, one that ships or a YAML file of your own."""
    from hardware.modbus.lint import lint_profile
    from hardware.modbus.profile import find_profile
    from hardware.modbus.replay import run_embedded_test

    found = find_profile(profile)
    faults = list(lint_profile(found))
    with _without_doubts():
        for test in found.tests:
            faults += asyncio.run(run_embedded_test(found, test))
    if as_json:
        click.echo(json.dumps({"profile": found.profile_id, "faults": faults}))
    else:
        for fault in faults:
            click.echo(fault)
        if not faults:
            tests = "1 test passes" if len(found.tests) == 1 else f"{len(found.tests)} tests pass"
            click.echo(f"{found.profile_id}: sound; {tests}")
    if faults:
        sys.exit(1)


@contextmanager
def _without_doubts() -> Iterator[None]:
    """Log no contradictions: what a test holds is not always a home that adds up."""
    doubts = logging.getLogger("hardware.modbus.doubts")
    level = doubts.level
    doubts.setLevel(logging.ERROR)
    try:
        yield
    finally:
        doubts.setLevel(level)


@modbus.command()
@click.argument("capture", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--profile", required=True, help="Such as huawei-sun2000, or a YAML file.")
@click.option("--only", metavar="ID", help="Of a file with several recordings: this one.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def replay(capture: tuple[Path, ...], profile: str, only: str | None, as_json: bool) -> None:
    """Decode recordings of a device: what the registers in CAPTURE mean.

    Several files are polls of one device, one after the other.
    """
    from hardware.modbus.capture import CaptureInvalid, choose_recordings, read_captures
    from hardware.modbus.profile import find_profile
    from hardware.modbus.replay import replay as decode

    found = find_profile(profile)
    recordings = [
        recording
        for path in capture
        for recording in choose_recordings(read_captures(path), found.profile_id, only)
    ]
    names = ", ".join(map(str, capture))
    if not recordings:
        raise CaptureInvalid(
            f"{names}: no recording of a {found.profile_id} device in there"
            if only is None
            else f"{names}: no recording is called {only}; `solard modbus serve` lists their names"
        )
    for recording in recordings:
        for fault in recording.faults:
            click.echo(f"left out: {fault}", err=True)
    if not any(recording.polls for recording in recordings):
        raise CaptureInvalid(
            f"{names}: no registers in there; `blocks` or `frames` would hold them"
        )
    polls = asyncio.run(decode(found, recordings))
    if not any(poll.points for poll in polls):
        click.echo(f"{names}: holds no register of profile {found.profile_id}", err=True)
    if as_json:
        rows: list[dict[str, object]] = []
        for number, poll in enumerate(polls, start=1):
            beside = {} if len(polls) == 1 else {"capture": poll.recording, "poll": number}
            rows += [{**row, **beside} for row in to_rows(poll.points)]
        click.echo(json.dumps({"points": rows}, ensure_ascii=False))
        return
    for poll in polls:
        if len(polls) > 1:
            click.echo(f"{poll.recording}:")
        show_points(poll.points)


@modbus.command()
@click.argument("profile", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def profiles(profile: str | None, as_json: bool) -> None:
    """List the families of devices that can be read, or say what PROFILE reads."""
    from hardware.modbus.page import quantities_of, supplies_of
    from hardware.modbus.profile import find_profile, load_profile, profile_names

    if profile is None:
        known = [load_profile(name) for name in profile_names()]
    else:
        known = [find_profile(profile)]
    if as_json:
        rows = [
            {
                "id": one.profile_id,
                "products": one.products,
                "port": one.port,
                "unit": one.unit,
                "quantities": quantities_of(one),
                "supplies": supplies_of(one),
                "notes": one.notes,
            }
            for one in known
        ]
        click.echo(json.dumps({"profiles": rows}, ensure_ascii=False))
        return
    for one in known:
        products = ", ".join(one.products)
        click.echo(f"{one.profile_id:20} port {one.port:<5} unit {one.unit:<4} {products}")
    if profile is not None:
        click.echo("".join(f"  {note}\n" for note in known[0].notes), nl=False)
        supplies = " or ".join(supplies_of(known[0]))
        told = [*quantities_of(known[0]), *([f"supply ({supplies})"] if supplies else [])]
        click.echo(f"  tells: {', '.join(told)}")

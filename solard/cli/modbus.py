"""Look at Modbus devices, their profiles and recordings without a daemon."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hardware.modbus.address import Address
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
        click.option("--baudrate", default=9600, show_default=True, help="Of a serial line."),
        click.option(
            "--parity", type=click.Choice(["none", "even", "odd"]), default="none", help="Likewise."
        ),
    ):
        command = option(command)
    return command


def address_from(text: str, framer: str, baudrate: int, parity: str) -> "Address":
    """Return the address that HOST:PORT or /dev/… means."""
    from hardware.modbus.address import Framing, SerialAddress, TcpAddress

    if text.startswith("/"):
        return SerialAddress(path=text, baudrate=baudrate, parity=parity[0].upper())
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise click.UsageError(
            f"{text!r} is neither HOST:PORT, as in 192.168.1.50:502, nor a serial line in /dev"
        )
    return TcpAddress(host=host.strip("[]"), port=int(port), framing=Framing(framer))


def show_points(points: "tuple[PointReading, ...]") -> None:
    """Print one line for each value."""
    for point in points:
        value = "—" if point.value is None else point.value
        click.echo(f"{point.name:24}{value!s:>14} {point.unit:5} {point.quality.value}")


@modbus.command()
@click.argument("address")
@click.option("--profile", required=True, help="Such as victron-gx, or a YAML file of your own.")
@line_options
@click.option("--json", "as_json", is_flag=True)
def read(
    address: str,
    profile: str,
    unit: int | None,
    framer: str,
    baudrate: int,
    parity: str,
    as_json: bool,
) -> None:
    """Read HOST:PORT (or a serial line) once and show every value, its unit and quality."""
    from hardware.modbus.probe import read_once
    from hardware.modbus.profile import find_profile
    from solard.core.records import RECORD_CODEC

    where = address_from(address, framer, baudrate, parity)
    points = asyncio.run(read_once(where, find_profile(profile), unit))
    if as_json:
        click.echo(json.dumps({"points": [RECORD_CODEC.encode(point) for point in points]}))
        return
    show_points(points)


@modbus.command()
@click.argument("profile")
@click.option("--json", "as_json", is_flag=True)
def lint(profile: str, as_json: bool) -> None:
    """Find what is wrong with PROFILE, one that ships or a YAML file of your own."""
    from hardware.modbus.lint import lint_profile
    from hardware.modbus.profile import find_profile
    from hardware.modbus.replay import run_embedded_test

    found = find_profile(profile)
    faults = list(lint_profile(found))
    for test in found.tests:
        faults += asyncio.run(run_embedded_test(found, test))
    if as_json:
        click.echo(json.dumps({"profile": found.profile_id, "faults": faults}))
    else:
        for fault in faults:
            click.echo(fault)
        if not faults:
            click.echo(f"{found.profile_id}: sound; {len(found.tests)} tests pass")
    if faults:
        sys.exit(1)

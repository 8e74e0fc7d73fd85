"""Look at Modbus devices, their profiles and recordings without a daemon."""

import asyncio
import json
import sys

import click


@click.group()
def modbus() -> None:
    """Look at Modbus devices."""


@modbus.command()
@click.argument("address")
@click.option("--profile", required=True, help="Such as victron-gx or sunspec.")
@click.option("--unit", type=click.IntRange(0, 255), help="Default: the profile's own.")
@click.option("--json", "as_json", is_flag=True)
def read(address: str, profile: str, unit: int | None, as_json: bool) -> None:
    """Read HOST:PORT once and show every value, its unit and quality."""
    from hardware.modbus.probe import read_once
    from hardware.modbus.profile import load_profile
    from solard.core.records import RECORD_CODEC

    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise click.UsageError(f"{address!r} is not HOST:PORT, as in 192.168.1.50:502")
    points = asyncio.run(read_once(host, int(port), load_profile(profile), unit))
    if as_json:
        click.echo(json.dumps({"points": [RECORD_CODEC.encode(point) for point in points]}))
        return
    for point in points:
        value = "—" if point.value is None else point.value
        click.echo(f"{point.name:24}{value!s:>14} {point.unit:5} {point.quality.value}")
    if not points:
        sys.exit(1)


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

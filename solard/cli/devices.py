"""`solard devices`: how each device answers, and every value that one said last."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from solard.cli.places import home_option, places_of
from solard.core.errors import SolardError

if TYPE_CHECKING:
    from solard.core.view import DeviceView


class DeviceMissing(SolardError):
    """There is no device of that name."""


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def devices(name: str | None, as_json: bool, home: Path | None) -> None:
    """List the devices and how they answer; with NAME also what it said last."""
    from solard.client.now import ask_view
    from solard.core.codec import Codec

    found = ask_view(places_of(home).api_socket).devices
    shown = [one for one in found if name in {None, one.device_id}]
    if name is not None and not shown:
        known = ", ".join(one.device_id for one in found) or "none"
        raise DeviceMissing(f"there is no device {name!r}; there are: {known}")
    if as_json:
        click.echo(json.dumps({"devices": Codec().encode(tuple(shown))}, ensure_ascii=False))
        return
    for one in shown:
        click.echo(_say(one))
    if not shown:
        click.echo("There are none; write devices: into solard.yaml.")
    elif name is not None:
        from solard.cli.modbus import show_points

        show_points(shown[0].points)


def _say(device: "DeviceView") -> str:
    """Return one line on how a device answers."""
    from solard.core.wording import say_duration

    if device.error is not None:
        how = device.error
    elif device.age_s is None:
        how = "has not answered yet"
    else:
        how = f"answered {say_duration(device.age_s)} ago"
    counts = f"{device.polls_ok:,} read, {device.polls_failed:,} failed"
    return f"{device.device_id:14} {device.profile:16} {counts:24} {how}"

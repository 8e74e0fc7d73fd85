"""Look at the GPUs without a daemon."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from solard.cli.places import home_option, places_of
from solard.core.errors import SolardError

if TYPE_CHECKING:
    from hardware.gpu.client import CardList, KeeperClient, KeeperReading


class KeeperAway(SolardError):
    """Nobody keeps the cards here."""


@click.group()
def gpu() -> None:
    """Look at the cards."""


@gpu.command(name="list")
@click.option("--json", "as_json", is_flag=True)
@click.option("--socket", type=click.Path(path_type=Path), help="The keeper's socket.")
@home_option
def list_cards(as_json: bool, socket: Path | None, home: Path | None) -> None:
    """List the cards that the keeper sees, with their limits."""
    from hardware.gpu.client import KeeperClient
    from solard.system.lines import NoAnswer

    path = socket or places_of(home).gpu_socket
    try:
        listed, reading = asyncio.run(_ask(KeeperClient(path)))
    except NoAnswer as err:
        raise KeeperAway(
            f"no GPU keeper answers on {path}; start it with `systemctl start solard-gpu`, "
            "or name another with --socket or --dir"
        ) from err
    states = {state.gpu_id: state for state in reading.gpus}
    rows = []
    for row in listed.rows:
        state = states.get(row.gpu_id)
        rows.append(
            {
                "index": row.index,
                "uuid": row.gpu_id,
                "name": row.name,
                "limit_w": None if state is None else state.limit_w,
                "enforced_w": None if state is None else state.enforced_w,
                "power_w": None if state is None else state.power_w,
                "default_w": row.default_w,
                "min_w": row.min_w,
                "max_w": row.max_w,
                "original_w": row.original_w,
                "state": row.state,
            }
        )
    if as_json:
        click.echo(json.dumps({"gpus": rows, "backend": listed.backend, "note": listed.note}))
        return
    if listed.note:
        click.echo(listed.note)
    for each in rows:
        click.echo(
            f"{each['index']}  {each['name']:28} limit {each['limit_w']} W, enforced "
            f"{each['enforced_w']} W, draws {each['power_w']} W "
            f"({each['min_w']}…{each['max_w']} W)  {each['state']}"
        )


@gpu.command()
@click.option(
    "--unless-clean",
    is_flag=True,
    help="For systemd: only if the daemon ended badly and nobody gave the cards back.",
)
@click.option("--socket", type=click.Path(path_type=Path), help="The keeper's socket.")
@home_option
def failsafe(unless_clean: bool, socket: Path | None, home: Path | None) -> None:
    """Put every card at its failsafe limit now."""
    from hardware.gpu.client import KeeperClient
    from solard.core.decision import Refused

    if unless_clean and os.environ.get("SERVICE_RESULT", "success") == "success":
        return
    client = KeeperClient(socket or places_of(home).gpu_socket)
    if unless_clean and asyncio.run(client.read()).lease_left_s is None:
        return  # nothing is held: in observe mode the cards are their owner's
    refused = [r for r in asyncio.run(client.failsafe()) if isinstance(r, Refused)]
    for each in refused:
        click.echo(f"{each.gpu_id}: {each.reason}", err=True)
    if refused:
        sys.exit(1)
    click.echo("Every card is at its failsafe limit.")


async def _ask(client: "KeeperClient") -> "tuple[CardList, KeeperReading]":
    return await client.list(), await client.read()

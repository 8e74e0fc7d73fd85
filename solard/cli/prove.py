"""`solard network prove`: a seat on a subnet, paid in energy instead of tokens."""

import asyncio
import contextlib
import math
import signal
import sys
import time
from pathlib import Path

import click

from solard.cli.places import home_option, places_of

ASK_EVERY_S = 1.0
"""Real seconds; the miner gives up its search a few seconds after the last question."""
SAY_EVERY_S = 10.0


@click.command()
@click.argument("subnet")
@click.option("--workload", default="miner", show_default=True, help="The bundled miner's name.")
@home_option
def prove(subnet: str, workload: str, home: Path | None) -> None:
    """Register a bundled miner by proof of work: it searches for as long as this runs.

    A job for a sunny hour: solard job add seat --duration 1h -- solard network prove SUBNET
    """
    uid = asyncio.run(_prove(places_of(home).work_socket(workload), subnet))
    click.echo(f"{workload} has uid {uid} on {subnet}.")


async def _prove(socket: Path, subnet: str) -> int:
    """Ask until the miner has a uid; SIGTERM and SIGINT end its search at once."""
    from solard.system.lines import NoAnswer, ask

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    said_s = -math.inf
    while not stop.is_set():
        found = await ask(socket, {"verb": "prove", "subnet": subnet}, timeout_s=10.0)
        if found.get("uid") is not None:
            return int(found["uid"])
        if found["difficulty"] is not None and time.monotonic() - said_s >= SAY_EVERY_S:
            said_s = time.monotonic()
            click.echo(
                f"{found['hashes']:,} hashes so far; about {found['difficulty']:,} are expected."
            )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), ASK_EVERY_S)
    with contextlib.suppress(NoAnswer):
        await ask(socket, {"verb": "rest"})
    sys.exit(128 + signal.SIGTERM)

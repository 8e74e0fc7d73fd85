"""`solard network query`: a question to a subnet, whoever answers it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from solard.cli.places import home_option, places_of

MORE_S = 10.0
"""Beside the miners' own time: finding them, and trying the next one."""


@click.command()
@click.argument("subnet")
@click.argument("values", nargs=-1, metavar="[FIELD=JSON]...")
@click.option("--ask", "wanted", type=click.IntRange(1, 16), default=1, show_default=True,
              help="So many answers, mixed by consensus weight.")  # fmt: skip
@click.option("--input", "source", type=click.File("r"), help="The question as JSON; - is stdin.")
@click.option("--timeout", type=click.FloatRange(0.1, 60.0), default=5.0, show_default=True,
              help="Seconds that a miner may take.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--workload", default="validator", show_default=True,
              help="The bundled validator that asks.")  # fmt: skip
@click.option("--node", metavar="URL", help="Without a validator here: http://HOST:PORT of a node,")
@click.option(
    "--hotkey",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="and a validator's key file: miners answer nobody else.",
)
@home_option
def query(
    subnet: str,
    values: tuple[str, ...],
    wanted: int,
    source: Any,
    timeout: float,
    as_json: bool,
    workload: str,
    node: str | None,
    hotkey: Path | None,
    home: Path | None,
) -> None:
    """Ask a subnet: the miner that does best and is soonest, the next one if it fails.

    Without a question this rig's validator asks what it asks for its own site: of sunlight, the
    sun of the next two hours on this roof.

    What one subnet answers can be another's question:
    solard network query sunlight … --json | solard network query text --input - …
    """
    if (node is None) != (hotkey is None):
        raise click.UsageError("--node and --hotkey go together; without both, this rig's asks")
    question = {} if source is None else _read(source.read())
    question |= dict(_pair(text) for text in values)
    request = {"subnet": subnet, "question": question, "wanted": wanted, "timeout_s": timeout}
    if node is None or hotkey is None:
        reply = asyncio.run(_ask_here(places_of(home).work_socket(workload), request))
    else:
        reply = asyncio.run(_ask_there(node, hotkey, request))
    if as_json:
        kept = {name: reply[name] for name in ("question", "answer", "answered", "failed")}
        click.echo(json.dumps(kept, ensure_ascii=False))
        return
    click.echo(json.dumps(reply["answer"], ensure_ascii=False))
    for one in reply["answered"]:
        click.echo(f"by {one['hotkey']}, incentive {one['incentive']:.3f}", err=True)
    for one in reply["failed"]:
        click.echo(f"not by {one['hotkey']}: {one['reason']}", err=True)


async def _ask_here(socket: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Let our validator ask: its key stays where it is."""
    from solard.system.lines import ask

    waits_s = 2.0 * request["timeout_s"] + MORE_S
    return await ask(socket, {"verb": "query", **request}, timeout_s=waits_s)


async def _ask_there(node: str, hotkey: Path, request: dict[str, Any]) -> dict[str, Any]:
    from miner.chain.client import NodeClient
    from miner.keys import read_keyfile
    from miner.query import ask_subnet

    backend = NodeClient(node)
    try:
        return await ask_subnet(backend, read_keyfile(hotkey), None, request)
    finally:
        await backend.close()


def _read(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as err:
        raise click.UsageError(f"the input is no JSON: {err}") from err
    if not isinstance(data, dict):
        raise click.UsageError("the input is no JSON object")
    found = data.get("answer", data)
    return dict(found) if isinstance(found, dict) else data


def _pair(text: str) -> tuple[str, Any]:
    name, is_pair, value = text.partition("=")
    if not is_pair or not name.isidentifier():
        raise click.UsageError(f"{text!r} is not FIELD=VALUE, as in size=64")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value

"""`solard network query`: a question to a subnet, whoever answers it."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from miner.query import Reply


@click.command()
@click.argument("subnet")
@click.argument("values", nargs=-1, metavar="[FIELD=JSON]...")
@click.option("--node", required=True, metavar="URL", help="The network's node: http://HOST:PORT.")
@click.option(
    "--hotkey",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="Key file of a validator: miners answer nobody else.",
)
@click.option("--ask", "wanted", type=click.IntRange(1, 16), default=1, show_default=True,
              help="So many answers, mixed by consensus weight.")  # fmt: skip
@click.option("--input", "source", type=click.File("r"), help="The question as JSON; - is stdin.")
@click.option("--timeout", type=click.FloatRange(0.1, 60.0), default=5.0, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def query(
    subnet: str,
    values: tuple[str, ...],
    node: str,
    hotkey: Path,
    wanted: int,
    source: Any,
    timeout: float,
    as_json: bool,
) -> None:
    """Ask a subnet: the miner that does best and is soonest, the next one if it fails.

    What one subnet answers can be another's question:
    solard network query sunlight … --json | solard network query text --input - …
    """
    question = {} if source is None else _read(source.read())
    question |= dict(_pair(text) for text in values)
    reply = asyncio.run(_ask(subnet, question, node, hotkey, wanted, timeout))
    if as_json:
        click.echo(json.dumps(_as_json(reply), ensure_ascii=False))
        return
    click.echo(json.dumps(reply.answer, ensure_ascii=False))
    for one in reply.answered:
        click.echo(f"by {one.hotkey}, incentive {one.incentive:.3f}", err=True)
    for name, reason in reply.failed:
        click.echo(f"not by {name}: {reason}", err=True)


async def _ask(
    name: str, question: dict[str, Any], node: str, hotkey: Path, wanted: int, timeout_s: float
) -> "Reply":
    from miner.chain.client import NodeClient
    from miner.dendrite import Dendrite
    from miner.keys import read_keyfile
    from miner.query import find_candidates, query
    from miner.subnets.catalog import find_subnet

    subnet, backend = find_subnet(name), NodeClient(node)
    dendrite = Dendrite(read_keyfile(hotkey), timeout_s)
    try:
        candidates = await find_candidates(backend, dendrite, subnet)
        return await query(dendrite, subnet, candidates, question, wanted=wanted)
    finally:
        await dendrite.close()
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


def _as_json(reply: "Reply") -> dict[str, Any]:
    return {
        "answer": reply.answer,
        "answered": [
            {"hotkey": one.hotkey, "incentive": one.incentive, "latency_s": one.latency_s}
            for one in reply.answered
        ],
        "failed": [{"hotkey": name, "reason": reason} for name, reason in reply.failed],
    }

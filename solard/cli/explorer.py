"""What stands on the embedded chain: the views of `solard network`."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from solard.cli.places import home_option, places_of
from solard.cli.quantities import Power

if TYPE_CHECKING:
    from miner.chain.question import Question

NETUID = click.IntRange(0, 65535)
ROWS = click.IntRange(1, 500)
BLOCK = click.IntRange(0, 1 << 53)


def _source(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add where the answer comes from, and how it is printed."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="For programs."),
        click.option("--node", metavar="URL", help="Ask this node instead of a directory."),
        home_option,
    ):
        command = option(command)
    return command


def _limit(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--limit", type=ROWS, default=20, show_default=True, help="At most so many."
    )(command)


def _before(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--before", type=BLOCK, help="Only blocks below this one.")(command)


@click.command()
@_limit
@_before
@_source
def blocks(limit: int, before: int | None, **source: Any) -> None:
    """List the newest blocks."""
    from miner.chain.question import Question

    _show("blocks", Question(limit=limit, before=before), **source)


@click.command()
@click.argument("number", type=BLOCK, required=False)
@_source
def block(number: int | None, **source: Any) -> None:
    """Show one block with its calls and what it paid; the newest without a number."""
    from miner.chain.question import Question

    _show("block", Question(number=number), **source)


@click.command()
@click.option("--account", metavar="SS58", help="Only of this signer.")
@_limit
@_before
@_source
def extrinsics(account: str | None, limit: int, before: int | None, **source: Any) -> None:
    """List the newest signed calls, and why refused ones were."""
    from miner.chain.question import Question

    _show("extrinsics", Question(account=account, limit=limit, before=before), **source)


@click.command()
@_limit
@_source
def accounts(limit: int, **source: Any) -> None:
    """List accounts, the richest first."""
    from miner.chain.question import Question

    _show("accounts", Question(limit=limit), **source)


@click.command()
@click.argument("ss58")
@_source
def account(ss58: str, **source: Any) -> None:
    """Show one account: balance, stakes, neurons, what it ever earned."""
    from miner.chain.question import Question

    _show("account", Question(account=ss58), **source)


@click.command()
@_source
def subnets(**source: Any) -> None:
    """List subnets with their price, pool and emission, and what a new one costs."""
    from miner.chain.question import Question

    _show("subnets", Question(), **source)


@click.command()
@click.argument("netuid", type=NETUID)
@_source
def metagraph(netuid: int, **source: Any) -> None:
    """Show a subnet's neurons and hyperparameters."""
    from miner.chain.question import Question

    _show("metagraph", Question(netuid=netuid), **source)


@click.command()
@click.option("--netuid", type=NETUID, help="Only of this subnet.")
@_limit
@_before
@_source
def emissions(netuid: int | None, limit: int, before: int | None, **source: Any) -> None:
    """List what epochs paid to owners, miners, validators and stakers."""
    from miner.chain.question import Question

    _show("emissions", Question(netuid=netuid, limit=limit, before=before), **source)


@click.command()
@click.option("--netuid", type=NETUID, help="Only of this subnet.")
@_limit
@_before
@_source
def evictions(netuid: int | None, limit: int, before: int | None, **source: Any) -> None:
    """List who gave way to whom on a full subnet, and in which block."""
    from miner.chain.question import Question

    _show("evictions", Question(netuid=netuid, limit=limit, before=before), **source)


@click.command()
@click.option("--netuid", type=NETUID, help="Only of this subnet.")
@_limit
@_source
def proposals(netuid: int | None, limit: int, **source: Any) -> None:
    """List proposals and how their votes ended."""
    from miner.chain.question import Question

    _show("proposals", Question(netuid=netuid, limit=limit), **source)


@click.command()
@click.option("--account", metavar="SS58", help="Only of this key.")
@click.option("--blocks", type=click.IntRange(1, 1 << 31), default=7200, help="Default: a day.")
@click.option("--power", type=Power(), help="What the earner's machine draws: adds per kWh.")
@_source
def earnings(account: str | None, blocks: int, power: float | None, **source: Any) -> None:
    """Show what owners, miners, validators and stakers earn per block, day and kWh."""
    from miner.chain.question import Question

    _show("earnings", Question(account=account, blocks=blocks, power_w=power), **source)


VIEW_COMMANDS = (
    blocks,
    block,
    extrinsics,
    accounts,
    account,
    subnets,
    metagraph,
    emissions,
    evictions,
    proposals,
    earnings,
)


def _show(
    view: str, question: "Question", *, home: Path | None, node: str | None, as_json: bool
) -> None:
    if node is None:
        answer = _of_this_rig(home, view, question)
    else:
        answer = asyncio.run(_ask(node, view, question))
    click.echo(json.dumps(answer, indent=1) if as_json else _say(answer))


def _of_this_rig(home: Path | None, view: str, question: "Question") -> dict[str, Any]:
    """Return what the chain in its directory says, or the daemon of one that has none."""
    from miner.chain.explorer import answer_from
    from miner.chain.verify import NoChainHere
    from solard.client.errors import DaemonAway
    from solard.client.now import ask

    try:
        return answer_from(home or places_of(None).state, view, question)
    except NoChainHere:
        try:
            socket = places_of(home).api_socket
            return ask(socket, lambda client: client.chain(view, question.to_query()))
        except DaemonAway:
            pass
        raise


async def _ask(node: str, view: str, question: "Question") -> dict[str, Any]:
    from miner.chain.client import NodeClient

    client = NodeClient(node)
    try:
        return await client.view(view, question)
    finally:
        await client.close()


def _say(answer: dict[str, Any]) -> str:
    """Return a view as text: single values first, then each list as a table."""
    lines = [
        f"{answer.pop('network')}, block {answer.pop('block')}: a simulator of the chain; "
        "its tokens have no price"
    ]
    answer.pop("is_simulator")
    tables = {name: rows for name, rows in answer.items() if isinstance(rows, list)}
    lines += [f"{name:20} {value}" for name, value in answer.items() if name not in tables]
    for name, rows in tables.items():
        lines += ["", f"{name}:" if rows else f"{name}: none", *_table(rows)]
    return "\n".join(lines)


def _table(rows: list[Any]) -> list[str]:
    if not rows or not isinstance(rows[0], dict):
        return [str(row) for row in rows]
    names = list(rows[0])
    cells = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 48 else f"{text[:45]}..."

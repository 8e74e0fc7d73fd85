"""`solard network` on the embedded chain: its epochs, its proof, what stands on it."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from solard.cli.network_size import immunity_option, places_option
from solard.cli.wallet import path_option
from solard.cli.wire import key_of

if TYPE_CHECKING:
    from miner.keys import Keypair

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
HOME = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print the file's structure, computed.")
def yuma(file: Path, as_json: bool) -> None:
    """Compute the epochs of a file of recorded Yuma consensus inputs, or its tables.

    Tables are of the chain's money (emission, lock, price of a registration, what is left of a
    score) and of proofs of work.

    Outputs that the file holds are not read; they are replaced by what the inputs give.
    """
    from miner.chain.yuma.vectors import VectorsInvalid, computed, sizes

    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError) as err:
        raise VectorsInvalid(f"{file}: cannot be read as JSON: {err}") from err
    answer = computed(data)
    if as_json:
        click.echo(json.dumps(answer))
        return
    for name, count in sizes(answer):
        click.echo(f"{name:45} {count} computed; --json shows what came out")


@click.command()
@click.option("--dir", "home", type=HOME, required=True, help="The network's home directory.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def verify(context: click.Context, home: Path, as_json: bool) -> None:
    """Execute every block of an embedded network again, and find any changed byte."""
    from miner.chain.verify import verify_home

    verdict = verify_home(home)
    if as_json:
        click.echo(json.dumps(verdict.to_json()))
    elif verdict.ok:
        click.echo(f"{verdict.blocks} blocks of the simulator's chain hold.")
    else:
        click.echo(f"block {verdict.first_bad} does not hold: {verdict.reason}")
    context.exit(0 if verdict.ok else 1)


@click.command()
@click.option("--dir", "home", type=HOME, required=True, help="Where it lives; made if need be.")
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0: other rigs too.")
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="Where it listens.")
@click.option(
    "--tempo",
    type=click.IntRange(1, 50_400),
    default=30,
    show_default=True,
    help="Blocks from one epoch to the next.",
)
@places_option
@immunity_option
@click.option(
    "--subnet",
    "subnets",
    multiple=True,
    default=("sunlight",),
    show_default=True,
    help="Repeatable.",
)
def node(
    home: Path,
    host: str,
    port: int,
    tempo: int,
    places: int,
    immunity: int,
    subnets: tuple[str, ...],
) -> None:
    """Run a node of the embedded network in the foreground, for any number of rigs.

    It is a simulator of the chain. --tempo, --places, --immunity and --subnet are for a network
    that is new.
    """
    from miner.chain.values import Rules
    from miner.network import NetworkSettings, run_network
    from solard.system.clock import clock_from_environment
    from solard.system.places import room_for_sockets

    home.mkdir(parents=True, exist_ok=True)
    with room_for_sockets(home, "node.sock") as sockets:
        settings = NetworkSettings(
            home=home,
            socket=sockets / "node.sock",
            host=host,
            port=port,
            rules=Rules(tempo=tempo, max_uids=places, immunity_blocks=immunity),
            subnets=subnets,
        )
        asyncio.run(run_network(settings, clock_from_environment()))


@click.command()
@click.argument("name", metavar="CALL")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--node", required=True, metavar="URL", help="The network's node.")
@click.option("--uri", help="Development key such as //Alice: known to everybody.")
@click.option("--wallet", metavar="NAME[/HOTKEY]", help="A hotkey of the wallet directories.")
@click.option("--key", "key_file", type=FILE, help="A key file of a network: keys/owner.json.")
@path_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def submit(
    name: str,
    values: tuple[str, ...],
    node: str,
    uri: str | None,
    wallet: str | None,
    key_file: Path | None,
    wallets: Path | None,
    as_json: bool,
) -> None:
    """Sign a call and wait until a block of the embedded network has it.

    `transfer to=SS58 rao=5`, `propose netuid=1 name=tempo value=60`, `vote number=1 aye=true`;
    `register_by_work netuid=1` searches the proof itself, and `commit_weights` makes the commit of
    the same words as `reveal_weights netuid=1 uids=[1] values=[65535] salt=s`.
    """
    from miner.chain.client import NodeClient
    from miner.chain.proving import Proving

    if key_file is None:
        keypair = key_of(uri, wallet, wallets, "embedded")
    else:
        keypair = _key_in(key_file, uri, wallet)
    args = dict(_argument(value) for value in values)
    if name == "commit_weights" and set(args) == {"netuid", "uids", "values", "salt"}:
        args = _commit(keypair.ss58, args)

    async def send() -> None:
        client = NodeClient(node)
        try:
            if name == "register_by_work" and set(args) == {"netuid"}:
                await Proving(client, keypair, args["netuid"]).run()
            else:
                await client.call(keypair, name, args)
        finally:
            await client.close()

    asyncio.run(send())
    text = f"{name}: a block of the simulated chain has it."
    click.echo(json.dumps({"call": name, "signer": keypair.ss58}) if as_json else text)


def _key_in(file: Path, uri: str | None, wallet: str | None) -> "Keypair":
    from miner.keys import read_keyfile

    if uri is not None or wallet is not None:
        raise click.UsageError("name one key: --uri //Alice, --wallet NAME/HOTKEY or --key FILE")
    return read_keyfile(file)


def _commit(signer: str, args: dict[str, Any]) -> dict[str, Any]:
    from miner.chain.calls.weighing import commit_hash

    netuid, salt = args["netuid"], str(args["salt"])
    commit = commit_hash(signer, netuid, args["uids"], args["values"], salt)
    return {"netuid": netuid, "commit": commit}


def _argument(text: str) -> tuple[str, Any]:
    """Return NAME=VALUE; a value that is no JSON is a text."""
    name, is_pair, value = text.partition("=")
    if not is_pair or not name.isidentifier():
        raise click.UsageError(f"{text!r} is not NAME=VALUE, as in rao=5")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value

"""Serve and call axons by hand: `solard network axon` and `solard network call`."""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from solard.cli.places import home_option, places_of
from solard.cli.wallet import path_option

if TYPE_CHECKING:
    from miner.dendrite import Answer, WireProtocol
    from miner.keys import Keypair
    from miner.wire.synapse import SynapseKind

REAL_NETWORKS = ("finney", "test")


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), required=True, help="0: any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--uri", help="Development key such as //Alice: known to everybody.")
@click.option("--wallet", metavar="NAME[/HOTKEY]", help="A hotkey of the wallet directories.")
@path_option
@click.option(
    "--subnet",
    type=click.Choice(["echo", "echo-stream"]),
    default="echo",
    help="The synapse that it answers.",
)
@click.option("--open", "is_open", is_flag=True, help="Answer every hotkey.")
@click.option("--allow", multiple=True, metavar="SS58", help="Answer this hotkey; repeatable.")
@click.option(
    "--network",
    type=click.Choice(["embedded", *REAL_NETWORKS]),
    default="embedded",
    help="Where the key is used. On a real network --uri and --open are refused.",
)
@click.option(
    "--mode",
    type=click.Choice(["full", "eco", "standby", "off"]),
    default="full",
    help="off: answers nobody.",
)
@home_option
def axon(
    port: int,
    host: str,
    uri: str | None,
    wallet: str | None,
    wallets: Path | None,
    subnet: str,
    is_open: bool,
    allow: tuple[str, ...],
    network: str,
    mode: str,
    home: Path | None,
) -> None:
    """Serve a built-in test subnet in the foreground, over both wire protocols."""
    from miner.alone import AloneSettings, NotOnRealNetwork, serve_alone
    from solard.core.modes import WorkMode

    if is_open and network in REAL_NETWORKS:
        raise NotOnRealNetwork(
            f"--open answers everybody, and {network} is a real network; name who may ask "
            "with --allow SS58"
        )
    keypair = key_of(uri, wallet, wallets, network)
    settings = AloneSettings(
        ip=host,
        port=port,
        subnet=subnet,
        is_open=is_open,
        allowed=frozenset(allow),
        mode=WorkMode(mode),
        mark=_state(home) / "axon" / f"{keypair.ss58}.mark",
    )
    asyncio.run(serve_alone(settings, keypair, click.echo))


@click.command()
@click.argument("endpoint", metavar="HOST:PORT")
@click.argument("values", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--axon", "receiver", required=True, metavar="SS58", help="The axon's hotkey.")
@click.option("--uri", help="Development key such as //Bob: known to everybody.")
@click.option("--wallet", metavar="NAME[/HOTKEY]", help="A hotkey of the wallet directories.")
@path_option
@click.option("--synapse", default="Synapse", show_default=True, help="The question's name.")
@click.option(
    "--hash-field", "hash_fields", multiple=True, help="Field that a legacy signature covers."
)
@click.option(
    "--protocol",
    type=click.Choice(["legacy", "btauth"]),
    default="legacy",
    help="How the question is signed.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.01, 600),
    default=12.0,
    show_default=True,
    help="Seconds to wait for the answer.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def call(
    endpoint: str,
    values: tuple[str, ...],
    receiver: str,
    uri: str | None,
    wallet: str | None,
    wallets: Path | None,
    synapse: str,
    hash_fields: tuple[str, ...],
    protocol: str,
    timeout: float,
    as_json: bool,
) -> None:
    """Ask an axon one question, signed; print what it answers."""
    from miner.alone import kind_of
    from miner.dendrite import WireProtocol

    texts = dict(_pair(value) for value in values)
    kind = kind_of(synapse, texts, hash_fields)
    data = {name: _value(kind, name, text) for name, text in texts.items()}
    keypair = key_of(uri, wallet, wallets, "embedded")
    wire = WireProtocol(protocol)
    answer = asyncio.run(_ask(keypair, _resolve(endpoint), receiver, kind, data, wire, timeout))
    if as_json:
        click.echo(json.dumps(_as_json(kind, data, answer)))
        return
    if answer.status != 200:
        click.echo(f"{answer.status}: {answer.reason}", err=True)
        sys.exit(1)
    click.echo(answer.data if kind.is_stream else json.dumps(answer.data, ensure_ascii=False))


def key_of(uri: str | None, wallet: str | None, wallets: Path | None, network: str) -> "Keypair":
    """Return the key of a development URI, or a wallet's hotkey."""
    from miner.alone import NotOnRealNetwork
    from miner.keys import from_uri
    from miner.wallets import DEFAULT_HOTKEY, default_home, open_hotkey

    if uri is None:
        if wallet is None:
            raise click.UsageError("name one key: --uri //Alice, or --wallet NAME/HOTKEY")
        name, _, hotkey = wallet.partition("/")
        return open_hotkey(wallets or default_home(), name, hotkey or DEFAULT_HOTKEY)
    if wallet is not None:
        raise click.UsageError("name one key: --uri //Alice, or --wallet NAME/HOTKEY")
    if network in REAL_NETWORKS:
        raise NotOnRealNetwork(
            f"a development key is everybody's, and {network} is a real network; "
            "use a hotkey of your own with --wallet NAME/HOTKEY"
        )
    if not uri.startswith("//"):
        # What else it can be is a recovery phrase, which everybody here could now read in `ps`.
        raise click.UsageError("--uri takes development keys such as //Alice and nothing else")
    return from_uri(uri)


def _state(home: Path | None) -> Path:
    """Return where this axon keeps its mark: of a user who may not write there, in its own home."""
    state = places_of(home).state
    nearest = next(place for place in (state, *state.parents) if place.exists())
    if home is None and not os.access(nearest, os.W_OK):
        return Path.home() / ".local" / "state" / "solard"
    return state


async def _ask(
    keypair: "Keypair",
    endpoint: str,
    receiver: str,
    kind: "SynapseKind",
    data: dict[str, Any],
    protocol: "WireProtocol",
    timeout_s: float,
) -> "Answer":
    from miner.dendrite import Dendrite

    dendrite = Dendrite(keypair, timeout_s)
    try:
        return await dendrite.ask(endpoint, receiver, kind, data, protocol=protocol)
    finally:
        await dendrite.close()


def _resolve(endpoint: str) -> str:
    """Return `IP:PORT` of `HOST:PORT`. Only people may name hosts; chains may not."""
    host, _, port = endpoint.rpartition(":")
    if not host or not port.isdecimal():
        raise click.UsageError(f"{endpoint!r} is not HOST:PORT, as in 127.0.0.1:8091")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except (OSError, OverflowError, UnicodeError) as err:
        raise click.UsageError(f"no host {host!r} is known here") from err
    # Axons announce IPv4 as a rule, and localhost is often both.
    ip = str(min(found, key=lambda one: one[0] != socket.AF_INET)[4][0])
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def _pair(text: str) -> tuple[str, str]:
    name, is_pair, value = text.partition("=")
    if not is_pair or not name.isidentifier():
        raise click.UsageError(f"{text!r} is not FIELD=VALUE, as in prompt=hello")
    return name, value


def _value(kind: "SynapseKind", name: str, text: str) -> Any:
    """Return a text as it stands for a text field, else the JSON that it is."""
    field = next((one for one in kind.fields if one.name == name), None)
    if field is not None and field.kind == "str":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _as_json(kind: "SynapseKind", asked: dict[str, Any], answer: "Answer") -> dict[str, Any]:
    fields: dict[str, Any] = {**dict.fromkeys(field.name for field in kind.fields), **asked}
    if kind.is_stream:
        fields["completion"] = answer.data
    elif isinstance(answer.data, dict):
        fields.update(answer.data)
    return {
        "status": answer.status,
        **fields,
        "message": answer.reason,
        "duration_s": round(answer.duration_s, 4),
    }

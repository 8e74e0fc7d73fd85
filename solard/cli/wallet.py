"""Hotkeys in btcli's wallet directories: the `solard wallet` group."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from solard.core.errors import SolardError


class NotSigned(SolardError):
    """A signature is not the address's."""


def path_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--wallet-path DIR` to a command, as its `wallets` argument."""
    return click.option(
        "--wallet-path",
        "wallets",
        type=click.Path(file_okay=False, path_type=Path),
        help="Wallet directories; default: $BT_WALLET_PATH, else ~/.bittensor/wallets.",
    )(command)


def _home(wallets: Path | None) -> Path:
    from miner.wallets import default_home

    return wallets or default_home()


def _say(as_json: bool, sentence: str, **values: object) -> None:
    click.echo(json.dumps(values) if as_json else sentence)


@click.group()
def wallet() -> None:
    """Keep hotkeys, as btcli does. Coldkeys stay off this machine."""


@wallet.command()
@click.argument("name")
@click.option("--hotkey", default="default", show_default=True, help="Its name.")
@click.option(
    "--words",
    type=click.Choice(["12", "24"]),
    default="12",
    show_default=True,
    help="Words of its recovery phrase.",
)
@click.option("--coldkeypub", metavar="SS58", help="The owner's address, for coldkeypub.txt.")
@click.option("--show-phrase", is_flag=True, help="Show the recovery phrase, this once.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@path_option
def new(
    name: str,
    hotkey: str,
    words: str,
    coldkeypub: str | None,
    show_phrase: bool,
    as_json: bool,
    wallets: Path | None,
) -> None:
    """Make a hotkey."""
    from miner.keys import from_mnemonic, generate_phrase
    from miner.wallets import add_hotkey

    phrase = generate_phrase(int(words))
    keypair = from_mnemonic(phrase)
    path = add_hotkey(_home(wallets), name, hotkey, keypair, _address(coldkeypub))
    _say(as_json, f"{keypair.ss58} in {path}", ss58=keypair.ss58, path=str(path))
    if show_phrase:
        click.echo(f"Write it down; it is shown this once:\n{phrase}", err=True)


@wallet.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@path_option
def list_(as_json: bool, wallets: Path | None) -> None:
    """List wallets, their owners and hotkeys."""
    from miner.wallets import list_wallets

    home = _home(wallets)
    found = list_wallets(home)
    if as_json:
        click.echo(json.dumps({"path": str(home), "wallets": [asdict(one) for one in found]}))
        return
    if not found:
        click.echo(f"No wallets in {home}.")
    for one in found:
        click.echo(f"{one.name}  owner {one.coldkey_ss58 or 'unknown'}")
        if one.has_readable_coldkey:
            click.echo("  its coldkey can be read here: move it to another machine")
        for key in one.hotkeys:
            click.echo(f"  {key.name:16} {key.ss58 or '—'}{f'  {key.problem}' * bool(key.problem)}")


@wallet.command(name="import")
@click.argument("name")
@click.option("--hotkey", default="default", show_default=True, help="Its name.")
@click.option("--coldkeypub", metavar="SS58", help="The owner's address, for coldkeypub.txt.")
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), help="A keyfile of btcli.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@path_option
def import_(
    name: str,
    hotkey: str,
    coldkeypub: str | None,
    file: Path | None,
    as_json: bool,
    wallets: Path | None,
) -> None:
    """Take over a hotkey: from a keyfile, or its phrase or seed from standard input."""
    from miner.keys import from_secret, read_keyfile
    from miner.wallets import add_hotkey

    if file is not None:
        keypair = read_keyfile(file, _password(file))
    else:
        keypair = from_secret(_ask_secret("Recovery phrase or seed of the hotkey"))
    path = add_hotkey(_home(wallets), name, hotkey, keypair, _address(coldkeypub))
    _say(as_json, f"{keypair.ss58} in {path}", ss58=keypair.ss58, path=str(path))


@wallet.command()
@click.argument("name")
@click.option("--hotkey", default="default", show_default=True, help="Its name.")
@click.option("--message", help="Text; its UTF-8 is signed.")
@click.option("--file", type=click.File("rb"), help="Sign a file's bytes; - is standard input.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@path_option
def sign(
    name: str,
    hotkey: str,
    message: str | None,
    file: Any,
    as_json: bool,
    wallets: Path | None,
) -> None:
    """Sign a message with a hotkey (sr25519)."""
    from miner.wallets import hotkey_path, open_hotkey, refuse_coldkeys

    home = _home(wallets)
    refuse_coldkeys(home)
    password = _password(hotkey_path(home, name, hotkey))
    keypair = open_hotkey(home, name, hotkey, password)
    signature = "0x" + keypair.sign(_bytes(message, file)).hex()
    _say(as_json, signature, ss58=keypair.ss58, signature=signature)


@wallet.command()
@click.argument("ss58")
@click.option(
    "--signature", required=True, metavar="HEX", help="As `solard wallet sign` printed it."
)
@click.option("--message", help="Text; its UTF-8 was signed.")
@click.option("--file", type=click.File("rb"), help="A file's bytes; - is standard input.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def verify(ss58: str, signature: str, message: str | None, file: Any, as_json: bool) -> None:
    """Say whether an address signed a message; exit 1 when it did not."""
    from miner import keys

    try:
        given = bytes.fromhex(signature.strip().removeprefix("0x"))
    except ValueError:
        given = b""
    is_signed = keys.verify(str(_address(ss58)), _bytes(message, file), given)
    if is_signed or as_json:
        _say(as_json, f"{ss58} signed this.", ss58=ss58, valid=is_signed)
    if not is_signed:
        raise NotSigned(f"{ss58} did not sign this message, or not with this signature")


def _address(ss58: str | None) -> str | None:
    from miner.keys import is_address

    if ss58 is not None and not is_address(ss58):
        raise click.UsageError(f"{ss58!r} is no address: check it for typing errors")
    return ss58


def _bytes(message: str | None, file: Any) -> bytes:
    if (message is None) == (file is None):
        raise click.UsageError("say what: --message TEXT, or --file FILE")
    if message is not None:
        return message.encode()
    data: bytes = file.read()
    return data


def _password(path: Path) -> str | None:
    from miner.keys import is_encrypted

    if not path.is_file() or not is_encrypted(path):
        return None
    return _ask_secret(f"Password of {path}")


def _ask_secret(what: str) -> str:
    """Ask without showing what is typed; what is piped in is read as one line."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\n")

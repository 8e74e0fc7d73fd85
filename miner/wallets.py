"""Wallets in the standard directories: hotkeys of a rig, and no coldkey beside them.

WALLETS/NAME/coldkeypub.txt, WALLETS/NAME/hotkeys/HOTKEY and WALLETS/NAME/hotkeys/HOTKEYpub.txt, as
btcli and bittensor's SDKs keep them.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from miner import keys
from miner.keys import KeyInvalid, Keypair
from solard.core.errors import SolardError

HOME_VARIABLE = "BT_WALLET_PATH"
DEFAULT_HOTKEY = "default"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PUBLIC = "pub.txt"


class ColdkeyHere(SolardError):
    """A coldkey can be read where only hotkeys belong."""


class WalletInvalid(SolardError):
    """A wallet's name, or what is to be done with it, does not work out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotkeyView:
    """A hotkey as it lies in its wallet."""

    name: str
    ss58: str | None
    """None when neither the file nor its public half can be read."""
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletView:
    """A wallet as it lies on this machine."""

    name: str
    coldkey_ss58: str | None
    """The owner, where coldkeypub.txt says it."""
    has_readable_coldkey: bool
    hotkeys: tuple[HotkeyView, ...]


def default_home() -> Path:
    """Return where btcli keeps wallets."""
    stated = os.environ.get(HOME_VARIABLE)
    return Path(stated).expanduser() if stated else Path.home() / ".bittensor" / "wallets"


def list_wallets(home: Path) -> tuple[WalletView, ...]:
    """Return what wallets there are, by name."""
    if not home.is_dir():
        return ()
    return tuple(_view(place) for place in sorted(home.iterdir()) if place.is_dir())


def refuse_coldkeys(home: Path) -> None:
    """Raise ColdkeyHere where a coldkey in the wallet directories can be read."""
    for wallet in list_wallets(home):
        if wallet.has_readable_coldkey:
            path = home / wallet.name / "coldkey"
            raise ColdkeyHere(
                f"{path} is a coldkey, and this machine can read it: who breaks in here owns all "
                "that it holds. A rig needs hotkeys only; move that file to a machine without "
                f"miners and leave coldkeypub.txt (btcli wallet regen-coldkeypub) and hotkeys/"
            )


def hotkey_path(home: Path, wallet: str, hotkey: str) -> Path:
    """Return where a hotkey is kept; raise WalletInvalid for names that are no plain ones."""
    for name in (wallet, hotkey):
        if not _NAME.fullmatch(name) or name.endswith(_PUBLIC):
            raise WalletInvalid(f"{name!r} is no name: letters, digits, `_`, `-` and `.`")
    return home / wallet / "hotkeys" / hotkey


def add_hotkey(
    home: Path, wallet: str, hotkey: str, keypair: Keypair, coldkey_ss58: str | None = None
) -> Path:
    """Write a new hotkey and its public half, and the owner's address where it is told."""
    path = hotkey_path(home, wallet, hotkey)
    refuse_coldkeys(home)
    owner = home / wallet / "coldkeypub.txt"
    known = keys.read_public(owner) if owner.exists() else None
    if keypair.ss58 in (known, coldkey_ss58):
        raise WalletInvalid(f"this is the coldkey of {wallet}, which stays off this machine")
    if coldkey_ss58 and known not in (None, coldkey_ss58):
        raise WalletInvalid(f"{owner} names another coldkey, {known}")
    keys.write_keyfile(path, keypair)
    keys.write_public(path.with_name(hotkey + _PUBLIC), keypair.ss58)
    if coldkey_ss58 and known is None:
        keys.write_public(owner, coldkey_ss58)
    return path


def open_hotkey(home: Path, wallet: str, hotkey: str, password: str | None = None) -> Keypair:
    """Return a wallet's hotkey; raise ColdkeyHere or KeyInvalid."""
    path = hotkey_path(home, wallet, hotkey)
    refuse_coldkeys(home)
    return keys.read_keyfile(path, password)


def _view(place: Path) -> WalletView:
    owner = place / "coldkeypub.txt"
    coldkey = place / "coldkey"
    folder = place / "hotkeys"
    names = sorted(one for one in folder.iterdir()) if folder.is_dir() else []
    return WalletView(
        name=place.name,
        coldkey_ss58=_address(owner) if owner.exists() else None,
        has_readable_coldkey=coldkey.is_file() and os.access(coldkey, os.R_OK),
        hotkeys=tuple(
            _hotkey(path)
            for path in names
            if path.is_file() and not path.name.endswith(_PUBLIC) and _NAME.fullmatch(path.name)
        ),
    )


def _hotkey(path: Path) -> HotkeyView:
    try:
        if not keys.is_encrypted(path):
            return HotkeyView(name=path.name, ss58=keys.read_keyfile(path).ss58, problem=None)
        problem = None
    except (KeyInvalid, OSError) as err:
        problem = str(err)
    public = path.with_name(path.name + _PUBLIC)
    return HotkeyView(name=path.name, ss58=_address(public), problem=problem)


def _address(path: Path) -> str | None:
    try:
        return keys.read_public(path)
    except KeyInvalid:
        return None

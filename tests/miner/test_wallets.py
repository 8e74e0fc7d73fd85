"""Wallet directories: names that stay inside, owners that stay the same."""

import pytest

from miner import keys
from miner.wallets import (
    ColdkeyHere,
    WalletInvalid,
    add_hotkey,
    hotkey_path,
    list_wallets,
    open_hotkey,
)

ALICE, BOB = keys.from_uri("//Alice"), keys.from_uri("//Bob")


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "", "xpub.txt", "a" * 65, "a\nb"])
def test_name_that_leaves_the_directory_is_none(tmp_path, name):
    with pytest.raises(WalletInvalid, match="is no name"):
        hotkey_path(tmp_path, name, "default")
    with pytest.raises(WalletInvalid, match="is no name"):
        hotkey_path(tmp_path, "rig", name)


def test_owner_of_a_wallet_is_not_exchanged(tmp_path):
    add_hotkey(tmp_path, "rig", "one", ALICE, coldkey_ss58=BOB.ss58)

    with pytest.raises(WalletInvalid, match="names another coldkey"):
        add_hotkey(tmp_path, "rig", "two", keys.generate(), coldkey_ss58=ALICE.ss58)
    assert [key.name for key in list_wallets(tmp_path)[0].hotkeys] == ["one"]


def test_readable_coldkey_of_any_wallet_closes_all_of_them(tmp_path):
    add_hotkey(tmp_path, "rig", "one", ALICE)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "coldkey").touch()

    with pytest.raises(ColdkeyHere, match="move that file"):
        open_hotkey(tmp_path, "rig", "one")


def test_what_is_no_wallet_is_not_listed_as_a_hotkey(tmp_path):
    add_hotkey(tmp_path, "rig", "one", ALICE)
    folder = tmp_path / "rig" / "hotkeys"
    (folder / ".draft").touch()
    (folder / "folder").mkdir()
    (folder / "broken").touch(0o600)
    (tmp_path / "file").touch()

    (wallet,) = list_wallets(tmp_path)

    assert [(key.name, key.ss58) for key in wallet.hotkeys] == [
        ("broken", None),
        ("one", ALICE.ss58),
    ]
    assert "holds no key" in wallet.hotkeys[0].problem

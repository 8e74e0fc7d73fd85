"""`solard wallet`: hotkeys in btcli's directories, and nothing secret where it does not belong."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import bittensor_core
import pytest

ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
PHRASE = "bottom drive obey lake curtain smoke basket hold race lonely fit walk"
"""The development phrase, of which //Alice is derived; known to everybody."""
OF_PHRASE = "5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV"
OF_SEED = "5CcyqxXnJucaCnQQvvUg5EPzj1uoNAxACZvzArHw5aVDvgNH"
PUBLIC_FIELDS = {"accountId", "publicKey", "ss58Address", "cryptoType"}
SECRET_FIELDS = {"privateKey", "secretPhrase", "secretSeed"}


def wallet(home: Path, *arguments: str, stdin: str = "", status: int = 0) -> str:
    """Run `solard wallet`; return what it said on either stream."""
    command = (sys.executable, "-m", "solard", "wallet", *arguments)
    ran = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BT_WALLET_PATH": str(home)},
    )
    assert ran.returncode == status, ran.stderr
    assert "Traceback" not in ran.stderr
    return ran.stdout + ran.stderr


def test_new_hotkey_lies_where_btcli_looks_and_only_its_owner_can_read_it(tmp_path):
    made = json.loads(wallet(tmp_path, "new", "rig", "--hotkey", "h1", "--json"))

    path = tmp_path / "rig" / "hotkeys" / "h1"
    assert made["path"] == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    kept = json.loads(path.read_text())
    assert kept["ss58Address"] == made["ss58"]
    # The SDK keeps the phrase where it knows it; the core does not tell it, so the seed has to do.
    assert PUBLIC_FIELDS < set(kept) <= PUBLIC_FIELDS | SECRET_FIELDS
    public = json.loads((path.parent / "h1pub.txt").read_text())
    assert (set(public), public["ss58Address"]) == (PUBLIC_FIELDS, made["ss58"])


def test_wallets_are_listed_with_owner_and_hotkeys(tmp_path):
    wallet(tmp_path, "new", "rig", "--coldkeypub", ALICE)
    wallet(tmp_path, "new", "rig", "--hotkey", "second")

    (one,) = json.loads(wallet(tmp_path, "list", "--json"))["wallets"]

    assert (one["name"], one["coldkey_ss58"]) == ("rig", ALICE)
    assert [key["name"] for key in one["hotkeys"]] == ["default", "second"]
    assert not one["has_readable_coldkey"]
    assert ALICE in wallet(tmp_path, "list")


def test_no_wallets_is_an_answer(tmp_path):
    assert wallet(tmp_path / "none", "list").startswith("No wallets in ")


@pytest.mark.parametrize("secret", [f"  {PHRASE.replace(' ', '  ')}\n", "0x" + "01" * 32])
def test_phrase_or_seed_is_taken_over_from_standard_input(tmp_path, secret):
    made = json.loads(wallet(tmp_path, "import", "rig", "--json", stdin=secret + "\n"))

    expected = (
        OF_PHRASE if "drive" in secret else "5CcyqxXnJucaCnQQvvUg5EPzj1uoNAxACZvzArHw5aVDvgNH"
    )
    assert made["ss58"] == expected


def test_keyfile_of_btcli_is_taken_over(tmp_path):
    file = tmp_path / "h1"
    pair = bittensor_core.Keypair.create_from_uri("//Alice")
    file.touch(0o600)
    file.write_bytes(bittensor_core.serialized_keypair_to_keyfile_data(pair))

    made = json.loads(wallet(tmp_path / "w", "import", "rig", "--file", str(file), "--json"))

    assert made["ss58"] == ALICE


@pytest.mark.slow
def test_encrypted_keyfile_asks_for_its_password(tmp_path):
    """Slow on purpose: argon2 takes seconds."""
    pair = bittensor_core.Keypair.create_from_uri("//Alice")
    plain = bytes(bittensor_core.serialized_keypair_to_keyfile_data(pair))
    path = tmp_path / "rig" / "hotkeys" / "default"
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    path.write_bytes(bittensor_core.encrypt_keyfile_data(plain, "sesame"))

    said = wallet(tmp_path, "sign", "rig", "--message", "sun", "--json", stdin="sesame\n")
    wrong = wallet(tmp_path, "sign", "rig", "--message", "sun", stdin="open\n", status=1)

    assert json.loads(said)["ss58"] == ALICE
    assert "this is not its password" in wrong


def test_signature_is_verified_for_its_message_and_address_only(tmp_path):
    made = json.loads(wallet(tmp_path, "new", "rig", "--json"))
    signature = wallet(tmp_path, "sign", "rig", "--message", "sun").strip()
    given = (made["ss58"], "--signature", signature)

    assert "signed this" in wallet(tmp_path, "verify", *given, "--message", "sun")
    assert "did not sign" in wallet(tmp_path, "verify", *given, "--message", "moon", status=1)
    other = (ALICE, "--signature", signature, "--message", "sun", "--json")
    assert '"valid": false' in wallet(tmp_path, "verify", *other, status=1)
    assert bittensor_core.verify(b"sun", bytes.fromhex(signature[2:]), made["ss58"])


def test_file_is_signed_byte_by_byte(tmp_path):
    wallet(tmp_path, "import", "rig", stdin=PHRASE + "\n")
    file = tmp_path / "payload"
    file.write_bytes(b"\x00\xff\r\n")

    signature = wallet(tmp_path, "sign", "rig", "--file", str(file)).strip()

    assert bittensor_core.verify(b"\x00\xff\r\n", bytes.fromhex(signature[2:]), OF_PHRASE)


@pytest.mark.parametrize(
    "command",
    [
        ("new", "rig", "--hotkey", "more"),
        ("sign", "rig", "--message", "sun"),
        ("import", "rig", "--hotkey", "more"),
    ],
)
def test_readable_coldkey_is_refused_with_reason_and_remedy(tmp_path, command):
    wallet(tmp_path, "new", "rig")
    coldkey = tmp_path / "other" / "coldkey"
    coldkey.parent.mkdir()
    coldkey.write_bytes(b"$NACL encrypted or not, it does not belong here")

    said = wallet(tmp_path, *command, stdin=PHRASE + "\n", status=1)

    assert f"{coldkey} is a coldkey" in said
    assert "owns all" in said
    assert "move that file to a machine without miners" in said
    listed = json.loads(wallet(tmp_path, "list", "--json"))["wallets"]
    assert [one["has_readable_coldkey"] for one in listed] == [True, False]


def test_coldkey_is_not_imported_as_a_hotkey(tmp_path):
    wallet(tmp_path, "new", "rig", "--coldkeypub", OF_PHRASE)

    said = wallet(tmp_path, "import", "rig", "--hotkey", "h2", stdin=PHRASE + "\n", status=1)

    assert "this is the coldkey of rig" in said
    assert not (tmp_path / "rig" / "hotkeys" / "h2").exists()


def test_hotkey_is_never_replaced(tmp_path):
    wallet(tmp_path, "new", "rig")
    before = (tmp_path / "rig" / "hotkeys" / "default").read_bytes()

    assert "is there already" in wallet(tmp_path, "new", "rig", status=1)
    assert (tmp_path / "rig" / "hotkeys" / "default").read_bytes() == before


def secrets_of(path: Path) -> tuple[str, ...]:
    """Return everything in a keyfile that nobody else may see, in every spelling."""
    kept = json.loads(path.read_text())
    found = [str(kept[name]).removeprefix("0x") for name in SECRET_FIELDS if name in kept]
    return (*found, PHRASE, " ".join(PHRASE.split()[:3]))


def test_no_secret_is_said_logged_or_kept_outside_its_file(tmp_path):
    """Every command, good and bad, and a serving axon with every log line, on one known key."""
    home = tmp_path / "wallets"
    said = [
        wallet(home, "import", "rig", stdin=PHRASE + "\n"),
        wallet(home, "import", "rig", stdin=PHRASE + "\n", status=1),
        wallet(home, "import", "bad", stdin=PHRASE.replace("lake", "lakes") + "\n", status=1),
        wallet(home, "import", "bad", stdin="0x" + "zz" * 32 + "\n", status=1),
        wallet(home, "list"),
        wallet(home, "list", "--json"),
        wallet(home, "sign", "rig", "--message", "sun", "--json"),
    ]
    state = tmp_path / "home"
    command = [sys.executable, "-X", "dev", "-m", "solard", "network"]
    serve = ["axon", "--port", "0", "--wallet", "rig", "--open", "--wallet-path", str(home)]
    with subprocess.Popen(
        [*command, *serve, "--dir", str(state)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as axon:
        assert axon.stdout is not None
        said.append(first := axon.stdout.readline())
        limits = Path(f"/proc/{axon.pid}/limits").read_text()
        assert re.search(r"Max core file size +0 ", limits)
        place = first.split()[-1]
        ask = ["call", place, "--axon", OF_PHRASE, "--uri", "//Bob", "--synapse"]
        for synapse in ("Echo", "Nope"):
            ran = subprocess.run(
                [*command, *ask, synapse, "prompt=hi"], capture_output=True, text=True, check=False
            )
            said.append(ran.stdout + ran.stderr)
        axon.terminate()
        said.append(axon.communicate(timeout=10)[0])
    hotkey = home / "rig" / "hotkeys" / "default"
    written = [
        path.read_text(errors="replace")
        for path in tmp_path.rglob("*")
        if path.is_file() and path != hotkey
    ]

    assert written
    for secret in secrets_of(hotkey):
        assert secret
        for text in (*said, *written):
            assert secret.lower() not in text.lower()

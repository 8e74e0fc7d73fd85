"""Keys: addresses, signatures, files."""

import pickle

import bittensor_core
import pytest

from miner import keys

ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"


def test_development_key_has_its_well_known_address():
    assert keys.from_uri("//Alice").ss58 == ALICE


def test_signature_holds_for_its_message_and_its_key_only():
    signature = keys.from_uri("//Alice").sign(b"sun")

    assert keys.verify(ALICE, b"sun", signature)
    assert not keys.verify(ALICE, b"moon", signature)
    assert not keys.verify(keys.from_uri("//Bob").ss58, b"sun", signature)
    assert not keys.verify("no address", b"sun", signature)
    assert not keys.verify(ALICE, b"sun", b"short")


def test_address_with_a_typing_error_is_none():
    assert keys.is_address(ALICE)
    assert not keys.is_address(ALICE[:-1] + "Z")
    assert not keys.is_address("")


def test_new_key_is_kept_for_its_owner_alone_and_found_again(tmp_path):
    path = tmp_path / "keys" / "hotkey.json"
    made = keys.load_or_create(path)

    assert keys.load_or_create(path).ss58 == made.ss58
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["hotkey.json"]


def test_key_file_that_others_can_read_is_refused_with_the_remedy(tmp_path):
    path = tmp_path / "hotkey.json"
    keys.load_or_create(path)
    path.chmod(0o644)

    with pytest.raises(keys.KeyInvalid, match="chmod 600"):
        keys.load_or_create(path)


def test_broken_key_file_is_not_replaced_by_a_new_key(tmp_path):
    path = tmp_path / "hotkey.json"
    path.touch(0o600)
    path.write_text("{}")

    with pytest.raises(keys.KeyInvalid, match="holds no key"):
        keys.load_or_create(path)
    assert path.read_text() == "{}"


def test_wrong_phrase_is_refused_without_repeating_it():
    with pytest.raises(keys.KeyInvalid) as caught:
        keys.from_mnemonic("my secret words")

    assert "secret words" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_key_shows_only_its_address():
    keypair = keys.from_seed(bytes(range(32)))

    assert repr(keypair) == f"Keypair({keypair.ss58})"
    with pytest.raises(TypeError):
        pickle.dumps(keypair)


def test_key_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "hotkey"
    path.touch(0o600)
    pair = bittensor_core.Keypair.create_from_uri("//Alice", bittensor_core.CRYPTO_ED25519)
    path.write_bytes(bittensor_core.serialized_keypair_to_keyfile_data(pair))

    with pytest.raises(keys.KeyInvalid, match="no sr25519 key"):
        keys.read_keyfile(path)


def test_key_of_somebody_else_is_not_written_over(tmp_path):
    keys.write_keyfile(tmp_path / "hotkey", keys.from_uri("//Alice"))

    with pytest.raises(keys.KeyInvalid, match="is there already"):
        keys.write_keyfile(tmp_path / "hotkey", keys.from_uri("//Bob"))
    assert keys.read_keyfile(tmp_path / "hotkey").ss58 == ALICE
    assert [one.name for one in tmp_path.iterdir()] == ["hotkey"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"ss58Address": "5Gr"}', '{"ss58Address": 5}'])
def test_public_file_without_an_address_is_refused(tmp_path, text):
    path = tmp_path / "coldkeypub.txt"
    path.write_text(text)

    with pytest.raises(keys.KeyInvalid, match="names no address"):
        keys.read_public(path)

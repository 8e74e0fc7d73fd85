"""Keys: sr25519 key pairs, addresses and signatures; the only file that knows bittensor-core."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import bittensor_core

from solard.core.errors import SolardError

SCHEMES = {
    "sr25519": bittensor_core.CRYPTO_SR25519,
    "ed25519": bittensor_core.CRYPTO_ED25519,
}
"""Signatures that can be checked, by name; our own keys are all sr25519."""


class KeyInvalid(SolardError):
    """A seed, a phrase, an address or a key file is not what it claims to be."""


class Keypair:
    """A key that signs. Its secret leaves it only for its own file, never for a log."""

    __slots__ = ("_inner",)

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __repr__(self) -> str:
        return f"Keypair({self.ss58})"

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled")

    @property
    def ss58(self) -> str:
        """Return the public address, ss58 with prefix 42."""
        return str(self._inner.ss58_address)  # type: ignore[attr-defined]

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of an sr25519 signature (context `substrate`)."""
        return bytes(self._inner.sign(message))  # type: ignore[attr-defined]


def from_uri(uri: str) -> Keypair:
    """Return the key of a secret URI such as `//Alice`: development keys, known to everyone."""
    return _make(lambda: bittensor_core.Keypair.create_from_uri(uri), "secret URI")


def from_seed(seed: bytes) -> Keypair:
    """Return the key of a 32-byte seed."""
    return _make(lambda: bittensor_core.Keypair.create_from_seed(seed), "seed of 32 bytes")


def from_mnemonic(words: str) -> Keypair:
    """Return the key of a phrase of 12 or 24 words."""
    return _make(lambda: bittensor_core.Keypair.create_from_mnemonic(words), "recovery phrase")


def generate() -> Keypair:
    """Return a new key."""
    return from_mnemonic(bittensor_core.Keypair.generate_mnemonic())


def verify(ss58: str, message: bytes, signature: bytes, scheme: str = "sr25519") -> bool:
    """Tell whether `ss58` signed `message`; a malformed address or signature is a no."""
    try:
        return bool(bittensor_core.verify(message, signature, ss58, SCHEMES[scheme]))
    except ValueError:
        return False


def is_address(text: str) -> bool:
    """Tell whether a text is an ss58 address of prefix 42, checksum included."""
    try:
        public = bittensor_core.ss58_decode(text)
        return bool(bittensor_core.ss58_encode(public, 42) == text)
    except (ValueError, TypeError):
        return False


def generate_phrase(words: int = 12) -> str:
    """Return a new recovery phrase of 12, 15, 18, 21 or 24 words."""
    return str(bittensor_core.Keypair.generate_mnemonic(words))


def from_secret(text: str) -> Keypair:
    """Return the key of a recovery phrase, or of a seed of 64 hexadecimal digits."""
    digits = text.strip().removeprefix("0x")
    if len(digits) == 64 and " " not in digits:
        return _make(lambda: bittensor_core.Keypair.create_from_seed(bytes.fromhex(digits)), "seed")
    return from_mnemonic(" ".join(text.split()))


def public_bytes(ss58: str) -> bytes:
    """Return the 32 public bytes of an address; raise KeyInvalid when it is none."""
    if not is_address(ss58):
        raise KeyInvalid(f"{ss58!r} is no address")
    return bytes(bittensor_core.ss58_decode(ss58))


def search_nonce(prefix: bytes, difficulty: int, start: int, attempts: int) -> int | None:
    """Return the first nonce whose registration seal meets a difficulty, or None; native code."""
    found = bittensor_core.pow_mine_cpu(prefix, difficulty, start, attempts)
    return None if found is None else int(found[0])


def load_or_create(path: Path) -> Keypair:
    """Return the key kept in `path`, mode 0600; make a new one where there is none.

    The file has the layout of a plaintext hotkey of btcli.
    """
    if not path.exists():
        with contextlib.suppress(KeyInvalid):  # another process was first
            write_keyfile(path, generate())
    return read_keyfile(path)


def read_keyfile(path: Path, password: str | None = None) -> Keypair:
    """Return the key of a file in btcli's format; raise KeyInvalid, also when others can read it.

    Unlocking an encrypted one takes about 5 s of a processor.
    """
    if not path.is_file():
        raise KeyInvalid(f"{path} is no file")
    if path.stat().st_mode & 0o077:
        raise KeyInvalid(f"{path} can be read by others; run: chmod 600 {path}")
    return _read(path, path.read_bytes(), password)


def is_encrypted(path: Path) -> bool:
    """Tell whether a keyfile asks for a password."""
    return bool(bittensor_core.keyfile_data_is_encrypted(path.read_bytes()))


def read_public(path: Path) -> str:
    """Return the address in a public keyfile, such as coldkeypub.txt; raise KeyInvalid."""
    try:
        address = json.loads(path.read_bytes())["ss58Address"]
    except (OSError, ValueError, TypeError, KeyError) as err:
        raise KeyInvalid(f"{path} names no address") from err
    if not isinstance(address, str) or not is_address(address):
        raise KeyInvalid(f"{path} names no address")
    return address


def write_keyfile(path: Path, keypair: Keypair) -> None:
    """Write a key in btcli's plaintext format, mode 0600; raise KeyInvalid rather than replace one.

    A kill leaves either the whole file or none.
    """
    data = bytes(bittensor_core.serialized_keypair_to_keyfile_data(keypair._inner))
    try:
        _write(path, data, 0o600)
    except FileExistsError as err:
        raise KeyInvalid(f"{path} is there already; name another hotkey") from err


def write_public(path: Path, ss58: str) -> None:
    """Write an address in the format of coldkeypub.txt, in place of what was there."""
    public = bittensor_core.Keypair(ss58_address=ss58)
    path.unlink(missing_ok=True)
    _write(path, bytes(bittensor_core.serialized_keypair_to_keyfile_data(public)), 0o644)


def _read(path: Path, data: bytes, password: str | None) -> Keypair:
    try:
        if bittensor_core.keyfile_data_is_encrypted(data):
            if password is None:
                raise KeyInvalid(f"{path} is encrypted; a rig signs unattended and needs it plain")
            data = bittensor_core.decrypt_keyfile_data(data, password)
        json.loads(data)
        inner = bittensor_core.deserialize_keypair_from_keyfile_data(data)
    except bittensor_core.WrongPasswordError as err:
        raise KeyInvalid(f"{path}: this is not its password") from err
    except (ValueError, bittensor_core.KeyfileError):
        # The cause may quote the file, so it is not chained.
        raise KeyInvalid(
            f"{path} holds no key; restore it from a copy, or move it away for a new key"
        ) from None
    if inner.crypto_type != bittensor_core.CRYPTO_SR25519:
        raise KeyInvalid(f"{path} is no sr25519 key, and hotkeys are; make one with: wallet new")
    return Keypair(inner)


def _write(path: Path, data: bytes, mode: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        os.write(handle, data)
        os.fsync(handle)
        # A link, not a rename: it fails where another process was first.
        os.link(draft, path)
    finally:
        os.close(handle)
        draft.unlink()


def _make(create: Callable[[], object], what: str) -> Keypair:
    try:
        return Keypair(create())
    except (ValueError, TypeError):
        # The cause may quote the secret, so it is not chained.
        raise KeyInvalid(f"this is no {what}; check it for typing errors") from None

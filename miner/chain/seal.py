"""A stopped network's file under its authority's seal, so that every byte of it counts.

A second run of all blocks compares whatever means something. Between the parts of a page SQLite
leaves bytes that mean nothing; only a hash over the whole file tells when one of those changes. A
node that runs has no seal, and one that was killed leaves none.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

from miner import keys

DOMAIN = b"solard-seal/1\n"


def seal_of(database: Path) -> Path:
    """Return where the seal of a database lies."""
    return database.with_suffix(".seal")


def seal(database: Path, keypair: keys.Keypair) -> None:
    """Sign the file as it lies there; nobody may write it until `break_seal`."""
    name = _hash(database)
    signature = keypair.sign(DOMAIN + name.encode()).hex()
    path = seal_of(database)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({"sha256": name, "signature": signature}), encoding="utf-8")
    draft.replace(path)


def break_seal(database: Path) -> None:
    """Take the seal away, on the disk before this returns: the file is about to change."""
    try:
        seal_of(database).unlink()
    except FileNotFoundError:
        return
    directory = os.open(database.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def find_broken(database: Path, authority: str) -> str | None:
    """Return what is wrong with a sealed file; None when nothing is, or nothing is sealed."""
    path = seal_of(database)
    text = _read(path)
    if text is None:
        return None
    name = _hash(database)
    if _read(path) != text:
        return None  # a node has come or gone meanwhile
    try:
        said = json.loads(text)
        signed, signature = str(said["sha256"]), bytes.fromhex(said["signature"])
        is_whole = json.dumps(said).encode() == text and len(said) == 2
    except (ValueError, TypeError, KeyError):
        return f"{path.name} cannot be read"
    if not is_whole or not keys.verify(authority, DOMAIN + signed.encode(), signature):
        return f"{path.name} is not the authority's"
    if signed != name:
        return "a byte of the file is not as the node left it"
    return None


def _read(path: Path) -> bytes | None:
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    return None


def _hash(database: Path) -> str:
    with database.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""What only one validator knows: whom it asks what in which round, the same after a restart."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any


class RoundSecret:
    """Makes seeds that nobody can foresee and that differ for every miner."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def seed(self, round_at: datetime, hotkey: str) -> bytes:
        """Return the 16 bytes of one miner in one round."""
        told = f"{round_at.isoformat()} {hotkey}".encode()
        return hashlib.blake2b(told, key=self._key, digest_size=16).digest()

    def to_json(self) -> dict[str, Any]:
        """Return the secret as plain data, for the validator's own state."""
        return {"secret": self._key.hex()}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take the secret back; keep the new one where there is none."""
        text = data.get("secret")
        if isinstance(text, str):
            self._key = bytes.fromhex(text)

"""Weights that a validator has promised by their hash, and shows when they are due."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from miner.chain.backend import Metagraph
from miner.chain.weights import scaled_weights

SALT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One commit; without the salt nobody can show what it stands for."""

    epoch: int
    """The subnet's epoch in which it was made."""
    uids: tuple[int, ...]
    values: tuple[int, ...]
    salt: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def promise(weights: Mapping[int, float], epoch: int) -> Promise:
    """Return weights with a salt of their own, to be committed in this epoch."""
    uids, values = scaled_weights(weights)
    salt = secrets.token_hex(SALT_BYTES)
    return Promise(epoch=epoch, uids=tuple(uids), values=tuple(values), salt=salt)


def due_now(promises: Sequence[Promise], graph: Metagraph) -> Promise | None:
    """Return the newest promise that has to be shown in this epoch, or None."""
    due = [one for one in promises if one.epoch + graph.reveal_epochs == graph.epochs]
    return due[-1] if due else None


def not_yet_due(promises: Sequence[Promise], graph: Metagraph) -> list[Promise]:
    """Return promises of which the chain will still want to know."""
    return [one for one in promises if one.epoch + graph.reveal_epochs > graph.epochs]


def read_promises(data: Any) -> list[Promise]:
    """Return the promises that `to_json` wrote."""
    return [
        Promise(
            epoch=int(one["epoch"]),
            uids=tuple(one["uids"]),
            values=tuple(one["values"]),
            salt=str(one["salt"]),
        )
        for one in data or ()
    ]

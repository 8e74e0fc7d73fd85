"""The daemon's side of the keeper: core values in and out, sentences when it fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solard.core.codec import Codec, CodecError
from solard.core.decision import Applied, ApplyResult, Clamped, PowerLimit, Refused
from solard.core.errors import SolardError
from solard.core.rig import GpuCard
from solard.core.state import GpuState
from solard.system.lines import ask

RESTORE_TIMEOUT_S = 6.0
"""Real seconds: a card's write gap and its deadline, with room."""

_CODEC = Codec()


class KeeperAnswerInvalid(SolardError):
    """The keeper answered something that this version does not understand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCardRow:
    """One card as the keeper lists it; the range is None where the card takes no limit."""

    gpu_id: str
    index: int
    name: str
    min_w: float | None
    default_w: float | None
    max_w: float | None
    parked_w: float
    original_w: float | None
    """The owner's own limit; None = unknown."""
    state: str
    """`released`, `held` or `failsafe`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardList:
    """What the keeper keeps."""

    rows: tuple[KeptCardRow, ...]
    backend: str
    """`nvml`, `simulated` or `none`."""
    note: str | None
    """One line when there is no GPU, driver or permission."""

    @property
    def cards(self) -> tuple[GpuCard, ...]:
        """Return the cards that can be told a limit."""
        return tuple(
            GpuCard(
                gpu_id=row.gpu_id,
                index=row.index,
                name=row.name,
                min_w=row.min_w,
                default_w=row.default_w,
                max_w=row.max_w,
                parked_w=row.parked_w,
            )
            for row in self.rows
            if row.min_w is not None and row.default_w is not None and row.max_w is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperReading:
    """Every card now, and the keeper itself."""

    gpus: tuple[GpuState, ...]
    pid: int
    backend: str
    lease_left_s: float | None
    """Real seconds until the first lease ends; None when nothing is held."""


class KeeperClient:
    """Asks the keeper on its socket; every call may raise NoAnswer or Denied."""

    def __init__(self, socket_path: Path) -> None:
        self._socket = socket_path

    async def list(self) -> CardList:
        """Return the cards and what they accept."""
        answer = await ask(self._socket, {"verb": "list"})
        return CardList(
            rows=_decode(tuple[KeptCardRow, ...], answer.get("cards")),
            backend=str(answer.get("backend")),
            note=answer.get("note"),
        )

    async def read(self) -> KeeperReading:
        """Return every card as it is now."""
        answer = await ask(self._socket, {"verb": "read"})
        fields = ("gpus", "pid", "backend", "lease_left_s")
        return _reading({name: answer.get(name) for name in fields})

    async def set(self, limits: tuple[PowerLimit, ...]) -> tuple[ApplyResult, ...]:
        """Hold cards under a fresh lease; return what became of each limit."""
        answer = await ask(self._socket, {"verb": "set", "limits": _CODEC.encode(limits)})
        return _results(answer)

    async def renew(self) -> float | None:
        """Renew the lease of every held card; return how long it lasts, real seconds."""
        answer = await ask(self._socket, {"verb": "renew"})
        return _seconds(answer.get("lease_left_s"))

    async def restore(self) -> tuple[ApplyResult, ...]:
        """Give every card back as its owner left it."""
        return _results(await ask(self._socket, {"verb": "restore"}, RESTORE_TIMEOUT_S))

    async def failsafe(self) -> tuple[ApplyResult, ...]:
        """Put every card at its failsafe limit now."""
        return _results(await ask(self._socket, {"verb": "failsafe"}))


def _decode(kind: Any, data: Any) -> Any:
    try:
        return _CODEC.decode(kind, data)
    except CodecError as err:
        raise KeeperAnswerInvalid(
            f"the GPU keeper's answer does not fit: {err}; restart it after an upgrade"
        ) from err


def _reading(data: Mapping[str, Any]) -> KeeperReading:
    reading = _decode(KeeperReading, data)
    if not isinstance(reading, KeeperReading):  # for the type checker; decode returned one
        raise TypeError(type(reading).__name__)
    return reading


def _seconds(value: Any) -> float | None:
    return None if value is None else float(value)


def _results(answer: Mapping[str, Any]) -> tuple[ApplyResult, ...]:
    try:
        return tuple(_result(row) for row in answer["results"])
    except (KeyError, TypeError, ValueError) as err:
        raise KeeperAnswerInvalid(f"the GPU keeper's answer does not fit: {err!r}") from err


def _result(row: Mapping[str, Any]) -> ApplyResult:
    gpu_id, asked_w = str(row["gpu_id"]), float(row["asked_w"] or 0.0)
    match row["outcome"]:
        case "applied":
            return Applied(gpu_id=gpu_id, limit_w=float(row["limit_w"]))
        case "clamped":
            enforced_w = min(float(row["limit_w"]), float(row["enforced_w"]))
            return Clamped(gpu_id=gpu_id, asked_w=asked_w, limit_w=enforced_w)
        case "refused":
            return Refused(gpu_id=gpu_id, asked_w=asked_w, reason=str(row["reason"]))
        case other:
            raise ValueError(f"outcome {other!r}")

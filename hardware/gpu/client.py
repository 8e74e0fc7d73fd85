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

CLOCKED_FLOOR = 0.5
"""Of its default draw: below this a card that only its clock holds does too little to be worth it.

Lower clocks need hardly less voltage, so efficiency falls (80 of 175 W measured at 1800 MHz on a
4080 Laptop).
"""

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
    """A stage: `released`, `limit`, `clock`, `parked`, `stopped`, `failsafe` or what is wrong."""
    can: tuple[str, ...] = ()
    """Of `limit`, `clock`, `park`."""
    hands_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CardList:
    """What the keeper keeps."""

    rows: tuple[KeptCardRow, ...]
    backend: str
    """`nvml`, `sysfs`, `jetson`, `simulated` or `none`."""
    note: str | None
    """One line when there is no GPU, driver or permission."""

    @property
    def cards(self) -> tuple[GpuCard, ...]:
        """Return the cards that can be steered, by a limit or by their clock."""
        return tuple(card for row in self.rows if (card := _card(row)) is not None)


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
        return read_list(await ask(self._socket, {"verb": "list"}))

    async def read(self) -> KeeperReading:
        """Return every card as it is now."""
        answer = await ask(self._socket, {"verb": "read"})
        fields = ("gpus", "pid", "backend", "lease_left_s")
        return _reading({name: answer.get(name) for name in fields})

    async def set(
        self, limits: tuple[PowerLimit, ...], hands_off: frozenset[str] | None = None
    ) -> tuple[ApplyResult, ...]:
        """Hold cards under a fresh lease; return what became of each limit.

        Cards in `hands_off` are left to their owner from now on, in failsafe too; None = as before.
        """
        request = {"verb": "set", "limits": _CODEC.encode(limits)}
        if hands_off is not None:
            request["hands_off"] = sorted(hands_off)
        return _results(await ask(self._socket, request))

    async def renew(self) -> float | None:
        """Renew the lease of every held card; return how long it lasts, real seconds."""
        answer = await ask(self._socket, {"verb": "renew"})
        return _seconds(answer.get("lease_left_s"))

    async def restore(self, gpu_ids: tuple[str, ...] | None = None) -> tuple[ApplyResult, ...]:
        """Give cards back as their owner left them: all, or those named."""
        request: dict[str, Any] = {"verb": "restore"}
        if gpu_ids is not None:
            request["gpu_ids"] = list(gpu_ids)
        return _results(await ask(self._socket, request, RESTORE_TIMEOUT_S))

    async def take(self, gpu_id: str) -> ApplyResult:
        """Steer a card again that was left to whoever kept changing its limit."""
        return _results(await ask(self._socket, {"verb": "take", "gpu_id": gpu_id}))[0]

    async def failsafe(self) -> tuple[ApplyResult, ...]:
        """Put every card at its failsafe limit now."""
        return _results(await ask(self._socket, {"verb": "failsafe"}))


def _card(row: KeptCardRow) -> GpuCard | None:
    """Return the card as the daemon steers it, or None where nothing steers it."""
    min_w, max_w = row.min_w, row.max_w
    if "clock" in row.can and row.default_w is not None and (min_w is None or max_w is None):
        min_w, max_w = CLOCKED_FLOOR * row.default_w, row.default_w
    if min_w is None or max_w is None or row.default_w is None:
        return None
    return GpuCard(
        gpu_id=row.gpu_id,
        index=row.index,
        name=row.name,
        min_w=min_w,
        default_w=row.default_w,
        max_w=max_w,
        parked_w=row.parked_w,
    )


def read_list(answer: Mapping[str, Any]) -> CardList:
    """Return the cards that an answer to `list` names."""
    return CardList(
        rows=_decode(tuple[KeptCardRow, ...], answer.get("cards")),
        backend=str(answer.get("backend")),
        note=answer.get("note"),
    )


def read_states(answer: Mapping[str, Any]) -> tuple[GpuState, ...]:
    """Return every card's state in an answer to `read`."""
    states: tuple[GpuState, ...] = _decode(tuple[GpuState, ...], answer.get("gpus"))
    return states


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
            limit_w = row["limit_w"]
            return Applied(gpu_id=gpu_id, limit_w=asked_w if limit_w is None else float(limit_w))
        case "clamped":
            known = [row[name] for name in ("limit_w", "enforced_w") if row[name] is not None]
            return Clamped(gpu_id=gpu_id, asked_w=asked_w, limit_w=min(known, default=asked_w))
        case "refused":
            return Refused(gpu_id=gpu_id, asked_w=asked_w, reason=str(row["reason"]))
        case other:
            raise ValueError(f"outcome {other!r}")

"""Simulated cards: a file is the hardware, measured curves are its physics.

The file outlives the keeper as a card outlives its driver's clients, and every process that reads
it at the same site time sees the same watts: the keeper, the plant, a test.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from math import exp
from pathlib import Path

from hardware.gpu.backend import (
    BackendMissing,
    CardFacts,
    CardLost,
    CardRefuses,
    Envelope,
    Limits,
    Telemetry,
)
from hardware.gpu.curves import CurveUnknown, curve_for
from solard.core.codec import Codec, CodecError
from solard.system.clock import Clock, clock_from_environment

POWER_LAG_S = 1.0
"""Time constant of a card's draw after a new limit, site seconds."""
HEAT_LAG_S = 60.0
"""Time constant of a card's temperature, site seconds."""
ROOM_C = 28.0
FULL_LOAD_RISE_C = 44.0
"""Rise over the room at the default limit: 72 °C, as a 3090 with its stock fan curve."""

_CODEC = Codec()


class Fault(StrEnum):
    """What can be wrong with a simulated card."""

    LOST = "lost"
    """It does not answer at all."""
    DENIED = "denied"
    """It takes no limit."""
    STICKS = "sticks"
    """It takes a limit, and ignores it."""
    HANGS = "hangs"
    """Every call blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCard:
    """One card: its plate, what it was told, and where its draw came from."""

    gpu_id: str
    name: str
    curve: str
    min_w: float
    default_w: float
    max_w: float
    parked_w: float
    limit_w: float | None = None
    """What it was last told; None = its default."""
    parked: bool = False
    changed_s: float | None = None
    """Site seconds of the last change; None = settled."""
    from_w: float = 0.0
    """Draw at `changed_s`."""
    from_c: float = ROOM_C
    """Temperature at `changed_s`."""
    fault: Fault | None = None

    def told_w(self) -> float:
        """Return the limit in force."""
        return self.default_w if self.limit_w is None else self.limit_w

    def settled_w(self) -> float:
        """Return the draw that the card moves to: its workload's demand, under its limit."""
        if self.parked:
            return self.parked_w
        demand_w = curve_for(self.curve).points[-1].power_w
        return max(self.parked_w, min(demand_w, self.told_w()))

    def power_w(self, now_s: float) -> float:
        """Return the draw at a moment in site seconds."""
        return _lagged(self.from_w, self.settled_w(), self.changed_s, now_s, POWER_LAG_S)

    def temperature_c(self, now_s: float) -> float:
        """Return the temperature at a moment in site seconds."""
        settled_c = ROOM_C + FULL_LOAD_RISE_C * self.settled_w() / self.default_w
        return _lagged(self.from_c, settled_c, self.changed_s, now_s, HEAT_LAG_S)

    def work_rate(self, now_s: float) -> float:
        """Return full-speed hours of work per hour; a parked card does none."""
        return 0.0 if self.parked else curve_for(self.curve).work_at(self.power_w(now_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRig:
    """The whole file: host, power supply and cards."""

    host_w: float
    psu_efficiency: float = 0.92
    cards: tuple[SimulatedCard, ...]


_KINDS = (
    ("RTX 3090 (simulated)", "rtx3090-llm", 350.0, 14.0),
    ("Quadro RTX 6000 (simulated)", "rtx6000-bert", 260.0, 12.0),
)
"""Two kinds, so that an equal split is wrong: name, curve, default = highest limit, parked draw."""
_LOWEST_LIMIT_W = 100.0


def create(path: Path, count: int = 4, host_w: float = 90.0) -> None:
    """Write a rig of `count` idle cards at their default limits: two kinds, half of each.

    Four cards take 100 to 350 and 100 to 260 W each: at most 1.4 kW at the
    wall, for a home of 5 kWp.
    """
    cards = []
    for index in range(count):
        name, curve, default_w, parked_w = _KINDS[index * len(_KINDS) // count]
        cards.append(
            SimulatedCard(
                gpu_id=f"GPU-sim-{index}",
                name=name,
                curve=curve,
                min_w=_LOWEST_LIMIT_W,
                default_w=default_w,
                max_w=default_w,
                parked_w=parked_w,
                parked=True,
                from_w=parked_w,
            )
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, SimulatedRig(host_w=host_w, cards=tuple(cards)))


def read_rig(path: Path) -> SimulatedRig:
    """Return the rig that a cards file describes; raise BackendMissing with a sentence."""
    try:
        rig = _CODEC.loads(SimulatedRig, path.read_text(encoding="utf-8"))
        for card in rig.cards:
            curve_for(card.curve)
    except FileNotFoundError as err:
        raise BackendMissing(
            f"no simulated cards: there is no {path}; a demo kept with `solard demo --dir DIR` "
            "has some in DIR/state/cards.json"
        ) from err
    except (OSError, CodecError, CurveUnknown) as err:
        raise BackendMissing(f"no simulated cards: {path} cannot be used: {err}") from err
    if not isinstance(rig, SimulatedRig):  # for the type checker; loads returned one
        raise TypeError(type(rig).__name__)
    return rig


def rig_draw_w(path: Path, clock: Clock | None = None) -> float:
    """Return the rig's draw at the wall now: host, cards and the power supply's loss."""
    rig, now_s = read_rig(path), (clock or clock_from_environment()).monotonic_s()
    cards_w = sum(card.power_w(now_s) for card in rig.cards if card.fault is not Fault.LOST)
    return rig.host_w + cards_w / rig.psu_efficiency


def change(
    path: Path,
    gpu_id: str,
    *,
    clock: Clock,
    limit_w: float | None = None,
    parked: bool | None = None,
) -> None:
    """Tell one card a limit, or park it: what the keeper's backend does, and any foreign tool."""
    now_s = clock.monotonic_s()

    def told(card: SimulatedCard) -> SimulatedCard:
        return replace(
            card,
            limit_w=card.limit_w if limit_w is None else limit_w,
            parked=card.parked if parked is None else parked,
            changed_s=now_s,
            from_w=card.power_w(now_s),
            from_c=card.temperature_c(now_s),
        )

    with _only_writer(path):
        rig = read_rig(path)
        cards = tuple(told(card) if card.gpu_id == gpu_id else card for card in rig.cards)
        _write(path, replace(rig, cards=cards))


def break_card(path: Path, gpu_id: str, fault: Fault | None) -> None:
    """Give one card a fault, or mend it."""
    with _only_writer(path):
        rig = read_rig(path)
        cards = tuple(
            replace(card, fault=fault) if card.gpu_id == gpu_id else card for card in rig.cards
        )
        _write(path, replace(rig, cards=cards))


class SimulatedBackend:
    """The cards of one file."""

    kind = "simulated"
    note: str | None = None

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._seen: tuple[tuple[int, int], SimulatedRig] | None = None
        self._facts = tuple(
            CardFacts(
                gpu_id=card.gpu_id,
                index=index,
                name=card.name,
                envelope=_envelope(card),
                parked_w=card.parked_w,
                default_w=card.default_w,
            )
            for index, card in enumerate(self._rig().cards)
        )

    def driver_start(self) -> str:
        """Return a constant: the file is never reloaded."""
        return "simulated"

    def cards(self) -> tuple[CardFacts, ...]:
        """Return the cards that the file held when it was opened."""
        return self._facts

    def rescan(self) -> tuple[CardFacts, ...]:
        """Return no card: all were there from the start."""
        return ()

    def envelope(self, gpu_id: str) -> Envelope:
        """Return the range that the card accepts now."""
        return _envelope(self._card(gpu_id))

    def limits(self, gpu_id: str) -> Limits:
        """Return the card's limit; a simulated card enforces it."""
        card = self._card(gpu_id)
        return Limits(limit_w=card.told_w(), enforced_w=card.told_w(), parked=card.parked)

    def write_limit(self, gpu_id: str, limit_w: float) -> None:
        """Tell the card a limit inside its envelope."""
        card = self._card(gpu_id)
        if card.fault is Fault.DENIED:
            raise CardRefuses(f"{card.name} {gpu_id}: this card takes no power limit")
        if card.fault is not Fault.STICKS:
            change(self._path, gpu_id, clock=self._clock, limit_w=limit_w)

    def park(self, gpu_id: str, *, parked: bool) -> None:
        """Idle the card, or let it work again."""
        self._card(gpu_id)
        change(self._path, gpu_id, clock=self._clock, parked=parked)

    def lock_clocks(self, gpu_id: str, max_mhz: float | None) -> None:
        """Do nothing: a simulated card has no clocks."""

    def persistence(self, gpu_id: str) -> bool | None:  # noqa: ARG002
        """Return None: the file keeps its state by itself."""
        return None

    def write_persistence(self, gpu_id: str, *, on: bool) -> None:
        """Do nothing: the file keeps its state by itself."""

    def telemetry(self, gpu_id: str) -> Telemetry:
        """Return what the card does at this moment of site time."""
        card, now_s = self._card(gpu_id), self._clock.monotonic_s()
        return Telemetry(
            power_w=card.power_w(now_s),
            temperature_c=card.temperature_c(now_s),
            utilization=0.0 if card.parked else 1.0,
            work_rate=card.work_rate(now_s),
        )

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _card(self, gpu_id: str) -> SimulatedCard:
        card = next((card for card in self._rig().cards if card.gpu_id == gpu_id), None)
        if card is None or card.fault is Fault.LOST:
            raise CardLost(f"{gpu_id} has left the bus; mend it in {self._path}")
        while card.fault is Fault.HANGS:
            time.sleep(0.05)
            card = next(one for one in self._rig().cards if one.gpu_id == gpu_id)
        return card

    def _rig(self) -> SimulatedRig:
        """Return the file's rig, parsed only when the file has been replaced."""
        try:
            found = self._path.stat()
        except OSError:
            return read_rig(self._path)  # says it in a sentence
        key = (found.st_ino, found.st_mtime_ns)
        if self._seen is None or self._seen[0] != key:
            self._seen = (key, read_rig(self._path))
        return self._seen[1]


def _envelope(card: SimulatedCard) -> Envelope:
    return Envelope(min_w=card.min_w, default_w=card.default_w, max_w=card.max_w)


def _lagged(
    start: float, settled: float, changed_s: float | None, now_s: float, lag_s: float
) -> float:
    # A change in the future is one of an earlier run, whose site clock ran further.
    if changed_s is None or now_s < changed_s:
        return settled
    return settled + (start - settled) * exp(-(now_s - changed_s) / lag_s)


@contextmanager
def _only_writer(path: Path) -> Iterator[None]:
    with path.with_name(path.name + ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, rig: SimulatedRig) -> None:
    # One name per writer: readers see the old file or the new one, never half of either.
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.write_text(json.dumps(_CODEC.encode(rig), indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)

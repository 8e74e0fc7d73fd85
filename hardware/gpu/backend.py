"""What the keeper needs from cards, whatever drives them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from solard.core.errors import SolardError
from solard.core.units import clamp

FIT_W = 0.5
"""A wish this little below a discrete limit means that limit."""


class BackendMissing(SolardError):
    """There are no cards to keep on this machine; the message says why and what helps."""


class CardError(SolardError):
    """A card did not do what it was asked."""


class CardRefuses(CardError):
    """The card or its driver does not take this from us; trying again soon is no use."""


class CardLost(CardError):
    """The card does not answer any more; its state is unknown."""


class Ability(StrEnum):
    """What a card and its driver can be told."""

    LIMIT = "limit"
    """A power limit inside its envelope."""
    CLOCK = "clock"
    """The highest clock of its cores: what holds a card that takes no limit."""
    PARK = "park"
    """To idle, as far as its workload lets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRange:
    """The core clocks between which a card can be locked."""

    min_mhz: float
    max_mhz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The limits that a card accepts now."""

    min_w: float
    default_w: float
    max_w: float
    only_w: tuple[float, ...] = ()
    """Where only these can be told, rising; empty = everything between."""

    def fit(self, want_w: float) -> float:
        """Return the limit to tell for a wish: inside the range, never above where it can be."""
        fitting = [power_w for power_w in self.only_w if power_w <= want_w + FIT_W]
        if self.only_w:
            return fitting[-1] if fitting else self.only_w[0]
        return clamp(want_w, self.min_w, self.max_w)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a card was told, and what it holds to after every other limiter."""

    limit_w: float
    enforced_w: float | None
    """None where the driver does not say."""
    parked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What a card does; None where it does not say."""

    power_w: float | None
    temperature_c: float | None
    utilization: float | None
    """0..1."""
    work_rate: float | None = None
    """Work per hour, where the backend knows it."""
    energy_j: float | None = None
    """The card's own energy counter; it starts anew when the driver does."""
    processes: int | None = None
    """How many programs compute on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What never changes about a card."""

    gpu_id: str
    """Its UUID; indices move."""
    index: int
    name: str
    envelope: Envelope | None
    """None when the card takes no limit."""
    parked_w: float
    """Draw when parked; an estimate where nobody has measured it."""
    default_w: float | None = None
    """Its limit as delivered; known for some cards that take none."""
    clocks: ClockRange | None = None
    """None when its clocks cannot be locked."""

    @property
    def can(self) -> frozenset[Ability]:
        """Return what the card can be told."""
        found = {Ability.PARK}
        found |= {Ability.LIMIT} if self.envelope else set()
        found |= {Ability.CLOCK} if self.clocks else set()
        return frozenset(found)


class ParkedCards:
    """Which cards are to idle: no driver knows of that, their workloads unload the model."""

    def __init__(self) -> None:
        self._gpu_ids: set[str] = set()

    def __contains__(self, gpu_id: str) -> bool:
        return gpu_id in self._gpu_ids

    def mark(self, gpu_id: str, *, parked: bool) -> None:
        """Remember that a card is to idle, or not any more."""
        if parked:
            self._gpu_ids.add(gpu_id)
        else:
            self._gpu_ids.discard(gpu_id)


class GpuBackend(Protocol):
    """Cards of one kind. Every call may block, and raises CardError."""

    @property
    def kind(self) -> str:
        """Return `nvml`, `sysfs`, `jetson`, `simulated` or `none`."""
        ...

    @property
    def note(self) -> str | None:
        """Return one line on what is missing, or None."""
        ...

    def driver_start(self) -> str:
        """Return what changes when the driver is loaded again, and with it every limit."""
        ...

    def cards(self) -> tuple[CardFacts, ...]:
        """Return the cards that have answered so far."""
        ...

    def rescan(self) -> tuple[CardFacts, ...]:
        """Look again for cards that did not answer; return those that are new. May block."""
        ...

    def envelope(self, gpu_id: str) -> Envelope:
        """Return the range that the card accepts now."""
        ...

    def limits(self, gpu_id: str) -> Limits:
        """Return the card's limit and what it enforces."""
        ...

    def write_limit(self, gpu_id: str, limit_w: float) -> None:
        """Tell the card a limit inside its envelope."""
        ...

    def park(self, gpu_id: str, *, parked: bool) -> None:
        """Idle the card with its model unloaded, or let it work again."""
        ...

    def lock_clocks(self, gpu_id: str, max_mhz: float | None) -> None:
        """Hold the card's cores at or below a clock; None = let them go as they like."""
        ...

    def persistence(self, gpu_id: str) -> bool | None:
        """Return whether the card's state survives its last client; None = no such thing."""
        ...

    def write_persistence(self, gpu_id: str, *, on: bool) -> None:
        """Let the driver keep the card's limit when no process holds it open, or not."""
        ...

    def telemetry(self, gpu_id: str) -> Telemetry:
        """Return what the card does now."""
        ...

    def close(self) -> None:
        """Let go of the driver."""
        ...


@dataclass(frozen=True, slots=True)
class NoCards:
    """A machine without cards: nothing to keep, and one line that says why."""

    note: str | None
    kind: str = "none"

    def driver_start(self) -> str:
        """Return nothing: there is no driver."""
        return ""

    def cards(self) -> tuple[CardFacts, ...]:
        """Return no card."""
        return ()

    def rescan(self) -> tuple[CardFacts, ...]:
        """Return no card."""
        return ()

    def envelope(self, gpu_id: str) -> Envelope:
        """Raise CardLost: there is no card."""
        raise CardLost(f"{gpu_id}: no such card; {self.note}")

    def limits(self, gpu_id: str) -> Limits:
        """Raise CardLost: there is no card."""
        raise CardLost(f"{gpu_id}: no such card; {self.note}")

    def write_limit(self, gpu_id: str, limit_w: float) -> None:
        """Raise CardLost: there is no card."""
        raise CardLost(f"{gpu_id}: no such card for {limit_w:g} W; {self.note}")

    def park(self, gpu_id: str, *, parked: bool) -> None:
        """Do nothing: there is no card."""

    def lock_clocks(self, gpu_id: str, max_mhz: float | None) -> None:
        """Do nothing: there is no card."""

    def persistence(self, gpu_id: str) -> bool | None:  # noqa: ARG002
        """Return None: there is no card."""
        return None

    def write_persistence(self, gpu_id: str, *, on: bool) -> None:
        """Do nothing: there is no card."""

    def telemetry(self, gpu_id: str) -> Telemetry:
        """Raise CardLost: there is no card."""
        raise CardLost(f"{gpu_id}: no such card; {self.note}")

    def close(self) -> None:
        """Do nothing: nothing was opened."""

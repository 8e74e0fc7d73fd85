"""The rig this daemon runs on: its host, its cards, what runs on them."""

from dataclasses import dataclass
from enum import StrEnum

from solard.core.curves import WorkCurve


class PowerTerms(StrEnum):
    """What a workload allows solard to do to its cards."""

    FREE = "free"
    """Any limit inside the envelope, and parking."""
    AT_LEAST = "at_least"
    """Any limit from a stated power up; below it the workload goes to standby."""
    HANDS_OFF = "hands_off"
    """Nothing: the card is a fixed load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuCard:
    """One card and the envelope that its driver accepts."""

    gpu_id: str
    index: int
    name: str
    min_w: float
    default_w: float
    max_w: float
    parked_w: float
    """Draw when parked: model unloaded, lowest clocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A miner, validator or other program that runs on the rig."""

    name: str
    gpu_ids: tuple[str, ...]
    """Cards it uses; empty for work on the CPU alone."""
    terms: PowerTerms = PowerTerms.FREE
    at_least_w: float | None = None
    """Per card; only with `PowerTerms.AT_LEAST`."""
    keep_alive: bool = True
    """Whether it goes on answering at standby when work stops."""
    limit_only: bool = False
    """Whether it has no standby of its own: only its cards' limits hold it back there."""
    worth_per_h: float | None = None
    """Money per hour at full work; None = unknown, worth just the export it displaces."""
    uptime_per_h: float = 0.0
    """Money per hour for each card that works, however little it does."""
    outage_per_h: float = 0.0
    """What an hour costs in which none of its cards answers."""
    must_run: bool = False
    """A job that runs now: its cards get just `at_least_w` each, before all other work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """Host, power supply, cards and the curve of each."""

    host_w: float
    """Draw at the wall of everything but the cards."""
    psu_efficiency: float = 0.92
    """Share of the cards' wall power that reaches them, 0..1."""
    cards: tuple[GpuCard, ...] = ()
    curves: tuple[tuple[str, WorkCurve], ...] = ()
    """Learned or assumed curve per gpu_id, in comparable units of work."""

    def wall_w(self, cards_w: float) -> float:
        """Return the draw at the wall when the cards together take `cards_w`."""
        return self.host_w + cards_w / self.psu_efficiency

    def cards_w(self, wall_w: float) -> float:
        """Return what is left for the cards when the rig draws `wall_w` at the wall."""
        return (wall_w - self.host_w) * self.psu_efficiency

    def curve(self, gpu_id: str) -> WorkCurve | None:
        """Return the curve of a card, or None when it has none."""
        return next((curve for name, curve in self.curves if name == gpu_id), None)


def hands_off_cards(workloads: tuple[Workload, ...]) -> frozenset[str]:
    """Return the cards that some workload wants left alone."""
    return frozenset(
        gpu_id
        for work in workloads
        if work.terms is PowerTerms.HANDS_OFF
        for gpu_id in work.gpu_ids
    )

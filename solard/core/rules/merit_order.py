"""The merit order: energy by what it costs, work by what it earns, and how far up it pays."""

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate, pairwise

from solard.core.curves import CurvePoint, upper_hull
from solard.core.inputs import DecideInputs
from solard.core.loads import card_loads

UNKNOWN_COST = float("inf")


class Source(StrEnum):
    """Where the next watt would come from, in the order in which physics takes it."""

    HELD_BACK = "held back"
    """Sun that neither battery nor an export limit leaves a place for."""
    EXPORT = "export"
    CHARGING = "charging"
    BATTERY = "battery"
    IMPORT = "import"


SUN = (Source.HELD_BACK, Source.EXPORT, Source.CHARGING)
"""What is there in any case; everything else is bought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """Power that is there at one cost."""

    source: Source
    power_w: float
    cost_per_kwh: float
    """What it would have earned or saved elsewhere, or costs; infinite = unknown, never taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkStep:
    """A stretch of the rig's hull: so many W at the wall at so much work per Wh."""

    width_w: float
    gain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a kWh of work earns."""

    per_work: float | None
    """Money per unit of work; None = unknown, then a kWh is worth `per_kwh` wherever it goes."""
    per_kwh: float
    is_money: bool
    """False where the figures only compare work with stored energy."""
    heat_per_kwh: float = 0.0
    """What each kWh is worth as heat beside its work."""

    @property
    def buys(self) -> bool:
        """Say whether energy may be bought for work: never where its worth is unknown."""
        return self.per_work is not None

    def earns(self, step: WorkStep) -> float:
        """Return the worth of a kWh spent on a step."""
        work = self.per_kwh if self.per_work is None else self.per_work * step.gain * 1000.0
        return work + self.heat_per_kwh

    def pays(self, rung: Rung, step: WorkStep) -> bool:
        """Say whether a step is worth the energy of a rung."""
        if rung.cost_per_kwh == UNKNOWN_COST or (rung.source not in SUN and not self.buys):
            return False
        return self.earns(step) >= rung.cost_per_kwh


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """How far up the ladder work pays."""

    power_w: float
    """Of the whole rig."""
    last: Rung | None
    """The dearest energy that is taken, at its own cost; None = no work."""
    earned_per_kwh: float
    """Worth of the last step that is taken; 0 without work."""
    refused_per_kwh: float
    """Worth of the step that is not taken; 0 where nothing stopped the climb."""
    refused: Rung | None
    """What stopped the climb; None = everything there is, or the rig's top."""
    at_top: bool
    """Whether the rig can take no more."""


def climb(
    rungs: tuple[Rung, ...], steps: tuple[WorkStep, ...], worth: Worth, idle_w: float
) -> Climb:
    """Return the power at which the next watt costs more than it earns.

    Host and parked cards draw `idle_w` in any case: they use up the cheapest rungs first.
    """
    left, unfed_w, reached_w = list(steps), idle_w, idle_w
    last, earned = None, 0.0
    for rung, own in zip(never_cheaper(rungs), rungs, strict=True):
        free_w = max(0.0, rung.power_w - unfed_w)
        unfed_w = max(0.0, unfed_w - rung.power_w)
        while free_w > 0.0 and left:
            earns = worth.earns(left[0])
            if not worth.pays(rung, left[0]):
                return Climb(
                    power_w=reached_w,
                    last=last,
                    earned_per_kwh=earned,
                    refused_per_kwh=earns,
                    refused=rung,
                    at_top=False,
                )
            take_w = min(left[0].width_w, free_w)
            free_w, reached_w, last, earned = free_w - take_w, reached_w + take_w, own, earns
            left[0] = replace(left[0], width_w=left[0].width_w - take_w)
            if left[0].width_w <= 0.0:
                left.pop(0)
    return Climb(
        power_w=reached_w,
        last=last,
        earned_per_kwh=earned,
        refused_per_kwh=0.0,
        refused=None,
        at_top=not left,
    )


def never_cheaper(rungs: tuple[Rung, ...]) -> tuple[Rung, ...]:
    """Return the rungs with costs that never fall: nobody reaches the second before the first.

    This is what makes more sun never give less power, even where prices are upside down.
    """
    costs = accumulate((rung.cost_per_kwh for rung in rungs), max)
    return tuple(replace(rung, cost_per_kwh=cost) for rung, cost in zip(rungs, costs, strict=True))


def work_steps(inputs: DecideInputs) -> tuple[WorkStep, ...]:
    """Return the hull of all cards that we steer, steepest stretch first."""
    steps = []
    for load in card_loads(inputs):
        curve = inputs.rig.curve(load.card.gpu_id)
        if load.fixed_w is not None or curve is None:
            continue
        parked = CurvePoint(load.card.parked_w, 0.0)
        hull = upper_hull((parked, *curve.cut(load.least_w, load.most_w).points))
        for low, high in pairwise(hull):
            width_w = (high.power_w - low.power_w) / inputs.rig.psu_efficiency
            if high.work_rate > low.work_rate:
                gain = (high.work_rate - low.work_rate) / width_w
                steps.append(WorkStep(width_w=width_w, gain=gain))
    return tuple(sorted(steps, key=lambda step: -step.gain))

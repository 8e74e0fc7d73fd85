"""What a card's work costs in watts, learned from its own draw and its workload's own rate.

Samples fall into bins of power, fade over two weeks, and bend the curve that is assumed before
anything was measured; where nothing was measured the assumed shape stays, at the measured height.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import exp

from solard.core.curves import CurvePoint, WorkCurve, prior_curve
from solard.core.rig import GpuCard

BIN_SHARE = 0.04
"""Width of a bin, of the card's default limit: what a driver's own noise does not cross."""
FORGET_S = 14 * 86_400.0
"""Time constant of forgetting: seasons warm a card, models and drivers change."""
FULL_S = 1800.0
"""A bin knows no more than this much time: a month at one power must not outvote today."""
PRIOR_S = 60.0
"""The assumed shape counts like one sample of this length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveBin:
    """What was measured about one power."""

    power_w: float
    """Mean draw."""
    rate: float
    """Mean work rate, in the workload's own unit."""
    weight_s: float
    """How long it was measured, less what has faded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedCurve:
    """Everything measured of one card at one workload."""

    gpu_id: str
    workload: str
    bins: tuple[CurveBin, ...] = ()
    """In order of power."""
    learned_at: datetime | None = None
    """When the last sample came."""


def learn(
    before: LearnedCurve,
    card: GpuCard,
    *,
    power_w: float,
    rate: float,
    duration_s: float,
    now_at: datetime,
) -> LearnedCurve:
    """Return the curve with a steady sample added; what was known has faded since the last one."""
    passed_s = 0.0 if before.learned_at is None else (now_at - before.learned_at).total_seconds()
    faded = exp(-max(0.0, passed_s) / FORGET_S)
    width_w = BIN_SHARE * card.default_w
    new = CurveBin(power_w=power_w, rate=rate, weight_s=duration_s)
    bins = [_faded(one, faded) for one in before.bins]
    near = next((one for one in bins if abs(one.power_w - power_w) <= width_w / 2), None)
    if near is not None:
        bins.remove(near)
        new = _merged(near, new)
    return LearnedCurve(
        gpu_id=before.gpu_id,
        workload=before.workload,
        bins=tuple(sorted((*bins, new), key=lambda one: one.power_w)),
        learned_at=now_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPart:
    """One card of a workload that says one rate for all its cards."""

    work_rate: float
    """Expected at its present draw as far as is known; any common scale."""
    is_measured: bool
    """Whether `work_rate` rests on samples, in the workload's own unit."""
    changed_s: float
    """When its power last changed, site seconds."""


def attribute(rate: float, parts: tuple[CardPart, ...]) -> tuple[float, ...]:
    """Return each card's part of a rate that their workload says for all.

    Where every card was measured, the one whose power changed last answers for the difference:
    the others do what they did before. Otherwise, and where two changed at once, all share it.
    """
    total = sum(part.work_rate for part in parts)
    if total <= 0.0:
        return tuple(rate / len(parts) for _ in parts)
    last_s = max(part.changed_s for part in parts)
    changed = [part for part in parts if part.changed_s == last_s]
    if len(changed) > 1 or not all(part.is_measured for part in parts):
        return tuple(rate * part.work_rate / total for part in parts)
    rest = rate - total
    return tuple(
        max(0.0, part.work_rate + rest) if part is changed[0] else part.work_rate for part in parts
    )


def curve_of(learned: LearnedCurve, card: GpuCard) -> WorkCurve | None:
    """Return work against power in the workload's unit; None while nothing was measured."""
    prior = prior_curve(min_w=card.min_w, max_w=card.max_w, default_w=card.default_w)
    height = _height(learned.bins, prior)
    if height <= 0.0:
        return None
    residuals = [
        (one.power_w, (one.rate - height * prior.work_at(one.power_w)) * _trust(one))
        for one in learned.bins
    ]
    inside = {one.power_w for one in learned.bins if card.min_w < one.power_w < card.max_w}
    powers = sorted({point.power_w for point in prior.points} | inside)
    work = [max(0.0, height * prior.work_at(p) + _between(residuals, p)) for p in powers]
    rising = _never_falling(work)
    return WorkCurve(points=tuple(CurvePoint(p, w) for p, w in zip(powers, rising, strict=True)))


def scaled(curve: WorkCurve, full: float) -> WorkCurve:
    """Return the curve in shares of `full`, so that cards with other work can be compared."""
    return WorkCurve(
        points=tuple(CurvePoint(point.power_w, point.work_rate / full) for point in curve.points)
    )


def _height(bins: tuple[CurveBin, ...], prior: WorkCurve) -> float:
    """Return the full-power rate that fits the bins best under the assumed shape."""
    shapes = [(one, prior.work_at(one.power_w)) for one in bins]
    total = sum(one.weight_s * shape * shape for one, shape in shapes)
    return sum(one.weight_s * shape * one.rate for one, shape in shapes) / total if total else 0.0


def _trust(one: CurveBin) -> float:
    return one.weight_s / (one.weight_s + PRIOR_S)


def _between(residuals: list[tuple[float, float]], power_w: float) -> float:
    """Return the residual at a power: straight between bins, the last one's beyond the ends."""
    if power_w <= residuals[0][0]:
        return residuals[0][1]
    for (low_w, low), (high_w, high) in pairwise(residuals):
        if power_w <= high_w:
            return low + (high - low) * (power_w - low_w) / (high_w - low_w)
    return residuals[-1][1]


def _never_falling(work: list[float]) -> list[float]:
    """Return the nearest values that never fall (pool adjacent violators): watts never hurt."""
    pools: list[tuple[float, int]] = []
    for value in work:
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (low, one), (high, other) = pools[-2], pools[-1]
            pools[-2:] = [((low * one + high * other) / (one + other), one + other)]
    return [value for value, count in pools for _ in range(count)]


def _faded(one: CurveBin, share: float) -> CurveBin:
    return CurveBin(power_w=one.power_w, rate=one.rate, weight_s=one.weight_s * share)


def _merged(one: CurveBin, other: CurveBin) -> CurveBin:
    total_s = one.weight_s + other.weight_s
    share = other.weight_s / total_s
    return CurveBin(
        power_w=one.power_w + share * (other.power_w - one.power_w),
        rate=one.rate + share * (other.rate - one.rate),
        weight_s=min(total_s, FULL_S),
    )

"""How much work a card does at a power, and the hull on which a budget is split."""

from dataclasses import dataclass
from math import exp

from solard.core.units import clamp


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Work per hour at a steady power."""

    power_w: float
    work_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCurve:
    """Work against power for one card and workload, linear between points.

    Points rise in power and never fall in work; the first is the lowest power at which the card
    works at all. A parked card does no work, whatever it draws.
    """

    points: tuple[CurvePoint, ...]

    def work_at(self, power_w: float) -> float:
        """Return work per hour at `power_w`; 0 below the first point, flat above the last."""
        first, last = self.points[0], self.points[-1]
        if power_w < first.power_w:
            return 0.0
        if power_w >= last.power_w:
            return last.work_rate
        for low, high in zip(self.points, self.points[1:], strict=False):
            if power_w < high.power_w:
                share = (power_w - low.power_w) / (high.power_w - low.power_w)
                return low.work_rate + share * (high.work_rate - low.work_rate)
        return last.work_rate  # pragma: no cover - the loop covers first..last

    def cut(self, min_w: float, max_w: float) -> "WorkCurve":
        """Return the part that lies in `min_w..max_w`, with points at both ends."""
        inner = tuple(point for point in self.points if min_w < point.power_w < max_w)
        ends = (CurvePoint(min_w, self.work_at(min_w)), CurvePoint(max_w, self.work_at(max_w)))
        return WorkCurve(points=(ends[0], *inner, ends[1]) if max_w > min_w else ends[:1])


def upper_hull(points: tuple[CurvePoint, ...]) -> tuple[CurvePoint, ...]:
    """Return the points on the upper concave hull, in order of power (Andrew's monotone chain)."""
    hull: list[CurvePoint] = []
    for point in sorted(points, key=lambda p: (p.power_w, -p.work_rate)):
        if hull and point.power_w == hull[-1].power_w:
            continue
        while len(hull) >= 2 and _slope(hull[-2], point) >= _slope(hull[-2], hull[-1]):
            hull.pop()
        hull.append(point)
    return tuple(hull)


def prior_curve(*, min_w: float, max_w: float, default_w: float) -> WorkCurve:
    """Return the curve to assume before a card has been measured, in shares of its full work.

    Pooled exponential fit on 49 power-bound configurations of the Zeus traces (Apache-2.0):
    y = 1.023·(1 − exp(−(u − 0.286)/0.173)) with u = draw / default limit.
    """
    steps = 12
    powers = [min_w + (max_w - min_w) * step / steps for step in range(steps + 1)]
    return WorkCurve(points=tuple(CurvePoint(p, _prior_work(p / default_w)) for p in powers))


def _prior_work(share: float) -> float:
    return clamp(1.023 * (1.0 - exp(-(share - 0.286) / 0.173)), 0.0, 1.0)


def _slope(low: CurvePoint, high: CurvePoint) -> float:
    return (high.work_rate - low.work_rate) / (high.power_w - low.power_w)

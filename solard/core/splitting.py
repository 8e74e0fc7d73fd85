"""Split watts over a set of cards where they do the most work: along the hulls, then to the point.

The steepest stretches of all hulls are filled first, which is exact but for the one card that ends
up between two points of its hull: where its curve sags below the hull there (the cliff near the
lowest limit), that card is tried at each of its measured points instead.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from math import floor

from solard.core.curves import WorkCurve, upper_hull

EPSILON_W = 1e-9
SAG_SHARE = 0.002
"""Of the work: a smaller sag below the hull is not worth a second look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A straight piece of one card's hull."""

    seat: int
    gain: float
    """Work per watt."""
    low_w: float
    high_w: float


class Split:
    """Curves of cards that may get watts, each cut to what its card may take."""

    def __init__(self, curves: tuple[WorkCurve, ...]) -> None:
        self._curves = curves
        self._powers = [[point.power_w for point in curve.points] for curve in curves]
        self._hulls = [upper_hull(curve.points) for curve in curves]
        self._stretches = sorted(
            (
                Stretch(
                    seat=seat,
                    gain=(high.work_rate - low.work_rate) / (high.power_w - low.power_w),
                    low_w=low.power_w,
                    high_w=high.power_w,
                )
                for seat, hull in enumerate(self._hulls)
                for low, high in pairwise(hull)
                if high.work_rate > low.work_rate
            ),
            key=lambda stretch: -stretch.gain,
        )

    def bound(self, group: frozenset[int], room_w: float) -> float:
        """Return work that no split can exceed; `room_w` is what lies above all lowest points."""
        work, left_w = sum(self._hulls[seat][0].work_rate for seat in group), room_w
        for stretch in self._stretches:
            if stretch.seat in group:
                take_w = min(stretch.high_w - stretch.low_w, left_w)
                work += stretch.gain * take_w
                left_w -= take_w
                if left_w <= EPSILON_W:
                    break
        return work

    def work(self, given: dict[int, float]) -> float:
        """Return the work of cards at powers."""
        return sum(self._work_at(seat, power_w) for seat, power_w in given.items())

    def best(self, group: frozenset[int], room_w: float) -> dict[int, float]:
        """Return the power of each card; every card of the group gets at least its lowest point."""
        given = self._fill(group, room_w, {})
        bound, reached = self.bound(group, room_w), self.work(given)
        if reached >= bound * (1.0 - SAG_SHARE):
            return given
        for seat in sorted(group):
            if len(self._hulls[seat]) == len(self._powers[seat]):
                continue
            for power_w in self._powers[seat]:
                left_w = room_w - (power_w - self._powers[seat][0])
                if left_w < -EPSILON_W:
                    break
                pinned = self._fill(group, max(0.0, left_w), {seat: power_w})
                if (work := self.work(pinned)) > reached:
                    given, reached = pinned, work
        return given

    def _fill(
        self, group: frozenset[int], room_w: float, pinned: dict[int, float]
    ) -> dict[int, float]:
        given = {seat: pinned.get(seat, self._powers[seat][0]) for seat in sorted(group)}
        left_w = room_w
        for stretch in self._stretches:
            if stretch.seat not in given or stretch.seat in pinned:
                continue
            take_w = min(stretch.high_w - given[stretch.seat], left_w)
            if take_w > 0.0:
                given[stretch.seat] += take_w
                left_w -= take_w
                if left_w <= EPSILON_W:
                    break
        return given

    def _work_at(self, seat: int, power_w: float) -> float:
        """Return what `WorkCurve.work_at` does, by bisection: this is asked thousands of times."""
        points, powers = self._curves[seat].points, self._powers[seat]
        place = bisect_right(powers, power_w)
        if place == 0:
            return 0.0
        if place == len(powers):
            return points[-1].work_rate
        low, high = points[place - 1], points[place]
        share = (power_w - low.power_w) / (high.power_w - low.power_w)
        return low.work_rate + share * (high.work_rate - low.work_rate)


def whole_steps(power_w: float, least_w: float, step_w: float) -> float:
    """Return the power rounded down to what a driver takes, and never below `least_w`."""
    return max(least_w, min(floor(power_w / step_w + 1e-6) * step_w, power_w))

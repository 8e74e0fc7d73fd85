"""So many cards at work: what they take together and what that earns, the best cards first."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from solard.core.curves import prior_curve, upper_hull
from solard.core.rig import GpuCard, Rig, Workload
from solard.core.units import clamp


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPrice:
    """Money for work: by the unit of work where that is known, else by the energy it takes."""

    per_work: float | None
    per_kwh: float
    heat_per_kwh: float = 0.0
    """What each kWh is worth as heat, whatever work it does."""

    def of(self, power_w: float, work_rate: float) -> float:
        """Return money per hour for a work rate that takes a power."""
        heat = self.heat_per_kwh * power_w / 1000.0
        if self.per_work is None:
            return self.per_kwh * power_w / 1000.0 + heat
        return self.per_work * work_rate + heat


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A card that we steer."""

    card: GpuCard
    answers: bool
    """Whether it stays awake at standby."""
    points: tuple[tuple[float, float], ...]
    """W at the wall above parked and money per hour, from the least on; concave."""

    @property
    def best_per_kwh(self) -> float:
        """Return the most that it earns with a kWh."""
        return max(
            (1000.0 * money / watts for watts, money in self.points if watts > 0.0), default=0
        )


def make_seat(
    rig: Rig,
    card: GpuCard,
    *,
    least_w: float,
    answers: bool,
    workloads: Sequence[Workload],
    price: WorkPrice,
) -> Seat:
    """Return a card from the lowest limit at which its workloads work up to its highest."""
    curve = rig.curve(card.gpu_id) or prior_curve(
        min_w=card.min_w, max_w=card.max_w, default_w=card.default_w
    )
    uptime = max(
        (work.uptime_per_h for work in workloads if card.gpu_id in work.gpu_ids), default=0.0
    )
    points = []
    for point in upper_hull(curve.cut(min(least_w, card.max_w), card.max_w).points):
        above_w = (point.power_w - card.parked_w) / rig.psu_efficiency
        points.append((above_w, uptime + price.of(above_w, point.work_rate)))
    return Seat(card=card, answers=answers, points=tuple(points))


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """So many cards at work: the bends of what they earn together, concave in their power."""

    cards_on: int
    powers_w: tuple[float, ...]
    """Of the whole rig at the wall, from the least on, rising."""
    values_per_h: tuple[float, ...]
    """Money per hour at each of them."""

    @property
    def least_w(self) -> float:
        """Return the least power."""
        return self.powers_w[0]

    @property
    def most_w(self) -> float:
        """Return the most power that earns anything."""
        return self.powers_w[-1]

    def value_per_h(self, power_w: float) -> float:
        """Return what a power earns; flat outside the level's own."""
        power_w = clamp(power_w, self.least_w, self.most_w)
        points = zip(self.powers_w, self.values_per_h, strict=True)
        for (low_w, low), (high_w, high) in pairwise(points):
            if power_w <= high_w:
                return low + (power_w - low_w) / (high_w - low_w) * (high - low)
        return self.values_per_h[-1]

    def last_per_kwh(self, power_w: float) -> float:
        """Return what the last kWh below a power earns; that of its least power at the least."""
        points = list(zip(self.powers_w, self.values_per_h, strict=True))
        for (low_w, low), (high_w, high) in pairwise(points):
            if low_w + 1e-6 < power_w <= high_w + 1e-6:
                return 1000.0 * (high - low) / (high_w - low_w)
        return 1000.0 * points[0][1] / self.least_w if self.least_w > 0.0 else 0.0

    def best_per_kwh(self, idle_w: float) -> float:
        """Return the most that a kWh above the idle rig's power earns."""
        points = zip(self.powers_w, self.values_per_h, strict=True)
        return max(
            (1000.0 * value / (power_w - idle_w) for power_w, value in points if power_w > idle_w),
            default=0.0,
        )


def make_levels(idle_w: float, seats: Sequence[Seat]) -> tuple[Level, ...]:
    """Return the levels from no card on; cards that answer come first, then the best ones."""
    ordered = sorted(
        seats, key=lambda seat: (not seat.answers, -seat.best_per_kwh, seat.card.index)
    )
    return tuple(_level(idle_w, ordered[:count]) for count in range(len(ordered) + 1))


def _level(idle_w: float, seats: Sequence[Seat]) -> Level:
    """Return what cards do together: each at its least, then the steepest stretch first."""
    stretches: dict[float, float] = {}
    for seat in seats:
        for (low_w, low), (high_w, high) in pairwise(seat.points):
            slope = round((high - low) / (high_w - low_w), 15)
            if slope > 0.0:
                stretches[slope] = stretches.get(slope, 0.0) + high_w - low_w
    steepest = sorted(stretches, reverse=True)
    least_w = idle_w + sum(seat.points[0][0] for seat in seats)
    least = sum(seat.points[0][1] for seat in seats)
    return Level(
        cards_on=len(seats),
        powers_w=tuple(accumulate((stretches[one] for one in steepest), initial=least_w)),
        values_per_h=tuple(accumulate((one * stretches[one] for one in steepest), initial=least)),
    )

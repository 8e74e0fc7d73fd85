"""The rig as the plan sees it: classes of equal cards, and what their work is worth in money."""

from dataclasses import dataclass
from itertools import pairwise

from solard.core.curves import CurvePoint, prior_curve, upper_hull
from solard.core.planning import PlanRequest
from solard.core.rig import GpuCard, PowerTerms
from solard.core.worth import HAIR_PER_KWH, worth_per_work


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """More power for a card that works already; one earns less than the one before it."""

    width_kw: float
    value_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CardClass:
    """Equal cards: one set of variables instead of one for each, and no symmetry to search.

    Below the base, its most efficient power, a card is better parked: fewer cards do more.
    """

    count: int
    base_kw: float
    """At the wall, above parked."""
    base_value_per_h: float
    stretches: tuple[Stretch, ...]

    @property
    def most_kw(self) -> float:
        """Return what all its cards take at most."""
        return self.count * (self.base_kw + sum(one.width_kw for one in self.stretches))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything the rig can do with power."""

    idle_kw: float
    """Host, parked cards and cards in other hands, at the wall."""
    classes: tuple[CardClass, ...]
    start_cost: float
    """Of waking one card; work of unknown worth, which only takes surplus, pays for none."""

    @property
    def most_kw(self) -> float:
        """Return what work takes at most, above idle."""
        return sum(one.most_kw for one in self.classes)

    @property
    def least_kw(self) -> float:
        """Return what the smallest working card takes above idle; 0 without cards."""
        return min((one.base_kw for one in self.classes), default=0.0)

    @property
    def best_per_kwh(self) -> float:
        """Return what a kWh earns at most."""
        return max((one.base_value_per_h / one.base_kw for one in self.classes), default=0.0)

    def value_per_h(self, work_kw: float) -> float:
        """Return what so much power above idle earns in an hour, spent where it earns most."""
        pieces = [piece for one in self.classes for piece in _pieces(one)]
        left_kw, value = work_kw, 0.0
        for piece in sorted(pieces, key=lambda piece: -piece.value_per_kwh):
            take_kw = min(left_kw, piece.width_kw)
            left_kw, value = left_kw - take_kw, value + take_kw * piece.value_per_kwh
        return value


def make_fleet(request: PlanRequest) -> Fleet:
    """Return the cards that may be steered, in classes; the others are a fixed load."""
    fixed, groups = 0.0, dict[tuple[CurvePoint, ...], int]()
    for card in request.rig.cards:
        if _is_hands_off(request, card):
            fixed += card.default_w
            continue
        fixed += card.parked_w
        hull = _hull(request, card)
        if len(hull) > 1:
            groups[hull] = groups.get(hull, 0) + 1
    worth = _worth(request, tuple(groups))
    classes = tuple(_class(hull, count, worth) for hull, count in groups.items())
    return Fleet(
        idle_kw=request.rig.wall_w(fixed) / 1000.0,
        classes=classes,
        start_cost=0.0 if worth.per_work is None else request.start_cost,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worth:
    """Money for work: by the unit of work where that is known, else by the energy it takes."""

    per_work: float | None
    per_kwh: float

    def of(self, low: CurvePoint, high: CurvePoint) -> float:
        """Return what an hour of the step between two points of a curve is worth."""
        if self.per_work is None:
            return self.per_kwh * (high.power_w - low.power_w) / 1000.0
        return self.per_work * (high.work_rate - low.work_rate)


def _worth(request: PlanRequest, hulls: tuple[tuple[CurvePoint, ...], ...]) -> _Worth:
    """Return the same worth that the plan rule uses: stated, nominal, or the export displaced."""
    export = (request.tariff.export_per_kwh or 0.0) + HAIR_PER_KWH
    per_work = worth_per_work(request.rig, request.workloads)
    best = max((_gain(hull[0], hull[1]) for hull in hulls), default=0.0)
    if per_work is None and request.nominal_per_kwh is not None and best > 0.0:
        per_work = request.nominal_per_kwh / best
    return _Worth(per_work=per_work, per_kwh=export)


def _gain(low: CurvePoint, high: CurvePoint) -> float:
    """Return work per kWh."""
    return 1000.0 * (high.work_rate - low.work_rate) / (high.power_w - low.power_w)


def _is_hands_off(request: PlanRequest, card: GpuCard) -> bool:
    return any(
        work.terms is PowerTerms.HANDS_OFF and card.gpu_id in work.gpu_ids
        for work in request.workloads
    )


def _hull(request: PlanRequest, card: GpuCard) -> tuple[CurvePoint, ...]:
    """Return the concave hull of one card from parked on, powers at the wall."""
    curve = request.rig.curve(card.gpu_id) or prior_curve(
        min_w=card.min_w, max_w=card.max_w, default_w=card.default_w
    )
    floors = [
        work.at_least_w
        for work in request.workloads
        if work.at_least_w is not None and card.gpu_id in work.gpu_ids
    ]
    least_w = min(max([card.min_w, *floors]), card.max_w)
    parked = CurvePoint(card.parked_w, 0.0)
    hull = upper_hull((parked, *curve.cut(least_w, card.max_w).points))
    wall = request.rig.psu_efficiency
    rising = [point for point in hull[1:] if point.work_rate > 0.0]
    return tuple(CurvePoint(point.power_w / wall, point.work_rate) for point in (parked, *rising))


def _class(hull: tuple[CurvePoint, ...], count: int, worth: _Worth) -> CardClass:
    parked, base = hull[0], hull[1]
    return CardClass(
        count=count,
        base_kw=(base.power_w - parked.power_w) / 1000.0,
        base_value_per_h=worth.of(parked, base),
        stretches=tuple(_stretch(low, high, worth) for low, high in pairwise(hull[1:])),
    )


def _stretch(low: CurvePoint, high: CurvePoint, worth: _Worth) -> Stretch:
    width_kw = (high.power_w - low.power_w) / 1000.0
    return Stretch(width_kw=width_kw, value_per_kwh=worth.of(low, high) / width_kw)


def _pieces(one: CardClass) -> tuple[Stretch, ...]:
    """Return the whole class as stretches, from parked on."""
    base = Stretch(
        width_kw=one.count * one.base_kw, value_per_kwh=one.base_value_per_h / one.base_kw
    )
    above = tuple(
        Stretch(width_kw=one.count * each.width_kw, value_per_kwh=each.value_per_kwh)
        for each in one.stretches
    )
    return (base, *above)

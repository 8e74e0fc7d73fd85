"""The rig as the plan sees it: what so many cards may take together, and what that earns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

from solard.core.curves import prior_curve
from solard.core.levels import Level, WorkPrice, make_levels, make_seat
from solard.core.planning import PlanRequest
from solard.core.rig import GpuCard, PowerTerms
from solard.core.worth import HAIR_PER_KWH, worth_per_work


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything the rig can do with power."""

    levels: tuple[Level, ...]
    """From no card on."""
    standby_cards: int
    """Cards that stay awake while the rig only answers."""
    start_cost: float
    """Of waking one card; work of unknown worth, which only takes surplus, pays for none."""
    outage_per_h: float
    """Of an hour in which no card answers."""
    best_per_kwh: float
    """What a kWh earns at most."""

    @property
    def idle_kw(self) -> float:
        """Return the draw of host, parked cards and cards in other hands, at the wall."""
        return self.levels[0].least_w / 1000.0

    @property
    def standby_kw(self) -> float:
        """Return the draw while the rig only answers."""
        return self.levels[self.standby_cards].least_w / 1000.0

    @property
    def most_kw(self) -> float:
        """Return what the whole rig takes at most."""
        return self.levels[-1].most_w / 1000.0

    def value_per_h(self, cards_on: int, rig_w: float) -> float:
        """Return what so many cards earn with a power."""
        return self.levels[min(cards_on, len(self.levels) - 1)].value_per_h(rig_w)

    def cards_within(self, rig_w: float) -> int:
        """Return the most cards that can work with a power."""
        return max((one.cards_on for one in self.levels if one.least_w <= rig_w + 1e-6), default=0)


def make_fleet(request: PlanRequest, card_at_most_w: float = inf) -> Fleet:
    """Return what the steered cards can do below a cap; the others are a fixed load.

    A card whose work needs more than the cap stays parked.
    """
    steered = [card for card in request.rig.cards if not _is_hands_off(request, card)]
    fixed = [card.default_w for card in request.rig.cards if _is_hands_off(request, card)]
    parked = [card.parked_w for card in steered]
    price, awake = _price(request, steered), _awake(request)
    seats = [
        make_seat(
            request.rig,
            replace(card, max_w=min(card.max_w, card_at_most_w)),
            least_w=_least_w(request, card),
            answers=card.gpu_id in awake,
            workloads=request.workloads,
            price=price,
        )
        for card in steered
        if _least_w(request, card) <= card_at_most_w
    ]
    return Fleet(
        levels=make_levels(request.rig.wall_w(sum(fixed) + sum(parked)), seats),
        standby_cards=sum(seat.answers for seat in seats),
        start_cost=0.0 if price.per_work is None else request.start_cost,
        outage_per_h=sum(work.outage_per_h for work in request.workloads),
        best_per_kwh=max((seat.best_per_kwh for seat in seats), default=0.0),
    )


def _price(request: PlanRequest, cards: Sequence[GpuCard]) -> WorkPrice:
    """Return the same worth that the plan rule uses: stated, nominal, or the export displaced."""
    export = (request.tariff.export_per_kwh or 0.0) + HAIR_PER_KWH
    per_work = worth_per_work(request.rig, request.workloads)
    best = max((_best_gain(request, card) for card in cards), default=0.0)
    if per_work is None and request.nominal_per_kwh is not None and best > 0.0:
        per_work = request.nominal_per_kwh / best
    return WorkPrice(per_work=per_work, per_kwh=export, heat_per_kwh=request.heat_per_kwh)


def _best_gain(request: PlanRequest, card: GpuCard) -> float:
    """Return the most work per kWh above parked, at the wall."""
    curve = request.rig.curve(card.gpu_id) or prior_curve(
        min_w=card.min_w, max_w=card.max_w, default_w=card.default_w
    )
    wall = 1000.0 * request.rig.psu_efficiency
    points = curve.cut(min(_least_w(request, card), card.max_w), card.max_w).points
    return max(
        (
            point.work_rate * wall / (point.power_w - card.parked_w)
            for point in points
            if point.power_w > card.parked_w
        ),
        default=0.0,
    )


def _least_w(request: PlanRequest, card: GpuCard) -> float:
    """Return the lowest limit at which the card's workloads work."""
    floors = [
        work.at_least_w
        for work in request.workloads
        if work.at_least_w is not None and card.gpu_id in work.gpu_ids
    ]
    return max([card.min_w, *floors])


def _is_hands_off(request: PlanRequest, card: GpuCard) -> bool:
    return any(
        work.terms is PowerTerms.HANDS_OFF and card.gpu_id in work.gpu_ids
        for work in request.workloads
    )


def _awake(request: PlanRequest) -> frozenset[str]:
    """Return the cards that answer at standby: the first of each workload that needs one."""
    return frozenset(
        work.gpu_ids[0]
        for work in request.workloads
        if work.keep_alive and work.gpu_ids and work.terms is PowerTerms.AT_LEAST
    )

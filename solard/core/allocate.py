"""Split a budget over the cards where it does the most work; parking some often wins."""

from dataclasses import dataclass, replace
from itertools import combinations

from solard.core.curves import CurvePoint, WorkCurve, prior_curve
from solard.core.decision import CardCap, PowerLimit
from solard.core.inputs import CardMemory, DecideInputs
from solard.core.loads import CardLoad, card_loads
from solard.core.modes import WorkMode
from solard.core.splitting import EPSILON_W, SAG_SHARE, Split, whole_steps

DWELL_S = 600.0
"""A card that was parked or started stays so this long, unless the budget forces it."""
STEP_UP_S = 10.0
"""Cards start one by one: the inrush of several at once trips small inverters."""
SWITCH_GAIN = 0.03
"""Another set of cards must do this much more work before it is worth a switch."""
EXHAUSTIVE_CARDS = 6
"""Up to here every set of cards is tried; above, only those that start the best cards first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Limits of all cards, and the dwell timers that they start."""

    limits: tuple[PowerLimit, ...]
    cards_w: float
    """What the cards take together if each takes its whole limit."""
    working: int
    work_share: float
    """Work per hour as a share of what all cards could do, 0..1."""
    memory: tuple[CardMemory, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seat:
    """A card that we steer: its load, its curve, the most it may take."""

    load: CardLoad
    curve: WorkCurve
    most_w: float

    @property
    def gpu_id(self) -> str:
        return self.load.card.gpu_id

    @property
    def least_w(self) -> float:
        return self.load.least_w

    @property
    def step_w(self) -> float:
        return 1.0 if self.load.card.max_w >= 100.0 else 0.5


def allocate(
    inputs: DecideInputs,
    budget_w: float,
    mode: WorkMode,
    caps: tuple[CardCap, ...],
    cards: int | None = None,
) -> Allocation:
    """Return limits inside each envelope that together with the host fit `budget_w` at the wall.

    `cards` is how many are to work, as far as the budget and their dwell times let them; None = as
    many as do the most work.
    """
    loads = card_loads(inputs)
    seats = tuple(seat for load in loads if (seat := _seat(inputs, load, caps)) is not None)
    steered = [load for load in loads if load.fixed_w is None]
    fixed_w = sum(load.fixed_w for load in loads if load.fixed_w is not None)
    parked_w = sum(load.card.parked_w for load in steered)
    room_w = inputs.rig.cards_w(budget_w) - fixed_w - parked_w
    given = _give(inputs, seats, room_w, mode, cards)
    limits = tuple(_limit(load, given.get(load.card.gpu_id)) for load in steered)
    taken_w = sum(given.get(load.card.gpu_id, load.card.parked_w) for load in steered)
    return Allocation(
        limits=limits,
        cards_w=fixed_w + taken_w,
        working=len(given),
        work_share=_work_share(seats, given),
        memory=tuple(_remember(inputs, limit) for limit in limits),
    )


def _seat(inputs: DecideInputs, load: CardLoad, caps: tuple[CardCap, ...]) -> _Seat | None:
    """Return the card's seat, or None when it is not ours to steer or a cap leaves it no room."""
    if load.fixed_w is not None:
        return None
    card = load.card
    cap_w = min([load.most_w, *(cap.at_most_w for cap in caps if cap.gpu_id == card.gpu_id)])
    if cap_w < load.least_w:
        return None
    curve = inputs.rig.curve(card.gpu_id) or prior_curve(
        min_w=card.min_w, max_w=card.max_w, default_w=card.default_w
    )
    return _Seat(load=load, curve=curve.cut(load.least_w, cap_w), most_w=cap_w)


def _give(
    inputs: DecideInputs,
    seats: tuple[_Seat, ...],
    room_w: float,
    mode: WorkMode,
    cards: int | None,
) -> dict[str, float]:
    """Return the limit of each card that works; `room_w` is what lies above all cards parked."""
    if mode is WorkMode.OFF:
        return {}
    if mode is WorkMode.STANDBY:
        awake = tuple(seat for seat in seats if seat.load.answers)
        needed_w = sum(seat.load.standby_w - seat.load.card.parked_w for seat in awake)
        if needed_w > room_w + EPSILON_W:
            return {}
        return {seat.gpu_id: seat.load.standby_w for seat in awake}
    held = _held(seats, room_w)
    left_w = room_w - _entry_w(held)
    free = tuple(seat for seat in seats if not seat.load.must_run)
    chosen = _choose(inputs, free, left_w, cards)
    return {seat.gpu_id: seat.least_w for seat in held} | chosen


def _held(seats: tuple[_Seat, ...], room_w: float) -> tuple[_Seat, ...]:
    """Return the cards of running jobs that the budget reaches, without regard to dwell."""
    held: tuple[_Seat, ...] = ()
    for seat in seats:
        if seat.load.must_run and _entry_w((*held, seat)) <= room_w + EPSILON_W:
            held = (*held, seat)
    return held


def _choose(
    inputs: DecideInputs, seats: tuple[_Seat, ...], room_w: float, cards: int | None
) -> dict[str, float]:
    """Return the powers of the set of cards to run: the present set, unless another is better."""
    split = Split(tuple(seat.curve for seat in seats))
    working = frozenset(n for n, seat in enumerate(seats) if _is_running(inputs, seat))
    running = working | _due_back(inputs, seats, working, room_w)
    rooms = {group: room_w - _entry_w(_of(seats, group)) for group in _groups(seats)}
    rooms[running] = room_w - _entry_w(_of(seats, running))
    allowed = {group: left_w for group, left_w in rooms.items() if left_w >= -EPSILON_W}
    reachable = [group for group in allowed if _may_switch(inputs, seats, working, running, group)]
    if running not in allowed and not reachable:
        kept = _shrink(seats, running, room_w)
        return _powers(seats, split.best(kept, room_w - _entry_w(_of(seats, kept))))
    if cards is not None and reachable:
        return _powers(seats, _nearest(split, running, allowed, reachable, cards))
    stay = split.best(running, allowed[running]) if running in allowed else {}
    best = _best(split, {group: allowed[group] for group in reachable})
    better = split.work(best) > split.work(stay) * (1.0 + SWITCH_GAIN)
    return _powers(seats, best if better or running not in allowed else stay)


def _nearest(
    split: Split,
    running: frozenset[int],
    allowed: dict[frozenset[int], float],
    reachable: list[frozenset[int]],
    cards: int,
) -> dict[int, float]:
    """Return the split of the set whose size is nearest to the wish; the present one at a draw."""
    least = min(abs(len(group) - cards) for group in reachable)
    if running in allowed and abs(len(running) - cards) <= least:
        return split.best(running, allowed[running])
    near = {group: allowed[group] for group in reachable if abs(len(group) - cards) == least}
    return _best(split, near)


def _best(split: Split, rooms: dict[frozenset[int], float]) -> dict[int, float]:
    """Return the best split of the best set; a set is looked at while its bound may still win."""
    bounds = {group: split.bound(group, left_w) for group, left_w in rooms.items()}
    best, reached = dict[int, float](), 0.0
    for group in sorted(bounds, key=lambda one: (-bounds[one], len(one), sorted(one))):
        if bounds[group] <= reached * (1.0 + SAG_SHARE):
            break
        given = split.best(group, rooms[group])
        if (work := split.work(given)) > reached:
            best, reached = given, work
    return best


def _of(seats: tuple[_Seat, ...], group: frozenset[int]) -> tuple[_Seat, ...]:
    return tuple(seats[number] for number in sorted(group))


def _powers(seats: tuple[_Seat, ...], given: dict[int, float]) -> dict[str, float]:
    """Return the powers by card, in steps that its driver takes."""
    return {
        seats[number].gpu_id: whole_steps(power_w, seats[number].least_w, seats[number].step_w)
        for number, power_w in given.items()
    }


def _groups(seats: tuple[_Seat, ...]) -> list[frozenset[int]]:
    """Return the sets of cards to weigh, by their places in `seats`."""
    count = len(seats)
    if count <= EXHAUSTIVE_CARDS:
        return [
            frozenset(group) for n in range(count + 1) for group in combinations(range(count), n)
        ]
    ranked = sorted(range(count), key=lambda number: -_best_gain(seats[number]))
    return [frozenset(ranked[:n]) for n in range(count + 1)]


def _due_back(
    inputs: DecideInputs, seats: tuple[_Seat, ...], working: frozenset[int], room_w: float
) -> frozenset[int]:
    """Return the next card that a restart of solard stopped and for which there is power."""
    now_s = inputs.state.taken_s
    if _started_lately(inputs, now_s):
        return frozenset()
    for number, seat in enumerate(seats):
        fits = _entry_w(_of(seats, working | {number})) <= room_w + EPSILON_W
        if fits and _is_due_back(inputs.memory.card(seat.gpu_id), now_s):
            return frozenset({number})
    return frozenset()


def _is_due_back(card: CardMemory | None, now_s: float) -> bool:
    """Say whether a restart stopped a card within the time for which it had to work."""
    if card is None or not card.parked or card.worked_s is None:
        return False
    return card.worked_s < DWELL_S and now_s - card.since_s < DWELL_S


def _may_switch(
    inputs: DecideInputs,
    seats: tuple[_Seat, ...],
    working: frozenset[int],
    running: frozenset[int],
    group: frozenset[int],
) -> bool:
    """Say whether dwell times and the one-by-one rule let the rig go to this set of cards."""
    now_s, memory = inputs.state.taken_s, inputs.memory
    if len(group - working) > 1 or (group - running and _started_lately(inputs, now_s)):
        return False
    return all(
        _may_start(memory.card(seats[number].gpu_id), now_s) for number in group - running
    ) and all(_may_stop(memory.card(seats[number].gpu_id), now_s) for number in running - group)


def _started_lately(inputs: DecideInputs, now_s: float) -> bool:
    return any(not card.parked and now_s - card.since_s < STEP_UP_S for card in inputs.memory.cards)


def _may_start(card: CardMemory | None, now_s: float) -> bool:
    """Say whether a parked card has rested; one that a restart stopped need not."""
    return card is None or card.worked_s is not None or now_s - card.since_s >= DWELL_S


def _may_stop(card: CardMemory | None, now_s: float) -> bool:
    """Say whether a card has worked long enough, what it did before a restart included."""
    if card is None:
        return True
    lasted_s = 0.0 if card.parked else now_s - card.since_s
    return lasted_s + (card.worked_s or 0.0) >= DWELL_S


def _shrink(seats: tuple[_Seat, ...], running: frozenset[int], room_w: float) -> frozenset[int]:
    """Return what is left when the budget forces cards off: the least efficient go first."""
    kept = sorted(running, key=lambda number: _best_gain(seats[number]))
    while kept and _entry_w(tuple(seats[number] for number in kept)) > room_w + EPSILON_W:
        kept.pop(0)
    return frozenset(kept)


def _is_running(inputs: DecideInputs, seat: _Seat) -> bool:
    card = inputs.memory.card(seat.gpu_id)
    return card is not None and not card.parked


def _entry_w(group: tuple[_Seat, ...]) -> float:
    """Return what a set of cards needs above parked to run at all."""
    return sum(seat.least_w - seat.load.card.parked_w for seat in group)


def _best_gain(seat: _Seat) -> float:
    """Return the most work per watt above parked that the card can reach."""
    parked = CurvePoint(seat.load.card.parked_w, 0.0)
    return max(
        (point.work_rate / (point.power_w - parked.power_w) for point in seat.curve.points),
        default=0.0,
    )


def _limit(load: CardLoad, limit_w: float | None) -> PowerLimit:
    if limit_w is None:
        return PowerLimit(gpu_id=load.card.gpu_id, limit_w=load.card.min_w, parked=True)
    return PowerLimit(gpu_id=load.card.gpu_id, limit_w=limit_w, parked=False)


def _work_share(seats: tuple[_Seat, ...], given: dict[str, float]) -> float:
    full = sum(seat.curve.points[-1].work_rate for seat in seats)
    done = sum(seat.curve.work_at(given[seat.gpu_id]) for seat in seats if seat.gpu_id in given)
    return done / full if full > 0 else 0.0


def _remember(inputs: DecideInputs, limit: PowerLimit) -> CardMemory:
    before, now_s = inputs.memory.card(limit.gpu_id), inputs.state.taken_s
    if before is None:
        # A card seen for the first time may start at once: its dwell counts from its first switch.
        return CardMemory(gpu_id=limit.gpu_id, parked=limit.parked, since_s=now_s - DWELL_S)
    if before.parked == limit.parked:
        return before
    worked_s = before.worked_s if _is_due_back(before, now_s) else None
    return replace(before, parked=limit.parked, since_s=now_s, worked_s=worked_s)

"""How many cards, and with what power: the best of all, now and for what comes after."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from solard.core.future import Future
from solard.core.inputs import DecideInputs
from solard.core.levels import Level, WorkPrice, make_levels, make_seat
from solard.core.loads import card_loads
from solard.core.units import SECONDS_PER_HOUR, clamp

LOOK_AHEAD_S = 300.0
"""For so long a choice is thought to hold; what comes after is the plan's worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the site has to give now, W and prices per kWh."""

    surplus_w: float
    """Sun less everything but this rig; negative when the house needs more."""
    takes_w: float
    """What the battery would take."""
    gives_w: float
    """What it would give."""
    bought_w: float
    """What the owner lets the rig import; 0 = nothing."""
    soc: float
    capacity_wh: float
    efficiency: float
    wear_per_kwh: float
    import_per_kwh: float | None
    """None = unknown: nothing is bought, and what must be counts as dear."""
    export_per_kwh: float
    export_at_most_w: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best choice."""

    cards_on: int
    power_w: float
    """Of the whole rig."""
    water_value_per_kwh: float
    work_per_kwh: float
    """What the last kWh of it earns; the most that one would earn where no card works."""


DEAR_PER_KWH = 10.0
"""Of import whose price nobody knows, and of a house that would go dark."""


def best_work(inputs: DecideInputs, means: Means, future: Future, price: WorkPrice) -> Best:
    """Return the choice that is worth most, the time after it included."""
    levels = rig_levels(inputs, price)
    standby = sum(load.answers and not load.must_run for load in card_loads(inputs))
    before = sum(not card.parked for card in inputs.memory.cards)
    ends_at = inputs.state.taken_at + timedelta(seconds=LOOK_AHEAD_S)
    outage = sum(work.outage_per_h for work in inputs.workloads)
    found: list[tuple[float, Best]] = []
    least = levels[min(standby, len(levels) - 1)]
    for level in levels[least.cards_on :]:
        idle = outage if level.cards_on == 0 and inputs.rig.cards else 0.0
        for power_w in _powers(level, means, least.least_w):
            worth = _worth(level, power_w, means, future, ends_at) - idle * _HOURS
            worth -= future.start_cost * max(0, level.cards_on - before)
            found.append((worth, _best(level, power_w, means, future, ends_at)))
    # Of equals the one with fewer cards, then with less power: what is listed first.
    best = max(found, key=lambda each: round(each[0], 9))[1]
    if best.cards_on == 0 and len(levels) > 1:
        return replace(best, work_per_kwh=levels[1].best_per_kwh(levels[0].least_w))
    return best


_HOURS = LOOK_AHEAD_S / SECONDS_PER_HOUR


def _best(level: Level, power_w: float, means: Means, future: Future, ends_at: datetime) -> Best:
    return Best(
        cards_on=level.cards_on,
        power_w=power_w,
        water_value_per_kwh=future.water_value_per_kwh(ends_at, level.cards_on, means.soc),
        work_per_kwh=level.last_per_kwh(power_w),
    )


def _powers(level: Level, means: Means, standby_w: float) -> list[float]:
    """Return the powers among which the best one is: bends of the work, bends of the energy.

    None where even the level's least would have to be bought without leave.
    """
    least_w, most_w = level.least_w, level.most_w
    # Nothing is bought for work but what the owner allows.
    limit_w = max(standby_w, means.surplus_w + means.gives_w + means.bought_w)
    spare = (means.surplus_w, means.surplus_w - means.takes_w, means.surplus_w + means.gives_w)
    capped = () if means.export_at_most_w is None else (spare[1] - means.export_at_most_w,)
    powers = {clamp(one, least_w, most_w) for one in (*spare, *capped, limit_w)}
    powers |= set(level.powers_w)
    return sorted(one for one in powers if one <= limit_w + 1e-6)


def _worth(level: Level, power_w: float, means: Means, future: Future, ends_at: datetime) -> float:
    """Return the money of the next minutes and of all that follows."""
    spare_w = means.surplus_w - power_w
    charge_w = clamp(spare_w, 0.0, means.takes_w)
    discharge_w = clamp(-spare_w, 0.0, means.gives_w)
    rest_w = spare_w - charge_w + discharge_w
    sold_w = max(0.0, rest_w)
    if means.export_at_most_w is not None:
        sold_w = min(sold_w, means.export_at_most_w)
    price = DEAR_PER_KWH if means.import_per_kwh is None else means.import_per_kwh
    per_h = level.value_per_h(power_w)
    per_h += (means.export_per_kwh * sold_w - price * max(0.0, -rest_w)) / 1000.0
    per_h -= means.wear_per_kwh / 2.0 * (charge_w + discharge_w) / 1000.0
    stored_wh = _HOURS * (charge_w * means.efficiency - discharge_w / means.efficiency)
    soc = means.soc + (stored_wh / means.capacity_wh if means.capacity_wh > 0.0 else 0.0)
    return _HOURS * per_h + future.worth(ends_at, level.cards_on, soc)


def rig_levels(inputs: DecideInputs, price: WorkPrice) -> tuple[Level, ...]:
    """Return what so many of the cards that we steer do together."""
    loads = card_loads(inputs)
    seats = [
        make_seat(
            inputs.rig,
            load.card,
            least_w=load.least_w,
            answers=load.answers,
            workloads=inputs.workloads,
            price=price,
        )
        for load in loads
        if load.fixed_w is None and not load.must_run
    ]
    held_w = sum(load.least_w if load.must_run else load.low_w for load in loads)
    return make_levels(inputs.rig.wall_w(held_w), seats)

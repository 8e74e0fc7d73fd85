"""What the plan's rule says: where the energy comes from, and what stops the rig."""

from dataclasses import dataclass

from solard.core.rules.best_work import Best
from solard.core.rules.merit_order import SUN, UNKNOWN_COST, Climb, Rung, Source, Worth
from solard.core.wording import say_percent, say_power, say_price

MANY_TIMES = 10.0
_REFUSALS = {
    Source.HELD_BACK: "{sun} would be held back, and work is worth nothing",
    Source.EXPORT: "{sun} pays more as export",
    Source.CHARGING: "{sun} is worth more in the battery",
    Source.BATTERY: "what the battery holds is worth more",
    Source.IMPORT: "the grid costs more",
}


def say_climb(climb: Climb, surplus_w: float, idle_w: float, money: "Money") -> str:
    """Return WHY the rig takes what it takes, with live values."""
    has_sun = round(surplus_w) > 0
    head = f"Surplus {say_power(surplus_w)}" if has_sun else "No surplus"
    if climb.last is None:
        return f"{head}{_say_idle(climb, surplus_w, idle_w, money)}."
    if climb.last.source not in SUN:
        return f"{head}: {_say_bought(climb, climb.last, has_sun, money)}."
    if climb.at_top:
        return f"{head}: enough for the whole rig, {say_power(climb.power_w)}."
    if climb.refused is not None and climb.refused.source in SUN:
        reason = _say_refused(climb, climb.refused, money)
        free = climb.last.source is Source.HELD_BACK
        held_back = ", which would be held back" if free else ""
        return f"{head}: {say_power(climb.power_w)} for the rig{held_back}; {reason}."
    return f"{head}: the rig takes all of it{_say_rest(climb, money)}."


def say_best(best: Best, surplus_w: float, money: "Money", low: "Low | None") -> str:
    """Return WHY so many cards work with so much power; `low`: what the battery comes down to."""
    head = f"Surplus {say_power(surplus_w)}" if round(surplus_w) > 0 else "No surplus"
    earns = "work would earn" if best.cards_on == 0 else "the last kWh of work earns"
    stored = money.against_work(best.water_value_per_kwh, earns, best.work_per_kwh)
    cards = "no card works" if best.cards_on == 0 else f"{best.cards_on} at work"
    comes_to = (
        "" if low is None else f"; the battery comes down to {say_percent(low.soc)} by {low.by}"
    )
    reason = f"stored energy {stored}{comes_to}"
    return f"{head}: {cards}, {say_power(best.power_w)} for the rig ({reason})."


@dataclass(frozen=True, slots=True, kw_only=True)
class Low:
    """The lowest charge that the plan expects."""

    soc: float
    """0..1."""
    by: str
    """Local time, in words."""


class Money:
    """Says what something is worth: in money, or where nothing has a price, against work."""

    def __init__(self, currency: str | None, worth: Worth) -> None:
        self._currency = currency
        self._is_money = worth.is_money
        self.buys = worth.buys

    def against_work(self, cost: float, work: str, earns: float) -> str:
        """Return `0.19 EUR/kWh, work earns 0.12 EUR/kWh` or `2.1 × what work counts`."""
        if self._is_money:
            cost_text = say_price(round(cost, 3), self._currency)
            return f"{cost_text}, {work} {say_price(round(earns, 3), self._currency)}"
        ratio = cost / earns if earns > 0.0 else MANY_TIMES
        if ratio >= MANY_TIMES:
            return f"more than {MANY_TIMES:.0f} × what work counts"
        return f"{ratio:.1f} × what work counts"


def _say_idle(climb: Climb, surplus_w: float, idle_w: float, money: Money) -> str:
    refused = climb.refused
    reason = "" if refused is None else _say_refused(climb, refused, money)
    if round(surplus_w) <= 0:
        return f", and {reason}" if reason else ": no work"
    if surplus_w <= idle_w:
        rest = f"; {reason}" if reason else ""
        return f", less than the idle rig's {say_power(idle_w)}{rest}"
    return f": {reason}" if reason else ": no card here can be steered"


def _say_bought(climb: Climb, last: Rung, has_sun: bool, money: Money) -> str:
    part = "the rest from" if has_sun else "all from"
    source = "the battery" if last.source is Source.BATTERY else "the grid"
    worth = money.against_work(last.cost_per_kwh, "work earns", climb.earned_per_kwh)
    return f"{say_power(climb.power_w)} for the rig, {part} {source} ({worth})"


def _say_rest(climb: Climb, money: Money) -> str:
    """Return why nothing is bought on top of the sun; silence where nothing is for sale."""
    if climb.refused is None or climb.refused.cost_per_kwh == UNKNOWN_COST or not money.buys:
        return ""
    return f"; {_say_refused(climb, climb.refused, money)}"


def _say_refused(climb: Climb, rung: Rung, money: Money) -> str:
    if rung.source not in SUN and not money.buys:
        return "nothing is bought for work whose worth nobody states"
    if rung.cost_per_kwh == UNKNOWN_COST:
        return "without a fresh plan nothing is bought"
    worth = money.against_work(rung.cost_per_kwh, "work would earn", climb.refused_per_kwh)
    sun = "it" if climb.last is None else "the rest"
    return f"{_REFUSALS[rung.source].format(sun=sun)} ({worth})"

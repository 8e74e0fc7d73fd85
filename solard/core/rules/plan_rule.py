"""The plan in the tick: raise work while it is worth more than the energy that it takes."""

from dataclasses import dataclass
from datetime import timedelta
from math import inf

from solard.core.decision import Proposal
from solard.core.future import Future
from solard.core.heat import Heat
from solard.core.inputs import Answer, DecideInputs
from solard.core.levels import WorkPrice
from solard.core.loads import envelope
from solard.core.plan import PlanSlot
from solard.core.rules.answers import no_objection
from solard.core.rules.best_work import LOOK_AHEAD_S, Means, best_work
from solard.core.rules.merit_order import (
    UNKNOWN_COST,
    Rung,
    Source,
    WorkStep,
    Worth,
    climb,
    work_steps,
)
from solard.core.rules.plan_words import Low, Money, say_best, say_climb
from solard.core.rules.ride_through import ride_through
from solard.core.state import SiteState, Supply
from solard.core.units import SECONDS_PER_HOUR, clamp
from solard.core.wording import say_power, say_when
from solard.core.worth import HAIR_PER_KWH, worth_per_work

RULE = "plan"
LOOK_AHEAD = timedelta(seconds=LOOK_AHEAD_S)
LOOK_AHEAD_H = LOOK_AHEAD_S / SECONDS_PER_HOUR
METER_NOISE_W = 20.0
"""Less export than this may be the regulation of an inverter that charges with all it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRule:
    """Walk the ladder of energy (held back, export, charging, discharge, import) against work.

    The plan gives the price of stored energy; the measured flows give what is there. Without a
    fresh plan only surplus is used, and work without a stated worth is worth just the export it
    displaces: then battery and import are never bought for it.
    """

    nominal_per_kwh: float | None = None
    """What a kWh counts at the rig's best efficiency where no workload states a worth and energy
    has no price; None = there are prices, so such work is worth just the export it displaces."""
    efficiency: float = 0.95
    """Of the battery, each way."""
    wear_per_kwh: float = 0.0
    max_discharge_w: float = 0.0
    """Where the battery does not state it."""
    reserve_soc: float = 0.0
    """Below it the battery feeds no work."""
    import_at_most_w: float | None = None
    """None = the rig never imports by its own wish."""
    export_at_most_w: float | None = None
    """What the site may export; sun beyond it would be held back, so it is free. None = all."""
    heat: Heat | None = None
    """What the rig's heat is worth; None = nothing."""
    ride_through_wh: float = 0.0
    """What battery or grid may give so that a short cloud parks no card."""

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with the power up to which work is worth its energy."""
        answer = self._wish(inputs)
        if self.ride_through_wh <= 0.0:
            return answer
        proposal, note = ride_through(inputs, answer.proposal, self.ride_through_wh)
        return Answer(proposal=proposal, notes=(*answer.notes, note))

    def _wish(self, inputs: DecideInputs) -> Answer:
        state, room = inputs.state, envelope(inputs)
        if state.surplus_w is None:
            return no_objection(inputs, RULE, "PV or load is unknown: nothing to plan with.")
        plan = inputs.plan
        fresh = plan is not None and plan.is_fresh(state.taken_at)
        slot = plan.slot_at(state.taken_at) if plan is not None and fresh else None
        steps = work_steps(inputs)
        worth = self._worth(inputs, steps)
        future = plan.future if plan is not None and fresh else None
        if future is not None and worth.buys and future.covers(state.taken_at + LOOK_AHEAD):
            return self._best(inputs, future, worth)
        climbed = climb(self._rungs(inputs, slot), steps, worth, room.min_w)
        wanted_w = room.clamp(climbed.power_w)
        money = Money(inputs.tariff.currency, worth)
        proposal = Proposal(
            rule=RULE,
            bounds=room,
            preferred_w=wanted_w,
            why=say_climb(climbed, state.surplus_w, room.min_w, money),
            next=_next(inputs, wanted_w),
        )
        return Answer(proposal=proposal)

    def _best(self, inputs: DecideInputs, future: Future, worth: Worth) -> Answer:
        """Answer with the cards and the power that are worth most, the time after included."""
        price = WorkPrice(
            per_work=worth.per_work, per_kwh=worth.per_kwh, heat_per_kwh=worth.heat_per_kwh
        )
        best = best_work(inputs, self._means(inputs, future), future, price)
        wanted_w = envelope(inputs).clamp(best.power_w)
        money = Money(inputs.tariff.currency, worth)
        proposal = Proposal(
            rule=RULE,
            bounds=envelope(inputs),
            preferred_w=wanted_w,
            preferred_cards=best.cards_on,
            why=say_best(best, inputs.state.surplus_w or 0.0, money, _low(inputs)),
            next=_next(inputs, wanted_w),
        )
        return Answer(proposal=proposal)

    def _means(self, inputs: DecideInputs, future: Future) -> Means:
        """Return what there is to feed work with, as far as it is measured or stated."""
        state, battery = inputs.state, inputs.state.battery
        soc = future.grid_soc[0] if battery is None or battery.soc is None else battery.soc
        room_w = (1.0 - soc) * future.capacity_wh / self.efficiency / LOOK_AHEAD_H
        above_w = (soc - future.grid_soc[0]) * future.capacity_wh * self.efficiency / LOOK_AHEAD_H
        gives_w = 0.0 if soc < self.reserve_soc else min(self._give_w(state), max(0.0, above_w))
        on_grid = state.supply is Supply.GRID
        return Means(
            surplus_w=state.surplus_w or 0.0,
            takes_w=min(_takes_w(state), max(0.0, room_w)),
            gives_w=gives_w,
            bought_w=(self.import_at_most_w or 0.0) if on_grid else 0.0,
            soc=soc,
            capacity_wh=future.capacity_wh,
            efficiency=self.efficiency,
            wear_per_kwh=self.wear_per_kwh,
            import_per_kwh=_import_price(inputs),
            export_per_kwh=inputs.tariff.export_per_kwh or 0.0,
            export_at_most_w=self.export_at_most_w if on_grid else 0.0,
        )

    def _rungs(self, inputs: DecideInputs, slot: PlanSlot | None) -> tuple[Rung, ...]:
        """Return what the rig could draw and from where, as if it drew nothing yet."""
        surplus_w = inputs.state.surplus_w or 0.0
        charge_w = _charge_w(inputs.state, surplus_w)
        give_w = self._give_w(inputs.state)
        deficit_w = max(0.0, -surplus_w)
        bought_w = 0.0 if self.import_at_most_w is None else self.import_at_most_w
        charging = 0.0 if slot is None else slot.water_value_per_kwh * self.efficiency
        left_w = max(0.0, surplus_w - charge_w)
        room_w = self._export_room_w(inputs.state)
        sold_w = min(left_w, room_w)
        return (
            Rung(source=Source.HELD_BACK, power_w=left_w - sold_w, cost_per_kwh=0.0),
            Rung(
                source=Source.EXPORT,
                power_w=sold_w,
                cost_per_kwh=(inputs.tariff.export_per_kwh or 0.0) if room_w > 0.0 else 0.0,
            ),
            # Without a plan surplus is surplus, also that which would charge the battery.
            Rung(source=Source.CHARGING, power_w=charge_w, cost_per_kwh=charging),
            Rung(
                source=Source.BATTERY,
                power_w=max(0.0, give_w - deficit_w),
                cost_per_kwh=self._battery_cost(slot),
            ),
            Rung(
                source=Source.IMPORT,
                power_w=max(0.0, bought_w - max(0.0, deficit_w - give_w)),
                cost_per_kwh=_import_cost(inputs),
            ),
        )

    def _export_room_w(self, state: SiteState) -> float:
        """Return how much the site can export."""
        if state.supply is not Supply.GRID:
            return 0.0
        return inf if self.export_at_most_w is None else self.export_at_most_w

    def _battery_cost(self, slot: PlanSlot | None) -> float:
        if slot is None:
            return UNKNOWN_COST
        return slot.water_value_per_kwh / self.efficiency + self.wear_per_kwh / 2.0

    def _give_w(self, state: SiteState) -> float:
        """Return the most that the battery gives; 0 without one."""
        if state.battery is None:
            return 0.0
        stated_w = state.battery.max_discharge_w
        return self.max_discharge_w if stated_w is None else stated_w

    def _worth(self, inputs: DecideInputs, steps: tuple[WorkStep, ...]) -> Worth:
        """Return the worth that the plan uses too: stated, nominal, or the export displaced."""
        displaced = (inputs.tariff.export_per_kwh or 0.0) + HAIR_PER_KWH
        per_work = worth_per_work(inputs.rig, inputs.workloads)
        nominal = self.nominal_per_kwh is not None and per_work is None
        if per_work is None and self.nominal_per_kwh is not None and steps:
            per_work = self.nominal_per_kwh / (steps[0].gain * 1000.0)
        heat = 0.0 if self.heat is None else self.heat.per_kwh(inputs.state.seen)
        return Worth(per_work=per_work, per_kwh=displaced, is_money=not nominal, heat_per_kwh=heat)


def _low(inputs: DecideInputs) -> Low | None:
    """Return what the battery comes down to; None where the plan sees it no lower than now."""
    state, plan = inputs.state, inputs.plan
    slot = None if plan is None else plan.lowest_after(state.taken_at)
    if slot is None or state.battery is None or state.battery.soc is None:
        return None
    if slot.soc >= state.battery.soc:
        return None
    local_at = slot.ends_at + (state.local_at - state.taken_at)
    return Low(soc=slot.soc, by=say_when(local_at, state.local_at))


def _next(inputs: DecideInputs, wanted_w: float) -> str | None:
    """Say when the plan expects the rig's power to change clearly, and to what."""
    state, plan, room = inputs.state, inputs.plan, envelope(inputs)
    if plan is None or not plan.is_fresh(state.taken_at):
        return "A new plan; until then only surplus is used."
    clearly_w = max(50.0, 0.15 * (room.max_w - room.min_w))
    offset = state.local_at - state.taken_at
    for slot in plan.slots:
        if slot.starts_at <= state.taken_at or abs(slot.rig_w - wanted_w) < clearly_w:
            continue
        way = "up" if slot.rig_w > wanted_w else "down"
        at = say_when(slot.starts_at + offset, state.local_at)
        return f"{at} {way} to {say_power(slot.rig_w)} (plan)."
    return "The plan sees no change in the next two days."


def _charge_w(state: SiteState, surplus_w: float) -> float:
    """Return how much of the surplus the battery takes when the rig takes none.

    Measured export beside a charging battery says that the battery takes all it can.
    """
    battery = state.battery
    if battery is None or battery.power_w is None or surplus_w <= 0.0:
        return 0.0
    charging_w = max(0.0, -battery.power_w)
    exporting = (state.grid_w or 0.0) < -METER_NOISE_W
    most_w = charging_w if exporting else surplus_w
    if battery.max_charge_w is not None:
        most_w = min(most_w, battery.max_charge_w)
    return clamp(most_w, 0.0, surplus_w)


def _takes_w(state: SiteState) -> float:
    """Return what the battery takes at most: as stated, or as seen beside export."""
    battery = state.battery
    if battery is None:
        return 0.0
    if battery.max_charge_w is not None:
        return battery.max_charge_w
    charging_w = max(0.0, -(battery.power_w or 0.0))
    exporting = (state.grid_w or 0.0) < -METER_NOISE_W
    return charging_w if exporting else inf


def _import_cost(inputs: DecideInputs) -> float:
    price = _import_price(inputs)
    return UNKNOWN_COST if price is None else price


def _import_price(inputs: DecideInputs) -> float | None:
    """Return the price of import; None where it is unknown, or where there is no grid."""
    local = inputs.state.local_at
    if inputs.state.supply is not Supply.GRID:
        return None
    return inputs.tariff.import_at(local.hour * 60 + local.minute)

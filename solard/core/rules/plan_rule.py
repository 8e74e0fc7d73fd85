"""The merit order: raise work while it is worth more than the energy that it takes."""

from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from solard.core.curves import CurvePoint, upper_hull
from solard.core.decision import Proposal
from solard.core.inputs import Answer, DecideInputs
from solard.core.loads import card_loads, envelope
from solard.core.plan import PlanSlot
from solard.core.rules.answers import no_objection
from solard.core.state import SiteState, Supply
from solard.core.units import clamp
from solard.core.wording import say_power, say_time
from solard.core.worth import worth_per_work

RULE = "plan"
UNKNOWN_COST = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """Power that is there at one cost, in the order in which it would be taken."""

    name: str
    power_w: float
    cost_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRule:
    """Walk the ladder of energy (export, charging, discharge, import) against the value of work.

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
    import_at_most_w: float | None = None
    """None = the rig never imports by its own wish."""

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with the power up to which work is worth its energy."""
        state = inputs.state
        if state.surplus_w is None or state.house_w is None:
            return no_objection(inputs, RULE, "PV or load is unknown: nothing to plan with.")
        plan = inputs.plan
        fresh = plan is not None and plan.is_fresh(state.taken_at)
        slot = plan.slot_at(state.taken_at) if plan is not None and fresh else None
        rungs = self._rungs(inputs, slot)
        wanted_w, last = self._walk(inputs, rungs)
        proposal = Proposal(
            rule=RULE,
            bounds=envelope(inputs),
            preferred_w=wanted_w,
            why=self._why(state, wanted_w, last, slot),
            next=self._next(inputs, wanted_w),
        )
        return Answer(proposal=proposal)

    def _rungs(self, inputs: DecideInputs, slot: PlanSlot | None) -> tuple[Rung, ...]:
        """Return what the rig could draw and from where, as if it drew nothing yet."""
        state, battery = inputs.state, inputs.state.battery
        surplus_w = state.surplus_w or 0.0
        charge_w = 0.0 if battery is None else self._charge_w(inputs, surplus_w)
        export_w = max(0.0, surplus_w - charge_w)
        deficit_w = max(0.0, -surplus_w)
        give_w = 0.0 if battery is None else self._discharge_limit_w(inputs)
        local = state.local_at
        minute = local.hour * 60 + local.minute
        import_price = inputs.tariff.import_at(minute) if state.supply is Supply.GRID else None
        export_price = inputs.tariff.export_per_kwh or 0.0
        bought_w = 0.0 if self.import_at_most_w is None else self.import_at_most_w
        water = None if slot is None else slot.water_value_per_kwh
        stored = 0.0 if water is None else water * self.efficiency
        taken = UNKNOWN_COST
        if water is not None:
            taken = water / self.efficiency + self.wear_per_kwh / 2.0
        return _never_cheaper(
            Rung(name="export", power_w=export_w, cost_per_kwh=export_price),
            Rung(name="charging", power_w=charge_w, cost_per_kwh=stored),
            Rung(name="battery", power_w=max(0.0, give_w - deficit_w), cost_per_kwh=taken),
            Rung(
                name="import",
                power_w=max(0.0, bought_w - max(0.0, deficit_w - give_w)),
                cost_per_kwh=UNKNOWN_COST if import_price is None else import_price,
            ),
        )

    def _charge_w(self, inputs: DecideInputs, surplus_w: float) -> float:
        """Return how much of the surplus the battery takes when the rig takes none.

        Measured export beside a charging battery says that the battery takes all it can.
        """
        battery = inputs.state.battery
        if battery is None or battery.power_w is None or surplus_w <= 0:
            return 0.0
        charging_w = max(0.0, -battery.power_w)
        exporting = (inputs.state.grid_w or 0.0) < -20.0
        most_w = charging_w if exporting else surplus_w
        if battery.max_charge_w is not None:
            most_w = min(most_w, battery.max_charge_w)
        return clamp(most_w, 0.0, surplus_w)

    def _discharge_limit_w(self, inputs: DecideInputs) -> float:
        battery = inputs.state.battery
        stated_w = None if battery is None else battery.max_discharge_w
        return self.max_discharge_w if stated_w is None else stated_w

    def _walk(self, inputs: DecideInputs, rungs: tuple[Rung, ...]) -> tuple[float, str]:
        """Return the power at which the next watt costs more than it earns, and its last source."""
        room = envelope(inputs)
        steps = list(_steps(inputs))
        per_work = self._worth_per_work(inputs, steps)
        # Host and parked cards draw in any case: they use up the cheapest rungs first.
        idle_w, reached_w, last = room.min_w, room.min_w, "nothing"
        for rung in rungs:
            free_w = max(0.0, rung.power_w - idle_w)
            idle_w = max(0.0, idle_w - rung.power_w)
            while free_w > 0 and steps:
                if not _is_worth(rung, steps[0].gain, per_work):
                    return reached_w, last
                take_w = min(steps[0].width_w, free_w)
                free_w, reached_w, last = free_w - take_w, reached_w + take_w, rung.name
                steps[0] = replace(steps[0], width_w=steps[0].width_w - take_w)
                if steps[0].width_w <= 0:
                    steps.pop(0)
        return room.clamp(reached_w), last

    def _worth_per_work(self, inputs: DecideInputs, steps: "list[_Step]") -> float | None:
        stated = worth_per_work(inputs.rig, inputs.workloads)
        if stated is not None or self.nominal_per_kwh is None or not steps:
            return stated
        return self.nominal_per_kwh / (steps[0].gain * 1000.0)

    def _why(self, state: SiteState, wanted_w: float, last: str, slot: PlanSlot | None) -> str:
        surplus = say_power(max(0.0, state.surplus_w or 0.0))
        if last == "nothing":
            return f"Surplus is {surplus}: no work is worth its energy now."
        source = {
            "export": "sun that would be exported",
            "charging": "sun that would go into the battery",
            "battery": "the battery",
            "import": "the grid",
        }[last]
        price = ""
        if slot is not None and last in {"charging", "battery"}:
            price = f" (stored energy is worth {slot.water_value_per_kwh:.3f}/kWh)"
        return f"Surplus {surplus}: {say_power(wanted_w)} are worth running, up to {source}{price}."

    def _next(self, inputs: DecideInputs, wanted_w: float) -> str | None:
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
            at = say_time(slot.starts_at + offset)
            return f"{at} {way} to {say_power(slot.rig_w)} (plan)."
        return "The plan sees no change in the next two days."


def _never_cheaper(*rungs: Rung) -> tuple[Rung, ...]:
    """Return the rungs with costs that never fall: nobody reaches the second before the first.

    This is what makes more sun never give less power, even where prices are upside down.
    """
    costs = accumulate((rung.cost_per_kwh for rung in rungs), max)
    return tuple(replace(rung, cost_per_kwh=cost) for rung, cost in zip(rungs, costs, strict=True))


def _is_worth(rung: Rung, gain: float, per_work: float | None) -> bool:
    """Say whether a kWh from this rung earns at least what it costs.

    Work of unknown worth takes surplus, whatever it would have earned elsewhere, and buys nothing.
    """
    if rung.cost_per_kwh == UNKNOWN_COST:
        return False
    if per_work is None:
        return rung.name in {"export", "charging"}
    return per_work * gain * 1000.0 >= rung.cost_per_kwh


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A stretch of the rig's hull: so many W at the wall at so much work per Wh."""

    width_w: float
    gain: float


def _steps(inputs: DecideInputs) -> tuple[_Step, ...]:
    """Return the hull of all cards that we steer, steepest stretch first."""
    steps = []
    for load in card_loads(inputs):
        curve = inputs.rig.curve(load.card.gpu_id)
        if load.fixed_w is not None or curve is None:
            continue
        parked = CurvePoint(load.card.parked_w, 0.0)
        hull = upper_hull((parked, *curve.cut(load.least_w, load.card.max_w).points))
        for low, high in pairwise(hull):
            width_w = (high.power_w - low.power_w) / inputs.rig.psu_efficiency
            if high.work_rate > low.work_rate:
                gain = (high.work_rate - low.work_rate) / width_w
                steps.append(_Step(width_w=width_w, gain=gain))
    return tuple(sorted(steps, key=lambda step: -step.gain))

"""Drive a plan forward with a battery that serves itself, and refuse nonsense."""

from math import isfinite

from solard.core.errors import SolardError
from solard.core.plan import Plan, PlanSlot
from solard.core.planning import BatterySpec, PlanRequest
from solard.core.units import clamp

SLACK = 0.01


class PlanUnsound(SolardError):
    """A plan that must not be followed."""


def check_plan(plan: Plan, request: PlanRequest) -> None:
    """Raise PlanUnsound where a figure is no number, or outside what is physically possible."""
    highest_w = request.rig.wall_w(sum(card.max_w for card in request.rig.cards))
    for slot in plan.slots:
        figures = (slot.rig_w, slot.battery_w, slot.grid_w, slot.soc, slot.water_value_per_kwh)
        if not all(isfinite(figure) for figure in figures):
            raise PlanUnsound(f"the plan for {slot.starts_at:%H:%M} UTC holds no number: {figures}")
        if not -SLACK <= slot.soc <= 1.0 + SLACK:
            raise PlanUnsound(f"the plan charges to {slot.soc:.0%} at {slot.ends_at:%H:%M} UTC")
        if slot.rig_w > highest_w + 1.0:
            raise PlanUnsound(
                f"the plan wants {slot.rig_w:.0f} W of a rig that takes {highest_w:.0f} W"
            )


def simulate_soc(plan: Plan, battery: BatterySpec, soc: float) -> tuple[float, ...]:
    """Return the state of charge after each slot if the rig draws what the plan says.

    The battery serves any load first and takes any surplus, as real ones do: no plan commands it.
    """
    path = []
    for slot in plan.slots:
        soc = _after(slot, battery, soc)
        path.append(soc)
    return tuple(path)


def _after(slot: PlanSlot, battery: BatterySpec, soc: float) -> float:
    hours = (slot.ends_at - slot.starts_at).total_seconds() / 3600.0
    surplus_w = slot.pv_w - slot.house_w - slot.rig_w
    if surplus_w >= 0.0:
        stored_wh = min(surplus_w, battery.max_charge_w) * battery.efficiency * hours
        return min(1.0, soc + stored_wh / battery.capacity_wh)
    drawn_wh = min(-surplus_w, battery.max_discharge_w) / battery.efficiency * hours
    return clamp(soc - drawn_wh / battery.capacity_wh, 0.0, 1.0)

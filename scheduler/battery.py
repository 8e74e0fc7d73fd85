"""A battery that serves itself: it takes any surplus and gives to any load, as real ones do."""

from dataclasses import dataclass

from solard.core.planning import BatterySpec
from solard.core.units import clamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a battery did for a while."""

    charge_w: float
    discharge_w: float
    soc: float
    """Afterwards, 0..1."""


def serve(spec: BatterySpec | None, soc: float, surplus_w: float, hours: float) -> Served:
    """Return what the battery does under a constant surplus; negative = a deficit.

    It stops at full and at the inverter's minimum, and never commands the grid.
    """
    if spec is None or spec.capacity_wh <= 0.0:
        return Served(charge_w=0.0, discharge_w=0.0, soc=soc)
    charge_w = clamp(surplus_w, 0.0, _takes_w(spec, soc, hours))
    discharge_w = clamp(-surplus_w, 0.0, _gives_w(spec, soc, hours))
    stored_wh = (charge_w * spec.efficiency - discharge_w / spec.efficiency) * hours
    return Served(
        charge_w=charge_w,
        discharge_w=discharge_w,
        soc=clamp(soc + stored_wh / spec.capacity_wh, 0.0, 1.0),
    )


def _takes_w(spec: BatterySpec, soc: float, hours: float) -> float:
    room_wh = (1.0 - soc) * spec.capacity_wh / spec.efficiency
    return min(spec.max_charge_w, max(0.0, room_wh) / hours)


def _gives_w(spec: BatterySpec, soc: float, hours: float) -> float:
    above_wh = (soc - spec.min_soc) * spec.capacity_wh * spec.efficiency
    return min(spec.max_discharge_w, max(0.0, above_wh) / hours)

"""The physics of one home's power plant: sun, battery, house, rig and what feeds them.

Self-consumption, as inverters do it without being told: sun serves the load first, then the
battery, then the grid; what nobody takes stays on the roof.
"""

from dataclasses import dataclass, replace
from math import inf

from solard.core.state import Supply
from solard.core.units import clamp, energy_wh

THROTTLED_FROM_W = 1.0
"""Less sun than this held back is rounding, not throttling."""

TAIL_CURRENT = 0.02
"""Absorption ends when the battery takes less than this share of its charge power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSpec:
    """What stands in the cellar and how it is wired; change the supply with `replace`."""

    supply: Supply
    """Grid, island or generator; an island starts its own generator when its battery is low."""
    inverter_w: float
    """Rating: sun and battery together serve no more than this."""
    export_at_most_w: float | None = None
    """Feed-in cap of a grid site; None = no cap."""
    capacity_wh: float = 0.0
    """Usable battery energy from 0 to 1 of SoC; 0 = no battery."""
    max_charge_w: float = 0.0
    """What the battery takes while it is not near full; 0 = it refuses charge."""
    max_discharge_w: float = 0.0
    min_soc: float = 0.1
    """The inverter discharges no lower."""
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    taper_from_soc: float = 0.95
    """Above this the battery takes ever less, as in absorption; below 1."""
    generator_w: float = 0.0
    """Rating; 0 = there is none."""
    generator_starts_at_soc: float = 0.2
    generator_stops_at_soc: float = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantState:
    """What the plant remembers: charge, whether its generator runs, and its meters in Wh."""

    soc: float
    """State of charge, 0..1."""
    generator_runs: bool = False
    pv_wh: float = 0.0
    load_wh: float = 0.0
    grid_in_wh: float = 0.0
    grid_out_wh: float = 0.0
    battery_in_wh: float = 0.0
    battery_out_wh: float = 0.0
    generator_wh: float = 0.0
    unserved_wh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantFlows:
    """Power over one step; `load_w = pv_w + grid_w + battery_w + generator_w`, to the last bit."""

    supply: Supply
    """What feeds the house beside sun and battery now."""
    pv_w: float
    """What the panels gave, ≥ 0."""
    pv_available_w: float
    """What the sky allowed them to give."""
    load_w: float
    """What was served: house and rig, without `unserved_w`."""
    grid_w: float
    """+ import, − export."""
    battery_w: float
    """+ discharge, − charge, on the house's side of its losses."""
    generator_w: float
    unserved_w: float
    """Load that went dark; 0 while a grid is there."""
    max_charge_w: float
    """What the battery would have taken; 0 = it refuses charge."""
    max_discharge_w: float
    """What the battery could have given."""

    @property
    def throttled(self) -> bool:
        """Return whether the inverter holds its panels back."""
        return self.pv_available_w - self.pv_w >= THROTTLED_FROM_W


def step_plant(
    spec: PlantSpec,
    state: PlantState,
    *,
    pv_available_w: float,
    house_w: float,
    rig_w: float,
    duration_s: float,
) -> tuple[PlantState, PlantFlows]:
    """Run the plant for `duration_s` > 0 under a constant sky and load.

    Args:
        spec: What the plant is.
        state: Where the last step left it.
        pv_available_w: What the panels could give, ≥ 0.
        house_w: What the house asks for without the rig, ≥ 0.
        rig_w: What the rig asks for at the wall, ≥ 0.
        duration_s: Site seconds; shorter than a minute keeps the taper honest.

    Returns:
        The state after the step and the power that flowed in it.
    """
    demand_w = house_w + rig_w
    take_w = charge_limit_w(spec, state, duration_s)
    give_w = discharge_limit_w(spec, state, duration_s)
    engine_w = spec.generator_w if _generator_runs(spec, state) else 0.0
    has_grid = spec.supply is Supply.GRID

    direct_w = min(pv_available_w, demand_w, spec.inverter_w)
    rest_w = demand_w - direct_w
    generated_w = min(rest_w, engine_w)
    discharge_w = min(rest_w - generated_w, give_w, spec.inverter_w - direct_w)
    missing_w = rest_w - generated_w - discharge_w

    charge_w = min(pv_available_w - direct_w, take_w)
    door_w = min(_export_cap_w(spec), spec.inverter_w - direct_w)
    export_w = min(pv_available_w - direct_w - charge_w, door_w)
    top_up_w = min(engine_w - generated_w, take_w - charge_w)

    pv_w = min(direct_w + charge_w + export_w, pv_available_w)
    grid_w = missing_w - export_w if has_grid else 0.0
    battery_w = discharge_w - charge_w - top_up_w
    generator_w = generated_w + top_up_w
    flows = PlantFlows(
        supply=_supply_now(spec, engine_w),
        pv_w=pv_w,
        pv_available_w=pv_available_w,
        load_w=pv_w + grid_w + battery_w + generator_w,
        grid_w=grid_w,
        battery_w=battery_w,
        generator_w=generator_w,
        unserved_w=0.0 if has_grid else missing_w,
        max_charge_w=take_w,
        max_discharge_w=give_w,
    )
    running = replace(state, generator_runs=engine_w > 0.0)
    return _count(spec, running, flows, duration_s), flows


def charge_limit_w(spec: PlantSpec, state: PlantState, duration_s: float) -> float:
    """Return what the battery takes over `duration_s`: its rating, its taper, its room."""
    room = (1.0 - state.soc) / (1.0 - spec.taper_from_soc)
    if room < TAIL_CURRENT or spec.capacity_wh <= 0.0:
        return 0.0
    room_wh = (1.0 - state.soc) * spec.capacity_wh / spec.charge_efficiency
    return min(spec.max_charge_w * min(room, 1.0), room_wh * 3600.0 / duration_s)


def discharge_limit_w(spec: PlantSpec, state: PlantState, duration_s: float) -> float:
    """Return what the battery gives over `duration_s`: its rating, its energy above the floor."""
    above_wh = max(0.0, state.soc - spec.min_soc) * spec.capacity_wh * spec.discharge_efficiency
    return min(spec.max_discharge_w, above_wh * 3600.0 / duration_s)


def _generator_runs(spec: PlantSpec, state: PlantState) -> bool:
    """Say whether an engine turns in this step: asked for, or started by a low battery."""
    if spec.supply is Supply.GRID or spec.generator_w <= 0.0:
        return False
    if spec.supply is Supply.GENERATOR:
        return True
    if state.generator_runs:
        return state.soc < spec.generator_stops_at_soc
    return state.soc <= spec.generator_starts_at_soc


def _supply_now(spec: PlantSpec, engine_w: float) -> Supply:
    if spec.supply is Supply.GRID:
        return Supply.GRID
    return Supply.GENERATOR if engine_w > 0.0 else Supply.ISLAND


def _export_cap_w(spec: PlantSpec) -> float:
    if spec.supply is not Supply.GRID:
        return 0.0
    return inf if spec.export_at_most_w is None else spec.export_at_most_w


def _count(spec: PlantSpec, state: PlantState, flows: PlantFlows, duration_s: float) -> PlantState:
    charged_wh = energy_wh(max(0.0, -flows.battery_w), duration_s)
    given_wh = energy_wh(max(0.0, flows.battery_w), duration_s)
    stored_wh = charged_wh * spec.charge_efficiency - given_wh / spec.discharge_efficiency
    change = stored_wh / spec.capacity_wh if spec.capacity_wh > 0.0 else 0.0
    return replace(
        state,
        soc=clamp(state.soc + change, 0.0, 1.0),
        pv_wh=state.pv_wh + energy_wh(flows.pv_w, duration_s),
        load_wh=state.load_wh + energy_wh(flows.load_w, duration_s),
        grid_in_wh=state.grid_in_wh + energy_wh(max(0.0, flows.grid_w), duration_s),
        grid_out_wh=state.grid_out_wh + energy_wh(max(0.0, -flows.grid_w), duration_s),
        battery_in_wh=state.battery_in_wh + charged_wh,
        battery_out_wh=state.battery_out_wh + given_wh,
        generator_wh=state.generator_wh + energy_wh(flows.generator_w, duration_s),
        unserved_wh=state.unserved_wh + energy_wh(flows.unserved_w, duration_s),
    )

"""Sites, rigs and moments that tests of the core start from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from solard.core.curves import CurvePoint, WorkCurve
from solard.core.inputs import Answer, ControlMemory, DecideInputs, Rule
from solard.core.plan import Plan, PlanSlot
from solard.core.rig import GpuCard, Rig
from solard.core.rules.battery_lines import BatteryLines
from solard.core.rules.data_age import DataAge
from solard.core.rules.grid_limits import GridLimits
from solard.core.rules.keep_alive import KeepAlive
from solard.core.rules.operator import OperatorRule
from solard.core.rules.plan_rule import PlanRule
from solard.core.rules.registry import in_priority
from solard.core.rules.supply_loss import SupplyLoss
from solard.core.state import BatteryState, GpuState, SiteState, Supply

NOON = datetime(2024, 6, 1, 10, 0, tzinfo=UTC)
"""12:00 at a site two hours east of UTC."""

CURVE = WorkCurve(
    points=(CurvePoint(100.0, 20.0), CurvePoint(200.0, 70.0), CurvePoint(300.0, 100.0))
)
"""Steepest from parked (20 W) to 200 W: 70 / 180 of work per watt."""


def card(index: int = 0) -> GpuCard:
    return GpuCard(
        gpu_id=f"gpu-{index}",
        index=index,
        name=f"Card {index}",
        min_w=100.0,
        default_w=300.0,
        max_w=300.0,
        parked_w=20.0,
    )


def rig_of(count: int = 2) -> Rig:
    """A rig of 100 W host and cards behind a lossless supply: off 140 W, at most 700 W with two."""
    cards = tuple(card(index) for index in range(count))
    return Rig(
        host_w=100.0,
        psu_efficiency=1.0,
        cards=cards,
        curves=tuple((one.gpu_id, CURVE) for one in cards),
    )


def read_card(index: int = 0, **changes: Any) -> GpuState:
    values: dict[str, Any] = {
        "gpu_id": f"gpu-{index}",
        "limit_w": 300.0,
        "enforced_w": 300.0,
        "power_w": 250.0,
        "temperature_c": 60.0,
        "utilization": 0.9,
        "parked": False,
    }
    return GpuState(**{**values, **changes})


def battery_at(soc: float | None, power_w: float | None = 0.0, **changes: Any) -> BatteryState:
    return BatteryState(soc=soc, power_w=power_w, **changes)


def state_of(**changes: Any) -> SiteState:
    """A home at noon: 3 kW of sun, 400 W of house, an idle rig, the rest into the battery."""
    values: dict[str, Any] = {
        "taken_at": NOON,
        "taken_s": 1000.0,
        "utc_offset_s": 7200,
        "supply": Supply.GRID,
        "pv_w": 3000.0,
        "load_w": 540.0,
        "grid_w": 0.0,
        "generator_w": None,
        "battery": battery_at(0.7, -2460.0),
        "rig_w": 140.0,
        "good_polls": 5,
    }
    return SiteState(**{**values, **changes})


def inputs_of(*rules: Rule, state: SiteState | None = None, **changes: Any) -> DecideInputs:
    values: dict[str, Any] = {
        "state": state_of() if state is None else state,
        "rig": rig_of(),
        "rules": in_priority(rules),
    }
    return DecideInputs(**{**values, **changes})


def home_rules() -> tuple[Rule, ...]:
    return in_priority(
        (
            SupplyLoss(expected=Supply.GRID),
            DataAge(),
            BatteryLines(work_above_soc=0.5, standby_above_soc=0.3, shut_down_below_soc=0.15),
            GridLimits(import_at_most_w=4000.0),
            OperatorRule(),
            KeepAlive(),
            PlanRule(nominal_per_kwh=0.1, max_discharge_w=5000.0),
        )
    )


def after(inputs: DecideInputs, answer: Answer, seconds: float, **changes: Any) -> DecideInputs:
    """The same site some seconds later, with what a rule asked to remember."""
    memory = replace(inputs.memory, notes=answer.notes, decided_s=inputs.state.taken_s)
    return replace(inputs, state=later(inputs.state, seconds, **changes), memory=memory)


def later(state: SiteState, seconds: float, **changes: Any) -> SiteState:
    moved = {
        "taken_s": state.taken_s + seconds,
        "taken_at": state.taken_at + timedelta(seconds=seconds),
    }
    return replace(state, **{**moved, **changes})


def remembering(**changes: Any) -> ControlMemory:
    return ControlMemory(**changes)


def plan_of(*slots: PlanSlot, made_at: datetime = NOON) -> Plan:
    return Plan(made_at=made_at, solve_s=0.1, gap=0.0, slots=slots)


def plan_slot(hours: float = 0.0, **changes: Any) -> PlanSlot:
    """One hour of plan, `hours` after noon."""
    values: dict[str, Any] = {
        "starts_at": NOON + timedelta(hours=hours),
        "ends_at": NOON + timedelta(hours=hours + 1),
        "pv_w": 2000.0,
        "house_w": 400.0,
        "rig_w": 500.0,
        "battery_w": -1000.0,
        "grid_w": -100.0,
        "throttled_w": 0.0,
        "soc": 0.8,
        "water_value_per_kwh": 0.05,
        "cards_on": 2,
    }
    return PlanSlot(**{**values, **changes})

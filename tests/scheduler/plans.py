"""Small sites that tests of the plan start from, with figures that fit in a head."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scheduler.case import PlanCase, make_case
from solard.core.curves import CurvePoint, WorkCurve
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.plan import Plan, PlanSlot
from solard.core.planning import BatterySpec, PlanRequest
from solard.core.rig import GpuCard, Rig, Workload
from solard.core.tariff import Tariff

MIDNIGHT = datetime(2024, 6, 1, 0, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)

CURVE = WorkCurve(points=(CurvePoint(100.0, 50.0), CurvePoint(200.0, 80.0)))
"""The first 100 W bring 50, the next 100 W bring 30."""

PRICES = Tariff(currency="EUR", import_per_kwh=0.30, export_per_kwh=0.08)
FREE_EXPORT = Tariff(currency="EUR", import_per_kwh=0.30, export_per_kwh=0.0)

MINER = Workload(name="miner", gpu_ids=("gpu-0",), worth_per_h=0.016)
"""0.0002 for each work: the first 100 W earn 0.10 per kWh, the next 0.06."""
GOLD = replace(MINER, worth_per_h=0.16)
"""Ten times that: 1.00 and 0.60 per kWh."""


def card(index: int = 0, **changes: Any) -> GpuCard:
    values: dict[str, Any] = {
        "gpu_id": f"gpu-{index}",
        "index": index,
        "name": f"Card {index}",
        "min_w": 100.0,
        "default_w": 200.0,
        "max_w": 200.0,
        "parked_w": 0.0,
    }
    return GpuCard(**{**values, **changes})


def rig_of(count: int = 1) -> Rig:
    """100 W of host behind a lossless supply, and cards that take 0 or 100..200 W."""
    cards = tuple(card(index) for index in range(count))
    return Rig(
        host_w=100.0,
        psu_efficiency=1.0,
        cards=cards,
        curves=tuple((one.gpu_id, CURVE) for one in cards),
    )


def battery_of(**changes: Any) -> BatterySpec:
    """10 kWh without losses that may feed work above a half, and rests at 30 %."""
    values: dict[str, Any] = {
        "capacity_wh": 10_000.0,
        "efficiency": 1.0,
        "max_charge_w": 5000.0,
        "max_discharge_w": 5000.0,
        "standby_soc": 0.3,
        "work_above_soc": 0.5,
    }
    return BatterySpec(**{**values, **changes})


def forecast_of(quarters: Sequence[tuple[float, float]]) -> Forecast:
    """Sun and house in W for each quarter hour from midnight on."""
    slots = tuple(
        ForecastSlot(
            starts_at=MIDNIGHT + QUARTER * index,
            ends_at=MIDNIGHT + QUARTER * (index + 1),
            pv_w=pv_w,
            pv_low_w=pv_w,
            pv_high_w=pv_w,
            house_w=house_w,
        )
        for index, (pv_w, house_w) in enumerate(quarters)
    )
    return Forecast(issued_at=MIDNIGHT, source="a test", slots=slots)


def request_of(quarters: Sequence[tuple[float, float]], **changes: Any) -> PlanRequest:
    """A home on the grid without a battery, whose work has a stated worth and starts for free."""
    values: dict[str, Any] = {
        "forecast": forecast_of(quarters),
        "timezone": "UTC",
        "rig": rig_of(),
        "tariff": PRICES,
        "workloads": (MINER,),
        "start_cost": 0.0,
    }
    return PlanRequest(**{**values, **changes})


def case_of(quarters: Sequence[tuple[float, float]], **changes: Any) -> PlanCase:
    return make_case(request_of(quarters, **changes))


def plan_slot(index: int = 0, **changes: Any) -> PlanSlot:
    """A quarter hour in the dark: the grid feeds house and idle rig."""
    values: dict[str, Any] = {
        "starts_at": MIDNIGHT + QUARTER * index,
        "ends_at": MIDNIGHT + QUARTER * (index + 1),
        "pv_w": 0.0,
        "house_w": 200.0,
        "rig_w": 100.0,
        "battery_w": 0.0,
        "grid_w": 300.0,
        "throttled_w": 0.0,
        "soc": 0.0,
        "water_value_per_kwh": 0.0,
        "cards_on": 0,
    }
    return PlanSlot(**{**values, **changes})


def plan_of(*slots: PlanSlot, made_at: datetime = MIDNIGHT) -> Plan:
    return Plan(made_at=made_at, solve_s=0.0, gap=0.0, slots=slots)

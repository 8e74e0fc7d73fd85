"""Hours of hidden sun: the battery is full, and the meter shows nothing of what is held back."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from math import pi, sin
from typing import Any

from solard.core.decide import decide
from solard.core.inputs import ControlMemory, DecideInputs, Rule
from solard.core.plant import PlantFlows, PlantSpec, PlantState, step_plant
from solard.core.rig import Workload
from solard.core.rules.battery_lines import BatteryLines
from solard.core.rules.hidden_sun import HiddenSun
from solard.core.rules.plan_rule import PlanRule
from solard.core.rules.registry import in_priority
from solard.core.state import BatteryState, SiteState, Supply
from solard.core.tariff import Tariff
from tests.core.sites import NOON, read_card, rig_of, state_of

STEP_S = 15.0
HOUSE_W = 400.0
RIG = replace(rig_of(4), host_w=100.0)
"""180 W idle, 1300 W at most."""
IDLE_W = RIG.wall_w(80.0)
LINES = BatteryLines(work_above_soc=0.5, standby_above_soc=0.3, shut_down_below_soc=0.15)
MINER = Workload(
    name="miner", gpu_ids=tuple(f"gpu-{index}" for index in range(4)), worth_per_h=0.12
)
"""The first stretch of a card earns 0.117 per kWh, its last 0.09."""


def lived(
    hours: float, sky_w: Callable[[float], float], cap_w: float, *rules: Rule, **known: Any
) -> Iterator[tuple[float, PlantFlows, float, float]]:
    """Live through some hours; yield how many are over, what flows, the rig's draw, the charge."""
    spec = PlantSpec(
        supply=Supply.GRID,
        inverter_w=6000.0,
        export_at_most_w=cap_w,
        capacity_wh=10_000.0,
        max_charge_w=5000.0,
        max_discharge_w=5000.0,
    )
    plant, memory, rig_w = PlantState(soc=1.0), ControlMemory(), IDLE_W
    for tick in range(round(hours * 3600.0 / STEP_S)):
        over_h = tick * STEP_S / 3600.0
        plant, flows = step_plant(
            spec,
            plant,
            pv_available_w=sky_w(over_h),
            house_w=HOUSE_W,
            rig_w=rig_w,
            duration_s=STEP_S,
        )
        yield over_h, flows, rig_w, plant.soc
        state = seen(tick, flows, rig_w, plant.soc)
        inputs = DecideInputs(
            state=state, rig=RIG, rules=in_priority((LINES, *rules)), memory=memory, **known
        )
        decision, memory = decide(inputs)
        rig_w = decision.expected_w


def seen(tick: int, flows: PlantFlows, rig_w: float, soc: float) -> SiteState:
    battery = BatteryState(soc=soc, power_w=flows.battery_w, max_charge_w=flows.max_charge_w)
    return state_of(
        taken_at=NOON + timedelta(seconds=tick * STEP_S),
        taken_s=tick * STEP_S,
        pv_w=flows.pv_w,
        load_w=flows.load_w,
        grid_w=flows.grid_w,
        battery=battery,
        rig_w=rig_w,
        gpus=tuple(read_card(index) for index in range(4)),
    )


def day_w(over_h: float) -> float:
    """Sun from seven to nineteen, 3 kW at noon, with a slow cloud every two hours; from 7:30 on."""
    hours = 7.5 + over_h
    return max(0.0, 3000.0 * sin((hours - 7.0) / 12.0 * pi)) * (0.8 + 0.2 * sin(pi * hours))


def test_rig_takes_four_fifths_of_the_sun_that_nobody_shows_it() -> None:
    """Without a plan and without a look at the sky: by probing alone."""
    rule = PlanRule(nominal_per_kwh=0.1, max_discharge_w=5000.0)
    day = list(lived(11.0, day_w, 0.0, HiddenSun(export_at_most_w=0.0), rule))
    taken_wh = could_wh = 0.0
    for over_h, flows, rig_w, _ in day:
        could_wh += max(0.0, min(day_w(over_h) - HOUSE_W, 1300.0) - IDLE_W) * STEP_S / 3600.0
        fed_w = flows.pv_w - HOUSE_W
        taken_wh += max(0.0, min(rig_w, fed_w) - IDLE_W) * STEP_S / 3600.0

    assert could_wh > 5000.0
    assert taken_wh / could_wh >= 0.80
    assert day[-1][3] >= 0.9


def test_under_a_cap_with_constant_sun_the_rig_takes_what_is_free_and_switches_nothing() -> None:
    """3 kW of sun, 400 W of house, 1.5 kW may be exported, for 0.10: 1.1 kW would be held back."""
    hours = lived(
        1.5,
        lambda _: 3000.0,
        1500.0,
        HiddenSun(export_at_most_w=1500.0),
        PlanRule(max_discharge_w=5000.0, export_at_most_w=1500.0),
        workloads=(MINER,),
        tariff=Tariff(import_per_kwh=0.30, export_per_kwh=0.10),
    )

    (settled_w,) = {rig_w for over_h, _, rig_w, _ in hours if over_h >= 0.75}

    assert 1100.0 <= settled_w <= 1250.0

"""A day of hidden sun: nothing may be exported, the battery is full, the meter shows nothing."""

from dataclasses import replace
from datetime import timedelta
from math import pi, sin

from solard.core.decide import decide
from solard.core.inputs import ControlMemory, DecideInputs
from solard.core.plant import PlantSpec, PlantState, step_plant
from solard.core.rules.battery_lines import BatteryLines
from solard.core.rules.hidden_sun import HiddenSun
from solard.core.rules.plan_rule import PlanRule
from solard.core.rules.registry import in_priority
from solard.core.state import BatteryState, Supply
from tests.core.sites import NOON, read_card, rig_of, state_of

STEP_S = 15.0
HOUSE_W = 400.0
RIG = replace(rig_of(4), host_w=100.0)
"""180 W idle, 1300 W at most."""
RULES = in_priority(
    (
        BatteryLines(work_above_soc=0.5, standby_above_soc=0.3, shut_down_below_soc=0.15),
        HiddenSun(export_at_most_w=0.0),
        PlanRule(nominal_per_kwh=0.1, max_discharge_w=5000.0),
    )
)
PLANT = PlantSpec(
    supply=Supply.GRID,
    inverter_w=6000.0,
    export_at_most_w=0.0,
    capacity_wh=10_000.0,
    max_charge_w=5000.0,
    max_discharge_w=5000.0,
)


def sky_w(hours: float) -> float:
    """Sun from seven to nineteen, 3 kW at noon, with a slow cloud every two hours."""
    return max(0.0, 3000.0 * sin((hours - 7.0) / 12.0 * pi)) * (0.8 + 0.2 * sin(pi * hours))


def test_rig_takes_four_fifths_of_the_sun_that_nobody_shows_it() -> None:
    """Without a plan and without a look at the sky: by probing alone."""
    plant, memory, rig_w = PlantState(soc=1.0), ControlMemory(), RIG.wall_w(80.0)
    taken_wh = could_wh = 0.0
    for tick in range(round(11.0 * 3600.0 / STEP_S)):
        hours = 7.5 + tick * STEP_S / 3600.0
        sky = sky_w(hours)
        plant, flows = step_plant(
            PLANT, plant, pv_available_w=sky, house_w=HOUSE_W, rig_w=rig_w, duration_s=STEP_S
        )
        state = state_of(
            taken_at=NOON + timedelta(seconds=tick * STEP_S),
            taken_s=tick * STEP_S,
            pv_w=flows.pv_w,
            load_w=flows.load_w,
            grid_w=flows.grid_w,
            battery=BatteryState(
                soc=plant.soc, power_w=flows.battery_w, max_charge_w=flows.max_charge_w
            ),
            rig_w=rig_w,
            gpus=tuple(read_card(index) for index in range(4)),
        )
        idle_w = RIG.wall_w(80.0)
        could_wh += max(0.0, min(sky - HOUSE_W, 1300.0) - idle_w) * STEP_S / 3600.0
        fed_w = flows.pv_w - HOUSE_W
        taken_wh += max(0.0, min(rig_w, fed_w) - idle_w) * STEP_S / 3600.0
        decision, memory = decide(DecideInputs(state=state, rig=RIG, rules=RULES, memory=memory))
        rig_w = decision.expected_w

    assert could_wh > 5000.0
    assert taken_wh / could_wh >= 0.80
    assert plant.soc >= 0.9

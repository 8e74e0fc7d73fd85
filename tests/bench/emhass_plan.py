"""One plan by EMHASS, run by a Python that has it: a question on stdin, figures on stdout."""

import asyncio
import json
import logging
import resource
import sys
import time
from pathlib import Path

BEGAN_S = time.perf_counter()  # before the imports: they are part of what a plan costs

import emhass  # noqa: E402
import pandas as pd  # noqa: E402
from emhass import utils  # noqa: E402
from emhass.optimization import Optimization  # noqa: E402

COST, PRICE = "unit_load_cost", "unit_prod_price"


def main() -> None:
    """Answer with the seconds of import and plan, the peak of memory and the solver's word."""
    question = json.load(sys.stdin)
    imported_s = time.perf_counter()
    conf = asyncio.run(_configuration(question))
    frame = _frame(question)
    root = Path(emhass.__file__).parent
    planner = Optimization(conf, conf, conf, COST, PRICE, "profit", {"root_path": root}, log)
    loads = question["loads"]
    planner.perform_naive_mpc_optim(
        frame,
        frame["p_pv"],
        frame["p_load"],
        len(frame),
        soc_init=question["battery"]["soc"],
        soc_final=question["battery"]["soc"],
        def_total_timestep=[load["steps"] for load in loads],
        def_start_timestep=[load["first"] for load in loads],
        def_end_timestep=[load["last"] for load in loads],
    )
    answer = {
        "import_s": imported_s - BEGAN_S,
        "plan_s": time.perf_counter() - imported_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "status": planner.optim_status,
    }
    print(json.dumps(answer))


async def _configuration(question: dict) -> dict:
    """Return its defaults with our site; it looks up each key where it belongs."""
    defaults = Path(emhass.__file__).parent / "data" / "config_defaults.json"
    conf = await utils.build_config({}, log, str(defaults))
    battery, loads = question["battery"], question["loads"]
    count = len(loads)
    return conf | {
        "optimization_time_step": pd.Timedelta(question["step_s"], "s"),
        "time_zone": "UTC",
        "set_use_battery": True,
        "set_use_pv": True,
        "set_nodischarge_to_grid": True,
        "battery_nominal_energy_capacity": battery["capacity_wh"],
        "battery_charge_power_max": battery["max_charge_w"],
        "battery_discharge_power_max": battery["max_discharge_w"],
        "battery_minimum_state_of_charge": battery["least_soc"],
        "battery_maximum_state_of_charge": 1.0,
        "battery_target_state_of_charge": battery["soc"],
        "number_of_deferrable_loads": count,
        "nominal_power_of_deferrable_loads": [load["power_w"] for load in loads],
        "minimum_power_of_deferrable_loads": [0.0] * count,
        "operating_hours_of_each_deferrable_load": [0] * count,
        "treat_deferrable_load_as_semi_cont": [True] * count,
        "set_deferrable_load_single_constant": [load["block"] for load in loads],
        "set_deferrable_startup_penalty": [0.0] * count,
        "set_deferrable_max_startups": [0] * count,
        "deferrable_load_max_cost": [0.0] * count,
        "def_minimum_on_time": [0] * count,
        "def_minimum_off_time": [0] * count,
        "is_electric_load": [True] * count,
        "cost_forecast_per_deferrable_load": [None] * count,
        "start_timesteps_of_each_deferrable_load": [load["first"] for load in loads],
        "end_timesteps_of_each_deferrable_load": [load["last"] for load in loads],
        "num_threads": 1,
    }


def _frame(question: dict) -> pd.DataFrame:
    step = pd.Timedelta(question["step_s"], "s")
    index = pd.date_range("2024-06-01", periods=len(question["pv_w"]), freq=step, tz="UTC")
    return pd.DataFrame(
        {
            "p_pv": question["pv_w"],
            "p_load": question["house_w"],
            COST: question["import_per_kwh"],
            PRICE: question["export_per_kwh"],
        },
        index=index,
    )


log = logging.getLogger("emhass")
log.setLevel(logging.ERROR)

if __name__ == "__main__":
    main()

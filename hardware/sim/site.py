"""A plant that lives: physics on the site's clock, under a measured sky."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from hardware.sim.picture import PlantPicture
from hardware.sim.rig_meter import RigMeter
from hardware.sim.trace import DayTrace
from solard.core.errors import SolardError
from solard.core.plant import PlantFlows, PlantSpec, PlantState, step_plant
from solard.core.state import Supply
from solard.system.clock import Clock

LONGEST_STEP_S = 15.0
"""Longer gaps are walked in steps of this, so that the battery's taper stays honest."""
LONGEST_GAP_S = 3600.0
"""A plant that was away for longer begins anew at the charge it had."""
FIRST_STEP_S = 1e-3


class ChangeRefused(SolardError):
    """A `set` asks for what this plant cannot be."""


class SimulatedSite:
    """Steps one plant; ask `picture` for what its devices see and `truth` for what is so."""

    def __init__(
        self,
        spec: PlantSpec,
        state: PlantState,
        trace: DayTrace,
        clock: Clock,
        rig_w: RigMeter,
        *,
        left_at: datetime | None = None,
    ) -> None:
        self._spec = spec
        self._state = state
        self._trace = trace
        self._clock = clock
        self._rig_meter = rig_w
        self._alarm = False
        self._rig_w = rig_w()
        self._at_s = clock.monotonic_s()
        self._flows = self._step(clock.now(), FIRST_STEP_S)
        if left_at is not None:
            self._catch_up(left_at)

    @property
    def picture(self) -> PlantPicture:
        """Return the newest moment of the plant."""
        return PlantPicture(
            spec=self._spec, state=self._state, flows=self._flows, alarm=self._alarm
        )

    def advance(self) -> None:
        """Bring the plant to the clock's present."""
        now_s, now = self._clock.monotonic_s(), self._clock.now()
        duration_s, self._at_s = now_s - self._at_s, now_s
        self._rig_w = self._rig_meter()
        self._walk(now, min(duration_s, LONGEST_GAP_S))

    def truth(self) -> dict[str, Any]:
        """Return what really flows, hidden sun included."""
        flows, state = self._flows, self._state
        return {
            "at": self._clock.now().isoformat(),
            "pv_w": flows.pv_w,
            "pv_available_w": flows.pv_available_w,
            "throttled": flows.throttled,
            "load_w": flows.load_w,
            "rig_w": self._rig_w,
            "unserved_w": flows.unserved_w,
            "grid_w": flows.grid_w,
            "battery_w": flows.battery_w,
            "generator_w": flows.generator_w,
            "supply": flows.supply.value,
            "soc": state.soc,
            "max_charge_w": flows.max_charge_w,
            "max_discharge_w": flows.max_discharge_w,
            "export_at_most_w": self._spec.export_at_most_w,
            "alarm": self._alarm,
            "pv_wh": state.pv_wh,
            "load_wh": state.load_wh,
            "grid_in_wh": state.grid_in_wh,
            "grid_out_wh": state.grid_out_wh,
            "battery_in_wh": state.battery_in_wh,
            "battery_out_wh": state.battery_out_wh,
            "generator_wh": state.generator_wh,
            "unserved_wh": state.unserved_wh,
        }

    def change(self, request: Mapping[str, Any]) -> None:
        """Rewire the running plant as a `set` request says; raise ChangeRefused with a sentence.

        Fields, each optional: supply, export_at_most_w (null = no cap), max_charge_w (0 = the
        battery refuses charge), soc (0..1), alarm.
        """
        spec, state, alarm = self._spec, self._state, self._alarm
        for key, value in request.items():
            match key:
                case "verb":
                    pass
                case "supply":
                    spec = replace(spec, supply=_supply(spec, value))
                case "export_at_most_w":
                    cap_w = None if value is None else _number(key, value)
                    spec = replace(spec, export_at_most_w=cap_w)
                case "max_charge_w":
                    spec = replace(spec, max_charge_w=_number(key, value))
                case "soc":
                    state = replace(state, soc=_number(key, value, highest=1.0))
                case "alarm":
                    alarm = bool(value)
                case _:
                    raise ChangeRefused(
                        f"a plant has no {key!r} to set; there are supply, export_at_most_w, "
                        "max_charge_w, soc and alarm"
                    )
        self._spec, self._state, self._alarm = spec, state, alarm
        self._flows = self._step(self._clock.now(), FIRST_STEP_S)

    def _catch_up(self, left_at: datetime) -> None:
        """Live through the time in which no process stepped the plant."""
        now = self._clock.now()
        gap_s = (now - left_at).total_seconds()
        if 0.0 < gap_s <= LONGEST_GAP_S:
            self._walk(now, gap_s)

    def _walk(self, until: datetime, duration_s: float) -> None:
        while duration_s > 0.0:
            step_s = min(duration_s, LONGEST_STEP_S)
            duration_s -= step_s
            self._flows = self._step(until - timedelta(seconds=duration_s), step_s)

    def _step(self, at: datetime, duration_s: float) -> PlantFlows:
        self._state, flows = step_plant(
            self._spec,
            self._state,
            pv_available_w=self._trace.pv_w(at),
            house_w=self._trace.house_w(at),
            rig_w=self._rig_w,
            duration_s=duration_s,
        )
        return flows


def _supply(spec: PlantSpec, value: object) -> Supply:
    choices = [Supply.GRID, Supply.ISLAND, Supply.GENERATOR]
    if value not in choices:
        raise ChangeRefused(f"supply {value!r} is none of {', '.join(choices)}")
    supply = Supply(str(value))
    if supply is Supply.GENERATOR and spec.generator_w <= 0.0:
        raise ChangeRefused("supply 'generator': this plant has none; start it with --generator W")
    return supply


def _number(key: str, value: object, highest: float = 1e6) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ChangeRefused(f"{key} {value!r} is not a number")
    if not 0.0 <= value <= highest:
        raise ChangeRefused(f"{key} {value:g} is outside 0..{highest:g}")
    return float(value)

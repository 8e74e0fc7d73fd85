"""What the owner's rules leave the rig in each step: the tick's own rules, asked beforehand."""

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from scheduler.battery import serve
from scheduler.steps import Step
from solard.core.inputs import DecideInputs, Rule
from solard.core.leeway import Leeway, find_leeway, foreseen, lines_of
from solard.core.loads import standby_w
from solard.core.plan import Plan, PlanSlot
from solard.core.planning import PlanRequest
from solard.core.state import BatteryState, SiteState, Supply
from solard.core.tariff import tariff_at

GOOD_POLLS = 1000
AHEAD = timedelta(hours=48)
QUARTER_H = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Leeway by step and by band of charge."""

    lines_soc: tuple[float, ...]
    """Where the bands meet; one more band than lines."""
    bands: tuple[tuple[Leeway, ...], ...]
    """For each step one leeway a band, the emptiest first."""

    def at(self, step: int, soc: float) -> Leeway:
        """Return what is left in a step while the battery holds a charge."""
        return self.bands[step][bisect_right(self.lines_soc, soc)]


def find_limits(request: PlanRequest, steps: tuple[Step, ...]) -> Limits | None:
    """Return the limits of a request; None where no rule sets any."""
    rules = foreseen(request.rules)
    if not rules:
        return None
    lines = lines_of(rules) if request.battery is not None else ()
    edges = (0.0, *(line for line in lines if 0.0 < line < 1.0), 1.0)
    charges = [(low + high) / 2.0 for low, high in pairwise(edges)]
    moments = _Moments(request, steps, rules)
    bands = tuple(tuple(moments.leeway(step, soc) for soc in charges) for step in steps)
    if all(one == Leeway() for row in bands for one in row):
        return None
    return Limits(lines_soc=edges[1:-1], bands=bands)


class _Moments:
    """What a tick of a later moment is expected to know, the rig only answering until then."""

    def __init__(
        self, request: PlanRequest, steps: tuple[Step, ...], rules: tuple[Rule, ...]
    ) -> None:
        self._request = request
        self._rules = rules
        self._zone = ZoneInfo(request.timezone)
        hours = sum(step.hours for step in steps)
        self._sun_w = sum(step.pv_w * step.hours for step in steps) / hours if hours else 0.0

    def leeway(self, step: Step, soc: float) -> Leeway:
        """Return the narrowest of a step's quarter hours: a window may start inside a long one."""
        found = Leeway()
        for moment in step.quarters:
            found = found.narrow(find_leeway(self._inputs(step, moment, soc)))
        return found

    def _inputs(self, step: Step, moment: datetime, soc: float) -> DecideInputs:
        request = self._request
        offset = moment.astimezone(self._zone).utcoffset() or timedelta()
        state = SiteState(
            taken_at=moment,
            taken_s=0.0,
            utc_offset_s=int(offset.total_seconds()),
            supply=Supply.ISLAND if request.off_grid else Supply.GRID,
            pv_w=step.pv_w,
            load_w=step.house_w,
            grid_w=None,
            generator_w=0.0,
            battery=None,
            rig_w=0.0,
            good_polls=GOOD_POLLS,
        )
        minute = state.local_at.hour * 60 + state.local_at.minute
        inputs = DecideInputs(
            state=state,
            rig=request.rig,
            workloads=request.workloads,
            rules=self._rules,
            tariff=tariff_at(request.tariff, request.prices, moment, minute),
            plan=self._sun_ahead(moment),
        )
        return replace(inputs, state=self._with_flows(inputs, step, soc))

    def _with_flows(self, inputs: DecideInputs, step: Step, soc: float) -> SiteState:
        """Return the state with a rig that only answers, and what battery and grid then do."""
        rig_w, battery = standby_w(inputs), self._request.battery
        load_w = step.house_w + rig_w
        served = serve(battery, soc, step.pv_w - load_w, QUARTER_H)
        battery_w = served.discharge_w - served.charge_w
        return replace(
            inputs.state,
            rig_w=rig_w,
            load_w=load_w,
            grid_w=load_w - step.pv_w - battery_w,
            battery=None if battery is None else BatteryState(soc=soc, power_w=battery_w),
        )

    def _sun_ahead(self, moment: datetime) -> Plan:
        """Return a plan that expects on each later day what is expected of these two days."""
        slot = PlanSlot(
            starts_at=moment,
            ends_at=moment + AHEAD,
            pv_w=self._sun_w,
            house_w=0.0,
            rig_w=0.0,
            battery_w=0.0,
            grid_w=0.0,
            throttled_w=0.0,
            soc=0.0,
            water_value_per_kwh=0.0,
            cards_on=0,
        )
        return Plan(made_at=moment, solve_s=0.0, gap=0.0, slots=(slot,))

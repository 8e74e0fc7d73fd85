"""Forecast and plan: the newest are kept, and a failure is said once."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from solard.core.calibration import Calibration
from solard.core.errors import SolardError
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.history import Sample, SlotRow
from solard.core.plan import Plan, PlanSlot
from solard.core.planning import ForecastBasis, PlanBasis
from solard.core.rig import Rig
from solard.core.site_slot import SiteSlot
from solard.core.tariff import KnownPrices
from solard.daemon.events import Events
from solard.daemon.planning import Planning
from solard.store.store import Store
from tests.daemon.stage import NOON, HandClock

RIG = Rig(host_w=100.0)
FORECAST = Forecast(
    issued_at=NOON,
    source="by hand",
    slots=(
        ForecastSlot(
            starts_at=NOON,
            ends_at=NOON + timedelta(hours=1),
            pv_w=2000.0,
            pv_low_w=1000.0,
            pv_high_w=3000.0,
            house_w=400.0,
        ),
    ),
)
PLAN = Plan(
    made_at=NOON,
    solve_s=0.1,
    gap=0.0,
    slots=(
        PlanSlot(
            starts_at=NOON,
            ends_at=NOON + timedelta(hours=1),
            pv_w=2000.0,
            house_w=400.0,
            rig_w=500.0,
            battery_w=-1000.0,
            grid_w=-100.0,
            throttled_w=0.0,
            soc=0.8,
            water_value_per_kwh=0.05,
            cards_on=2,
        ),
    ),
)


class ScriptedPlanner:
    """Answers as the test says; remembers what it was asked with."""

    def __init__(self) -> None:
        self.forecast_fails: str | None = None
        self.plan_fails: str | None = None
        self.answer = PLAN
        self.known = KnownPrices()
        self.asked: list[tuple[float | None, Plan | None, int]] = []
        self._slots = 0

    async def forecast(self, issued_at: datetime, basis: ForecastBasis) -> Forecast:
        if self.forecast_fails:
            raise SolardError(self.forecast_fails)
        self._slots = len(basis.history)
        return replace(FORECAST, issued_at=issued_at)

    async def prices(self, now: datetime) -> KnownPrices:
        return self.known

    async def calibrate(self, made_at: datetime, basis: ForecastBasis) -> Calibration:
        raise SolardError("not in this test")

    async def plan(self, forecast: Forecast, basis: PlanBasis) -> Plan:
        self.asked.append((basis.soc, basis.previous, self._slots))
        self.jobs, self.full_at = basis.jobs, basis.full_at
        if self.plan_fails:
            raise SolardError(self.plan_fails)
        return self.answer


@pytest.fixture
def planner() -> ScriptedPlanner:
    return ScriptedPlanner()


@pytest.fixture
def planning(planner: ScriptedPlanner, store: Store, clock: HandClock, events: Events) -> Planning:
    return Planning(planner, store, clock, events)


async def test_new_forecast_and_plan_are_used_and_kept(planning: Planning, store: Store) -> None:
    await planning.renew(0.7, RIG)
    assert store.flush()

    assert planning.plan == PLAN
    assert planning.forecast == FORECAST
    assert (planning.forecasts.issues, planning.plan_solves) == (1, 1)
    assert store.last_plan() == PLAN


async def test_planner_gets_the_last_three_weeks_and_the_plan_in_force(
    planning: Planning, planner: ScriptedPlanner, store: Store
) -> None:
    for seq, days in enumerate((30, 20, 1)):
        slot = SiteSlot(
            starts_at=NOON - timedelta(days=days),
            **dict.fromkeys(("pv_wh", "house_wh", "rig_wh", "grid_in_wh", "grid_out_wh"), 1.0),
            **dict.fromkeys(("battery_in_wh", "battery_out_wh", "generator_wh"), None),
            throttled_s=0.0,
            good_s=900.0,
        )
        store.put_site15(SlotRow(seq=seq, day=slot.starts_at.date().isoformat(), slot=slot))
    assert store.flush()

    await planning.renew(0.7, RIG)
    await planning.renew(0.6, RIG)

    assert planner.asked == [(0.7, None, 2), (0.6, PLAN, 2)]


async def test_plan_that_stays_is_not_stored_again(
    planning: Planning, planner: ScriptedPlanner, store: Store
) -> None:
    await planning.renew(0.7, RIG)
    first = planning.plan
    planner.answer = replace(PLAN)
    await planning.renew(0.7, RIG)

    assert planning.plan is first
    assert planning.plan_solves == 2


async def test_failed_plan_keeps_the_last_one_and_is_said_once(
    planning: Planning, planner: ScriptedPlanner, events: Events
) -> None:
    await planning.renew(0.7, RIG)
    planner.plan_fails = "the solver took longer than 20 s"
    await planning.renew(0.7, RIG)
    await planning.renew(0.7, RIG)

    assert planning.plan == PLAN
    assert planning.plan_solves == 1
    assert planning.forecasts.issues == 3
    assert [event.text for event in events.newest()] == [
        "No new plan: the solver took longer than 20 s"
    ]
    assert events.newest()[0].level == "warning"


async def test_failed_forecast_keeps_the_last_one(
    planning: Planning, planner: ScriptedPlanner, clock: HandClock
) -> None:
    await planning.renew(0.7, RIG)
    planner.forecast_fails = "forecast worker ended with 1"
    clock.pass_s(900.0)
    await planning.renew(0.7, RIG)

    assert planning.forecast == FORECAST
    assert planning.forecasts.issues == 1


async def test_recovery_is_said(
    planning: Planning, planner: ScriptedPlanner, events: Events
) -> None:
    planner.plan_fails = "no time"
    await planning.renew(0.7, RIG)
    planner.plan_fails = None
    await planning.renew(0.7, RIG)

    assert [event.text for event in events.newest()] == [
        "Planning works again.",
        "No new plan: no time",
    ]


async def test_prices_that_do_not_come_are_said_once_and_so_is_that_they_come_again(
    planning: Planning, planner: ScriptedPlanner, events: Events
) -> None:
    planner.known = KnownPrices(problem="Energy-Charts: no answer in 20 s")
    await planning.renew(0.7, RIG)
    await planning.renew(0.7, RIG)
    planner.known = KnownPrices()
    await planning.renew(0.7, RIG)

    assert [event.text for event in events.newest()] == [
        "Prices come again.",
        "No new prices: Energy-Charts: no answer in 20 s",
    ]


async def test_plan_knows_when_the_battery_was_last_full(
    planning: Planning, planner: ScriptedPlanner, store: Store
) -> None:
    sample = Sample(
        seq=0,
        starts_at=NOON - timedelta(hours=3),
        **dict.fromkeys(("pv_w", "house_w", "rig_w", "grid_w", "battery_w"), 0.0),
        generator_w=None,
        soc=1.0,
        good_s=60.0,
    )
    store.put_sample(sample)
    assert store.flush()

    await planning.renew(0.7, RIG)

    assert planner.full_at == sample.starts_at

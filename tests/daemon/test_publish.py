"""The picture that people see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from solard.core.conditions import Condition, PolicyAction, Quantity
from solard.core.decide import decide
from solard.core.forecast import Forecast
from solard.core.inputs import DecideInputs
from solard.core.modes import WorkMode
from solard.core.records import CycleRecord
from solard.core.rules.user_policy import UserPolicy
from solard.core.view import DaemonStats, DeviceView, KeeperView, SiteView, WorkloadView
from solard.daemon.publish import Books, Sources, local_day_bounds, make_view, tick_quantiles_ms
from tests.core.sites import NOON, inputs_of, plan_of, plan_slot, state_of
from tests.daemon.stage import setup_of

QUIET = UserPolicy(
    name="quiet noon",
    when=(
        Condition(quantity=Quantity.TIME, between=(660.0, 840.0)),
        Condition(quantity=Quantity.SURPLUS, below=5000.0),
    ),
    unless=(Condition(quantity=Quantity.BATTERY_SOC, above=0.95),),
    action=PolicyAction(each_gpu_at_most_w=150.0),
)
DEVICE = DeviceView(
    device_id="inverter",
    profile="sunspec",
    age_s=1.0,
    period_s=2.0,
    polls_ok=10,
    polls_failed=0,
    error=None,
    retry_in_s=None,
)
KEEPER = KeeperView(backend="simulated", pid=7, note=None, error=None)
MINER = WorkloadView(
    name="miner",
    role="miner",
    pid=9,
    wanted=WorkMode.FULL,
    mode=WorkMode.FULL,
    health="ok",
    rate=1.0,
    restarts=0,
)


def record_of(inputs: DecideInputs) -> CycleRecord:
    decision, memory = decide(inputs)
    return CycleRecord(inputs=inputs, decision=decision, memory=memory)


def view_of(inputs: DecideInputs | None = None, **changes: Any) -> SiteView:
    values: dict[str, Any] = {
        "seq": 3,
        "site": "home",
        "version": "0.1.0",
        "live": True,
        "speed": 1.0,
        "record": record_of(inputs or inputs_of(*setup_of().rules)),
        "devices": (DEVICE,),
        "keeper": KEEPER,
        "workloads": (MINER,),
        "network": None,
        "books": Books(),
        "forecast": None,
        "plan": None,
        "events": (),
        "stats": DaemonStats(),
    }
    return make_view(Sources(**{**values, **changes}))


def test_picture_shows_the_newest_decision() -> None:
    record = record_of(inputs_of(*setup_of().rules))
    view = view_of(record=record)

    assert (view.seq, view.site, view.live) == (3, "home", True)
    assert view.state == record.inputs.state
    assert view.decision == record.decision
    assert view.degraded == ()
    assert (view.rest_of_day, view.plan, view.forecast) == (None, (), ())


def test_everything_that_fails_is_a_sentence() -> None:
    view = view_of(
        devices=(replace(DEVICE, error="no answer from 10.0.0.7:502 in 3 s"),),
        keeper=replace(KEEPER, error="no answer on /run/solard/gpu.sock"),
        workloads=(MINER, replace(MINER, name="chain", health="starting"), hung()),
        config_problem="configuration not reloaded: solard.yaml:3: unknown key",
        forecast=Forecast(
            issued_at=NOON, source="own", slots=(), problem="Open-Meteo: no answer in 20 s"
        ),
        storage_problem="disk full",
        price_problem="Energy-Charts: no answer in 20 s",
    )

    assert view.degraded == (
        "inverter: no answer from 10.0.0.7:502 in 3 s",
        "GPU keeper: no answer on /run/solard/gpu.sock",
        "validator: silent for 7 s",
        "configuration not reloaded: solard.yaml:3: unknown key",
        "forecast: Open-Meteo: no answer in 20 s",
        "prices: Energy-Charts: no answer in 20 s",
        "storage: disk full",
    )


def test_work_that_rests_by_intent_is_no_failure() -> None:
    watched = replace(MINER, health="not running (observing)")
    at_night = replace(MINER, health="at rest: there is no power for it")

    assert view_of(workloads=(watched, at_night)).degraded == ()


def hung() -> WorkloadView:
    return replace(MINER, name="validator", health="silent for 7 s")


def test_policy_shows_each_condition_with_its_live_value() -> None:
    (policy,) = view_of(inputs_of(QUIET)).policies

    assert policy.name == "quiet noon"
    assert policy.acts is True
    assert [(c.text, c.value, c.holds) for c in policy.when] == [
        ("time between 11:00 and 14:00", "12:00", True),
        ("surplus below 5 kW", "2.6 kW", True),
    ]
    assert [(c.text, c.value, c.holds) for c in policy.unless] == [
        ("battery above 95 %", "70 %", False)
    ]


def test_policy_with_an_unknown_value_says_so_and_acts() -> None:
    (policy,) = view_of(inputs_of(QUIET, state=state_of(pv_w=None))).policies

    assert policy.when[1].value == "unknown"
    assert policy.when[1].holds is None
    assert policy.acts is True, "it lowers power, so it acts where it cannot know"


def test_excused_policy_rests() -> None:
    state = state_of()
    assert state.battery is not None
    full = replace(state, battery=replace(state.battery, soc=0.96))
    (policy,) = view_of(inputs_of(QUIET, state=full)).policies

    assert policy.acts is False
    assert policy.unless[0].holds is True


def test_rest_of_the_day_is_what_the_plan_expects_until_midnight() -> None:
    slots = (
        plan_slot(-0.5, battery_w=-1000.0, grid_w=-100.0),
        plan_slot(0.5, battery_w=500.0, grid_w=300.0),
        plan_slot(11.5, pv_w=0.0, house_w=400.0, rig_w=0.0, battery_w=400.0, grid_w=0.0),
        plan_slot(12.5, pv_w=999.0),
    )
    view = view_of(plan=plan_of(*slots))

    rest = view.rest_of_day
    assert rest is not None
    assert rest.pv_wh == pytest.approx(0.5 * 2000 + 1.0 * 2000)
    assert rest.house_wh == pytest.approx(0.5 * 400 + 1.0 * 400 + 0.5 * 400)
    assert rest.grid_in_wh == pytest.approx(300.0)
    assert rest.grid_out_wh == pytest.approx(50.0)
    assert rest.battery_in_wh == pytest.approx(500.0)
    assert rest.battery_out_wh == pytest.approx(500.0 + 0.5 * 400)
    assert len(view.plan) == 4, "the plan goes on after midnight"


def test_day_runs_from_local_midnight_to_midnight() -> None:
    assert local_day_bounds(state_of()) == (
        datetime(2024, 5, 31, 22, 0, tzinfo=UTC),
        datetime(2024, 6, 1, 22, 0, tzinfo=UTC),
    )
    late = state_of(taken_at=NOON + timedelta(hours=13))
    assert local_day_bounds(late)[0] == datetime(2024, 6, 1, 22, 0, tzinfo=UTC)


def test_tick_times_need_two_ticks() -> None:
    assert tick_quantiles_ms(()) == (None, None)
    assert tick_quantiles_ms((0.001,)) == (None, None)

    p50_ms, p99_ms = tick_quantiles_ms(tuple(n / 1000.0 for n in range(101)))
    assert p50_ms == pytest.approx(50.0)
    assert p99_ms == pytest.approx(99.0)

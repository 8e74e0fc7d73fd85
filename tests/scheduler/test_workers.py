"""Worker programs, really spawned: answers, sentences, deadlines, and nothing left behind."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.workers import WorkerFailed, run_calibration, run_forecast, run_plan
from solard.core.codec import Codec
from solard.core.planning import BatterySpec, ForecastRequest, PlanRequest
from solard.core.rig import GpuCard, Rig
from solard.core.tariff import Tariff
from solard.system.processes import descendants
from tests.scheduler.plans import battery_of, request_of, rig_of
from tests.scheduler.skies import FRANCE, MONDAY, clear_weeks

DAWN = MONDAY + timedelta(hours=4)
HEAVY = ("pvlib", "pandas", "scipy", "aiohttp", "sqlalchemy", "apscheduler")


def asked(days: int = 3) -> ForecastRequest:
    return ForecastRequest(
        site=FRANCE, issued_at=DAWN, history=clear_weeks(FRANCE, DAWN, days=days)
    )


def card(index: int) -> GpuCard:
    return GpuCard(
        gpu_id=f"gpu-{index}",
        index=index,
        name="Card",
        min_w=100.0,
        default_w=300.0,
        max_w=300.0,
        parked_w=15.0,
    )


def children() -> frozenset[int]:
    return descendants(os.getpid())


@pytest.fixture
def others() -> frozenset[int]:
    """Processes that other tests of this session keep for later."""
    return children()


async def test_sun_becomes_a_forecast_and_the_forecast_a_plan(others: frozenset[int]) -> None:
    forecast = await run_forecast(asked())
    plan = await run_plan(
        PlanRequest(
            forecast=forecast,
            timezone=FRANCE.timezone,
            rig=Rig(host_w=90.0, cards=(card(0), card(1))),
            tariff=Tariff(import_per_kwh=0.30, export_per_kwh=0.08),
            battery=BatterySpec(
                capacity_wh=5000.0,
                efficiency=0.95,
                max_charge_w=2500.0,
                max_discharge_w=2500.0,
                standby_soc=0.25,
            ),
            soc=0.5,
        )
    )

    assert plan.made_at == forecast.issued_at
    assert plan.slots[0].starts_at == forecast.slots[0].starts_at
    assert max(slot.cards_on for slot in plan.slots) == 2
    assert children() <= others


async def test_calibration_comes_from_the_same_worker() -> None:
    calibration = await run_calibration(asked())

    assert calibration.learned_slots > 100
    assert calibration.made_at == DAWN


async def test_bad_time_zone_is_one_sentence() -> None:
    nowhere = replace(asked(), site=replace(FRANCE, timezone="Mars/Olympus"))

    with pytest.raises(WorkerFailed, match=r"forecast worker failed: .*Mars/Olympus") as failure:
        await run_forecast(nowhere)

    assert "\n" not in str(failure.value)


async def test_late_worker_is_ended_and_said_so(others: frozenset[int]) -> None:
    with pytest.raises(WorkerFailed, match=r"no answer in 0\.3 s"):
        await run_forecast(asked(), deadline_s=0.3)

    assert children() <= others


async def test_worker_that_nobody_waits_for_is_ended(others: frozenset[int]) -> None:
    waiting = asyncio.create_task(run_forecast(asked()))
    while not children():
        await asyncio.sleep(0.02)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert children() <= others


@pytest.mark.parametrize("worker", ["forecast", "plan"])
def test_nonsense_on_stdin_is_one_sentence_and_exit_1(worker: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"scheduler.{worker}_worker"],
        input="{]",
        text=True,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "no JSON" in done.stderr


def test_plan_loads_no_weather_and_no_tables() -> None:
    code = f"import sys, scheduler.planner; print([n for n in {HEAVY} if n in sys.modules])"

    said = subprocess.run(
        [sys.executable, "-c", code], text=True, capture_output=True, check=True
    ).stdout

    assert said == "[]\n"


def test_plan_of_two_days_needs_less_than_60_mib() -> None:
    quarters = [(1000.0, 300.0), (0.0, 300.0)] * 96
    request = request_of(quarters, rig=rig_of(4), battery=battery_of(), soc=0.6, start_cost=0.004)
    code = (
        "import sys; from scheduler.planner import make_plan; from solard.core.codec import Codec;"
        "from solard.core.planning import PlanRequest;"
        "make_plan(Codec().loads(PlanRequest, sys.stdin.read()));"
        "status = open('/proc/self/status').read().split();"
        "print(status[status.index('VmHWM:') + 1])"
    )

    said = subprocess.run(
        [sys.executable, "-c", code],
        input=Codec().dumps(request),
        text=True,
        capture_output=True,
        check=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    ).stdout

    assert int(said) < 60 * 1024


def test_worker_confines_itself() -> None:
    code = (
        "import os, resource; from scheduler.worker_program import confine; confine();"
        "print(os.environ['OPENBLAS_NUM_THREADS'], os.nice(0) > 0,"
        "resource.getrlimit(resource.RLIMIT_CPU)[0], resource.getrlimit(resource.RLIMIT_AS)[0])"
    )

    said = subprocess.run(
        [sys.executable, "-c", code], text=True, capture_output=True, check=True
    ).stdout

    assert said == f"1 True 60 {2 << 30}\n"

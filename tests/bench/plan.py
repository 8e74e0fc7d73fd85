"""What a plan of 48 h costs, by cards and jobs: its search here, its worker and EMHASS outside."""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from math import pi, sin
from pathlib import Path

from scheduler.planner import make_plan
from scheduler.workers import run_plan
from solard.core.job import JobDemand
from solard.core.plan import Plan
from solard.core.planning import PlanRequest
from tests.bench.figures import Figure
from tests.bench.stage import NotMeasured
from tests.bench.workers import WorkerWatch
from tests.kept_python import NotInstallable, python_with
from tests.scheduler.plans import MIDNIGHT, MINER, battery_of, request_of, rig_of

SEED = 20240601
CASES = ((4, 0, None), (4, 10, 0.5), (8, 20, 2.0))
"""Cards, jobs, and the seconds below which 95 % of all plans should stay."""
MEMORY_BELOW_MB = 60.0
STEP_S = 900
EMHASS = "0.18.0"
EMHASS_WITHIN_S = 300.0


def measure_plan(rounds: int) -> tuple[Figure, ...]:
    """Return every figure of this theme; `rounds` different questions for each case."""
    figures = [_of_case(*case, rounds) for case in CASES]
    return (*figures, *asyncio.run(_of_workers(max(2, rounds // 4))))


def _of_case(cards: int, jobs: int, below_s: float | None, rounds: int) -> Figure:
    chance = random.Random(SEED)
    solves = sorted(make_plan(_question(cards, jobs, chance)).solve_s for _ in range(rounds))
    worst = solves[min(len(solves) - 1, int(0.95 * len(solves)))]
    return Figure(
        name=f"plan: {cards} cards, {jobs} jobs, 48 h (95 % below)",
        unit="s",
        values=(worst,),
        below=below_s,
        how=f"{rounds} questions with other skies, charges and jobs",
    )


async def _of_workers(rounds: int) -> tuple[Figure, ...]:
    chance = random.Random(SEED)
    questions = [_question(4, 10, chance) for _ in range(rounds)]
    with WorkerWatch(os.getpid()) as watch:
        plans = [await run_plan(question) for question in questions]
    runs = watch.of("plan worker")
    if not runs:
        return ()
    walls, peaks = tuple(run.wall_s for run in runs), tuple(run.peak_mb for run in runs)
    return (
        Figure(name="plan: worker of 4 cards, 10 jobs, start to end", unit="s", values=walls),
        Figure(
            name="plan: worker of 4 cards, 10 jobs, memory (RSS)",
            unit="MB",
            values=peaks,
            below=MEMORY_BELOW_MB,
        ),
        *_of_emhass(questions[0], plans[0]),
    )


def _of_emhass(request: PlanRequest, plan: Plan) -> tuple[Figure, ...]:
    """Ask EMHASS about the same two days, where it can be installed."""
    try:
        python = python_with("emhass", EMHASS)
    except NotInstallable as err:
        print(f"bench: {err}", file=sys.stderr)
        return ()
    began_s = time.monotonic()
    done = subprocess.run(
        [python, Path(__file__).with_name("emhass_plan.py")],
        input=json.dumps(_in_its_words(request, plan)),
        capture_output=True,
        text=True,
        timeout=EMHASS_WITHIN_S,
        check=False,
    )
    wall_s = time.monotonic() - began_s
    if done.returncode != 0:
        raise NotMeasured(f"EMHASS {EMHASS} failed: {done.stderr.strip()[-300:]}")
    answer = json.loads(done.stdout)
    name = f"plan: EMHASS {EMHASS}, the same sun, house, cards and jobs"
    how = f"{answer['status']}; it knows no curves: cards are on or off, as long as in our plan"
    return (
        Figure(name=f"{name}, start to end", unit="s", values=(wall_s,), how=how),
        Figure(name=f"{name}, search", unit="s", values=(answer["plan_s"],)),
        Figure(name=f"{name}, memory (RSS)", unit="MB", values=(answer["peak_mb"],)),
    )


def _in_its_words(request: PlanRequest, plan: Plan) -> dict[str, object]:
    """Return the question with cards and jobs as what EMHASS knows: loads that can wait."""
    slots, battery, tariff = plan.slots, request.battery, request.tariff
    assert battery is not None
    cards = request.rig.cards
    hours = sum(slot.cards_on * (slot.ends_at - slot.starts_at).total_seconds() for slot in slots)
    work = {"first": 0, "last": 0, "block": False, "steps": round(hours / STEP_S / len(cards))}
    return {
        "step_s": STEP_S,
        "pv_w": [slot.pv_w for slot in request.forecast.slots],
        "house_w": [slot.house_w for slot in request.forecast.slots],
        "import_per_kwh": tariff.import_per_kwh,
        "export_per_kwh": tariff.export_per_kwh,
        "battery": {
            "soc": request.soc,
            "capacity_wh": battery.capacity_wh,
            "max_charge_w": battery.max_charge_w,
            "max_discharge_w": battery.max_discharge_w,
            "least_soc": battery.standby_soc,
        },
        "loads": [work | {"power_w": card.max_w} for card in cards]
        + [
            {
                "power_w": job.power_w,
                "steps": round(job.remaining_s / STEP_S),
                "first": 0,
                "last": round((job.deadline_at - MIDNIGHT).total_seconds() / STEP_S),
                "block": not job.interruptible,
            }
            for job in request.jobs
            if job.deadline_at is not None
        ],
    }


def _question(cards: int, jobs: int, chance: random.Random) -> PlanRequest:
    peak_w = chance.uniform(1000.0, 6000.0)
    quarters = [(_sun_w(index / 4.0, peak_w), 500.0) for index in range(192)]
    rig = rig_of(cards)
    team = replace(
        MINER, gpu_ids=tuple(card.gpu_id for card in rig.cards), worth_per_h=0.016 * cards
    )
    return request_of(
        quarters,
        rig=rig,
        workloads=(team,),
        battery=battery_of(standby_soc=0.1, work_above_soc=0.1),
        soc=chance.uniform(0.1, 1.0),
        start_cost=0.004,
        jobs=tuple(_job(index, chance) for index in range(jobs)),
    )


def _sun_w(hours: float, peak_w: float) -> float:
    return max(0.0, peak_w * sin((hours % 24.0 - 6.0) / 12.0 * pi))


def _job(index: int, chance: random.Random) -> JobDemand:
    return JobDemand(
        job_id=str(index),
        power_w=chance.uniform(200.0, 900.0),
        cards=chance.randint(1, 2),
        remaining_s=chance.choice((1800.0, 3600.0, 7200.0)),
        deadline_at=MIDNIGHT + timedelta(hours=chance.randint(6, 47)),
        value=chance.uniform(0.05, 0.6),
        interruptible=index % 2 == 0,
        mandatory=index % 5 == 0,
    )

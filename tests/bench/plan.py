"""What a plan of 48 h costs, by cards and jobs: its search in this process, its worker outside."""

import asyncio
import os
import random
from dataclasses import replace
from datetime import timedelta
from math import pi, sin

from scheduler.planner import make_plan
from scheduler.workers import run_plan
from solard.core.job import JobDemand
from solard.core.planning import PlanRequest
from tests.bench.figures import Figure
from tests.bench.workers import WorkerWatch
from tests.scheduler.plans import MIDNIGHT, MINER, battery_of, request_of, rig_of

SEED = 20240601
CASES = ((4, 0, None), (4, 10, 0.5), (8, 20, 2.0))
"""Cards, jobs, and the seconds below which 95 % of all plans should stay."""
MEMORY_BELOW_MB = 60.0


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
    with WorkerWatch(os.getpid()) as watch:
        for _ in range(rounds):
            await run_plan(_question(4, 10, chance))
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
    )


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

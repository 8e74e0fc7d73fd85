"""What splitting a budget over six measured cards takes, and what it wins over an equal split."""

import time
from statistics import median

from hardware.gpu.curves import curve_for
from solard.core.allocate import allocate
from solard.core.curves import WorkCurve
from solard.core.inputs import CardMemory, DecideInputs
from solard.core.modes import WorkMode
from solard.core.rig import GpuCard, Rig
from tests.bench.figures import Figure, once
from tests.core.sites import inputs_of, remembering

KINDS = ("rtx3090-llm", "rtx3090-llm", "rtx6000-bert", "rtx6000-bert", "v100-bert", "a40-bert")
PARKED_W = 22.0
BUDGETS_W = tuple(float(budget) for budget in range(300, 1600, 25))
EQUAL_AT_W = 500.0
"""For four 3090s: where an equal split stands on the cliff of its cards."""


def measure_allocation() -> tuple[Figure, ...]:
    """Return how long one split takes, and its work as a multiple of an equal split's."""
    rig = _rig(tuple(curve_for(name) for name in KINDS))
    taken: list[float] = []
    for running in (0, 3, 6):
        inputs = _inputs(rig, running)
        for budget_w in BUDGETS_W:
            started_s = time.thread_time()
            allocate(inputs, budget_w, WorkMode.FULL, ())
            taken.append((time.thread_time() - started_s) * 1000.0)
    taken.sort()
    how = "CPU time; every set of six measured cards weighed, budgets from 300 to 1575 W"
    return (
        once("split over 6 cards p50", "ms", median(taken), how=how),
        once("split over 6 cards p99", "ms", taken[int(len(taken) * 0.99)], below=5.0, how=how),
        once(
            f"work of four 3090s at {EQUAL_AT_W:.0f} W, by an equal split's",
            "×",
            _gain(),
            how="measured curve; parked cards draw 22 W",
        ),
    )


def _gain() -> float:
    curve = curve_for("rtx3090-llm")
    rig = _rig((curve,) * 4)
    best = 0.0
    for running in range(5):
        result = allocate(_inputs(rig, running), EQUAL_AT_W, WorkMode.FULL, ())
        works = (curve.work_at(limit.limit_w) for limit in result.limits if not limit.parked)
        best = max(best, sum(works))
    return best / (4 * curve.work_at(EQUAL_AT_W / 4))


def _rig(curves: tuple[WorkCurve, ...]) -> Rig:
    cards = tuple(
        GpuCard(
            gpu_id=f"gpu-{index}",
            index=index,
            name="card",
            min_w=curve.points[0].power_w,
            default_w=curve.points[-1].power_w,
            max_w=curve.points[-1].power_w,
            parked_w=PARKED_W,
        )
        for index, curve in enumerate(curves)
    )
    named = tuple((card.gpu_id, curve) for card, curve in zip(cards, curves, strict=True))
    return Rig(host_w=0.0, psu_efficiency=1.0, cards=cards, curves=named)


def _inputs(rig: Rig, running: int) -> DecideInputs:
    memory = remembering(
        cards=tuple(
            CardMemory(gpu_id=card.gpu_id, parked=card.index >= running, since_s=-1e6)
            for card in rig.cards
        )
    )
    return inputs_of(rig=rig, memory=memory)

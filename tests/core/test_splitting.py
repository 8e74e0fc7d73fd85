"""Watts over cards by their curves: measured cards, and every set of cards searched through."""

import csv
import random
import statistics
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.gpu.curves import curve_for
from solard.core.allocate import allocate
from solard.core.curves import CurvePoint, WorkCurve
from solard.core.inputs import CardMemory
from solard.core.modes import WorkMode
from solard.core.rig import GpuCard, PowerTerms, Rig, Workload, hands_off_cards
from solard.core.splitting import Split
from tests.core.sites import inputs_of, remembering

A40 = Path(__file__).with_name("data") / "a40_squad.csv"
PARKED_3090_W, PARKED_A40_W = 22.0, 22.0


def rig_of_curves(curves: list[WorkCurve], parked_w: float) -> Rig:
    cards = tuple(
        GpuCard(
            gpu_id=f"gpu-{index}",
            index=index,
            name="card",
            min_w=curve.points[0].power_w,
            default_w=curve.points[-1].power_w,
            max_w=curve.points[-1].power_w,
            parked_w=parked_w,
        )
        for index, curve in enumerate(curves)
    )
    named = tuple((card.gpu_id, curve) for card, curve in zip(cards, curves, strict=True))
    return Rig(host_w=0.0, psu_efficiency=1.0, cards=cards, curves=named)


def work_of_best_set(curves: list[WorkCurve], parked_w: float, budget_w: float) -> float:
    """Return the work of what `allocate` gives to cards that may start and park as it likes."""
    rig = rig_of_curves(curves, parked_w)
    best = 0.0
    for running in range(len(curves) + 1):  # cards start one by one: each state reaches the next
        memory = remembering(
            cards=tuple(
                CardMemory(gpu_id=card.gpu_id, parked=card.index >= running, since_s=-1e6)
                for card in rig.cards
            )
        )
        inputs = inputs_of(rig=rig, memory=memory)
        result = allocate(inputs, budget_w, WorkMode.FULL, ())
        assert result.cards_w <= budget_w + 1e-6
        given = {limit.gpu_id: limit.limit_w for limit in result.limits if not limit.parked}
        work = sum(curve.work_at(given.get(name, 0.0)) for name, curve in rig.curves)
        best = max(best, work)
    return best


def work_of_equal_split(curves: list[WorkCurve], budget_w: float) -> float:
    return sum(curve.work_at(budget_w / len(curves)) for curve in curves)


def a40_curves() -> list[WorkCurve]:
    """Return one curve per measured batch size, in shares of full speed."""
    with A40.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    curves = []
    for batch in dict.fromkeys(row["batch_size"] for row in rows):
        points = [(float(r["power_w"]), float(r["work"])) for r in rows if r["batch_size"] == batch]
        full = max(work for _, work in points)
        curves.append(WorkCurve(points=tuple(CurvePoint(w, work / full) for w, work in points)))
    return curves


@pytest.mark.parametrize(
    ("budget_w", "equal", "best"),
    [(400.0, 72.0, 134.0), (500.0, 80.0, 183.0), (600.0, 168.0, 237.0)],
)
def test_four_3090s_beat_an_equal_split_as_measured(budget_w, equal, best):
    curves, full = [curve_for("rtx3090-llm")] * 4, 103.0

    assert work_of_equal_split(curves, budget_w) * full == pytest.approx(equal, abs=0.5)
    assert work_of_best_set(curves, PARKED_3090_W, budget_w) * full >= best - 1.0


def test_eight_hundred_watts_for_four_3090s_leave_nothing_to_win():
    curves = [curve_for("rtx3090-llm")] * 4

    best = work_of_best_set(curves, PARKED_3090_W, 800.0)

    assert best == pytest.approx(work_of_equal_split(curves, 800.0), rel=0.01)


@pytest.mark.parametrize(
    ("budget_w", "equal", "best"), [(400.0, 0.0, 1.64), (500.0, 1.60, 2.08), (600.0, 2.46, 2.73)]
)
def test_four_a40s_in_training_beat_an_equal_split_as_measured(budget_w, equal, best):
    kinds = a40_curves()

    equals = [work_of_equal_split([curve] * 4, budget_w) for curve in kinds]
    bests = [work_of_best_set([curve] * 4, PARKED_A40_W, budget_w) for curve in kinds]

    assert len(kinds) == 8
    assert statistics.median(equals) == pytest.approx(equal, abs=0.01)
    assert statistics.median(bests) >= best - 0.01


def searched(curves: list[WorkCurve], room_w: float, step_w: float) -> float:
    """Return the best work over all sets of cards and all splits in steps: by dynamic programming.

    `room_w` is what all cards have together; a card that is left out takes nothing.
    """
    slots = int(room_w / step_w)
    best = [0.0] * (slots + 1)
    for curve in curves:
        first = curve.points[0].power_w
        options = [
            (n, curve.work_at(n * step_w))
            for n in range(slots + 1)
            if first <= n * step_w <= curve.points[-1].power_w + step_w
        ]
        best = [
            max([best[have], *(best[have - n] + work for n, work in options if n <= have)])
            for have in range(slots + 1)
        ]
    return best[slots]


def reached(curves: list[WorkCurve], room_w: float) -> float:
    """Return the best work over all sets of cards by `Split`."""
    split, best = Split(tuple(curves)), 0.0
    for count in range(len(curves) + 1):
        for group in combinations(range(len(curves)), count):
            left_w = room_w - sum(curves[seat].points[0].power_w for seat in group)
            if left_w >= 0:
                best = max(best, split.work(split.best(frozenset(group), left_w)))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_measured_cards_are_within_a_percent_of_every_split_there_is(seed):
    chance = random.Random(seed)
    kinds = [*a40_curves(), *(curve_for(name) for name in ("rtx3090-llm", "rtx6000-bert"))]
    curves = chance.sample(kinds, chance.randint(3, 6))
    room_w = chance.uniform(120.0, 150.0) * len(curves)

    assert reached(curves, room_w) >= 0.99 * searched(curves, room_w, 4.0)


@st.composite
def s_curves(draw: st.DrawFn) -> WorkCurve:
    """A card with a cliff near its floor: little at first, then steep, then flat."""
    floor_w = draw(st.floats(60.0, 150.0))
    steps = draw(st.lists(st.floats(15.0, 60.0), min_size=3, max_size=6))
    gains = sorted(draw(st.lists(st.floats(0.1, 1.0), min_size=len(steps), max_size=len(steps))))
    gains = [gains[0], *reversed(gains[1:])]
    points = [CurvePoint(floor_w, draw(st.floats(0.0, 20.0)))]
    for step_w, gain in zip(steps, gains, strict=True):
        last = points[-1]
        points.append(CurvePoint(last.power_w + step_w, last.work_rate + gain * step_w))
    return WorkCurve(points=tuple(points))


@settings(max_examples=40, deadline=None)
@given(st.lists(s_curves(), min_size=2, max_size=4), st.floats(0.3, 1.0))
def test_cards_with_a_cliff_are_within_a_percent_of_every_split_there_is(curves, share):
    room_w = share * sum(curve.points[-1].power_w for curve in curves)

    assert reached(curves, room_w) >= 0.99 * searched(curves, room_w, 2.0) - 1e-9


@settings(max_examples=60, deadline=None)
@given(st.lists(s_curves(), min_size=1, max_size=5), st.floats(0.0, 1.2))
def test_a_split_stays_in_its_room_and_below_its_bound(curves, share):
    split, group = Split(tuple(curves)), frozenset(range(len(curves)))
    room_w = share * sum(curve.points[-1].power_w - curve.points[0].power_w for curve in curves)

    given_w = split.best(group, room_w)

    above_w = sum(given_w[seat] - curve.points[0].power_w for seat, curve in enumerate(curves))
    assert above_w <= room_w + 1e-6
    assert all(curve.points[0].power_w <= given_w[seat] for seat, curve in enumerate(curves))
    assert split.work(given_w) <= split.bound(group, room_w) + 1e-6


def test_work_by_bisection_is_the_curves_own():
    curve = curve_for("a40-bert")
    split = Split((curve,))

    for low, high in pairwise([0.0, 101.27, 120.0, 149.5, 276.88, 400.0]):
        power_w = (low + high) / 2
        assert split.work({0: power_w}) == pytest.approx(curve.work_at(power_w))


def test_watts_below_every_lowest_limit_give_nothing():
    rig = rig_of_curves([curve_for("a40-bert")] * 2, PARKED_A40_W)

    result = allocate(inputs_of(rig=replace(rig)), 100.0, WorkMode.FULL, ())

    assert result.working == 0


def test_a_card_without_a_cliff_is_never_tried_at_its_points_beside_one_that_has_one():
    straight = WorkCurve(points=(CurvePoint(100.0, 10.0), CurvePoint(200.0, 60.0)))
    cliff = WorkCurve(
        points=(CurvePoint(100.0, 0.0), CurvePoint(150.0, 1.0), CurvePoint(200.0, 80.0))
    )
    split = Split((straight, cliff))

    assert split.best(frozenset({0, 1}), 60.0) == {0: 160.0, 1: 100.0}
    assert split.best(frozenset({0, 1}), 100.0) == {0: 100.0, 1: 200.0}


def test_hands_off_cards_are_those_of_workloads_that_say_so():
    work = (
        Workload(name="rent", gpu_ids=("a", "b"), terms=PowerTerms.HANDS_OFF),
        Workload(name="llm", gpu_ids=("c",)),
    )

    assert hands_off_cards(work) == frozenset({"a", "b"})

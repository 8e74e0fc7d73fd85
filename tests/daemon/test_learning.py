"""Which looks at a card become samples, and when curves change."""

import pytest

from solard.core.curves import prior_curve
from solard.core.learning import LearnedCurve
from solard.core.rig import GpuCard, Workload
from solard.core.state import CardHealth, GpuState
from solard.daemon.learning import PUBLISH_S, Learning
from tests.core.sites import NOON

CARDS = tuple(
    GpuCard(
        gpu_id=f"gpu-{index}",
        index=index,
        name="card",
        min_w=100.0,
        default_w=300.0,
        max_w=300.0,
        parked_w=20.0,
    )
    for index in range(2)
)
WORK = (
    Workload(name="one", gpu_ids=("gpu-0",)),
    Workload(name="two", gpu_ids=("gpu-1",)),
)
PRIOR = prior_curve(min_w=100.0, max_w=300.0, default_w=300.0)


class Kept:
    """A store that remembers what it was given."""

    def __init__(self) -> None:
        self.curves: list[tuple[LearnedCurve, ...]] = []

    def put_curves(self, learned: tuple[LearnedCurve, ...]) -> None:
        self.curves.append(learned)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def learning(kept: Kept) -> Learning:
    return Learning(kept)  # type: ignore[arg-type]


def gpu(limit_w: float = 200.0, power_w: float = 190.0, **changes: object) -> GpuState:
    values: dict[str, object] = {
        "gpu_id": "gpu-0",
        "limit_w": limit_w,
        "enforced_w": limit_w,
        "power_w": power_w,
        "temperature_c": 60.0,
        "utilization": 1.0,
        "parked": False,
    }
    return GpuState(**{**values, **changes})  # type: ignore[arg-type]


def watch(learning: Learning, seconds: int, start_s: int = 0, **how: object) -> None:
    rates = how.pop("rates", {"one": 40.0})
    work = how.pop("work", WORK)
    for now_s in range(start_s, start_s + seconds + 1, 2):
        learning.take(CARDS, (gpu(**how),), work, rates, NOON, float(now_s))  # type: ignore[arg-type]


def bins(learning: Learning) -> list[tuple[float, float]]:
    return [
        (round(one.power_w, 1), round(one.rate, 1))
        for learned in learning.learned.values()
        for one in learned.bins
    ]


def test_a_minute_of_steady_work_after_settling_is_a_sample(learning):
    watch(learning, 80)
    too_early = bins(learning)
    watch(learning, 20, start_s=82)

    assert too_early == []
    assert bins(learning) == [(190.0, 40.0)]


def test_a_new_limit_starts_the_wait_again(learning):
    watch(learning, 80)
    watch(learning, 60, start_s=82, limit_w=150.0, power_w=148.0)
    watch(learning, 60, start_s=144, limit_w=150.0, power_w=148.0)

    assert bins(learning) == [(148.0, 40.0)]


@pytest.mark.parametrize(
    "how",
    [
        {"parked": True},
        {"health": CardHealth.MANUAL},
        {"power_w": None},
        {"rates": {}},
        {"work": (Workload(name="one", gpu_ids=("gpu-0", "gpu-1")),)},  # the second is unread
        {"work": (*WORK, Workload(name="three", gpu_ids=("gpu-0",)))},
        {"work": ()},
    ],
    ids=["parked", "not ours", "no draw", "no rate", "two cards", "two programs", "no program"],
)
def test_what_nobody_can_tell_apart_is_no_sample(learning, how):
    watch(learning, 200, **how)

    assert bins(learning) == []


def test_a_card_that_says_its_own_rate_needs_no_workload_to_say_it(learning):
    watch(learning, 100, rates={}, work_rate=0.5)

    assert bins(learning) == [(190.0, 0.5)]


def test_curves_are_published_and_kept_every_ten_minutes(learning, kept):
    first = learning.curves(CARDS, WORK, 0.0)
    watch(learning, 100)
    unchanged = learning.curves(CARDS, WORK, PUBLISH_S - 1.0)
    later = dict(learning.curves(CARDS, WORK, PUBLISH_S))

    assert first == unchanged == (("gpu-0", PRIOR), ("gpu-1", PRIOR))
    assert later["gpu-0"] != PRIOR
    assert later["gpu-0"].points[-1].work_rate == pytest.approx(1.0)
    assert later["gpu-1"] == PRIOR
    assert [learned[0].workload for learned in kept.curves] == ["one"]


def test_curves_of_an_earlier_run_hold_from_the_first_tick(learning, kept):
    watch(learning, 100)
    again = Learning(kept, dict(learning.learned))

    assert dict(again.curves(CARDS, WORK, 5.0))["gpu-0"] != PRIOR
    assert kept.curves == []


def test_cards_of_one_workload_are_compared_by_what_they_really_do(kept):
    work = (Workload(name="both", gpu_ids=("gpu-0", "gpu-1")),)
    learning = Learning(kept)
    for now_s in range(0, 120, 2):
        fast, slow = gpu(work_rate=30.0), gpu(gpu_id="gpu-1", work_rate=10.0)
        learning.take(CARDS, (fast, slow), work, {}, NOON, float(now_s))

    curves = dict(learning.curves(CARDS, work, 120.0))

    assert curves["gpu-0"].work_at(200.0) == pytest.approx(3 * curves["gpu-1"].work_at(200.0))


def both(learning: Learning, now_s: int, limits: tuple[float, float], rate: float) -> None:
    work = (Workload(name="both", gpu_ids=("gpu-0", "gpu-1")),)
    gpus = tuple(
        gpu(limit_w, limit_w, gpu_id=f"gpu-{index}") for index, limit_w in enumerate(limits)
    )
    learning.take(CARDS, gpus, work, {"both": rate}, NOON, float(now_s))
    learning.curves(CARDS, work, float(now_s))


def test_one_rate_of_several_cards_is_shared_by_what_is_expected_of_each(kept):
    learning = Learning(kept)
    for now_s in range(0, 102, 2):
        both(learning, now_s, (300.0, 150.0), 100.0)

    rates = {key[0]: one.bins[0].rate for key, one in learning.learned.items()}

    assert rates["gpu-0"] + rates["gpu-1"] == pytest.approx(100.0)
    assert rates["gpu-0"] / rates["gpu-1"] == pytest.approx(
        PRIOR.work_at(300.0) / PRIOR.work_at(150.0)
    )


def test_the_card_that_changed_last_answers_for_the_difference(kept):
    learning = Learning(kept)
    for now_s in range(0, 702, 2):
        both(learning, now_s, (300.0, 300.0), 100.0)
    for now_s in range(702, 850, 2):
        both(learning, now_s, (300.0, 150.0), 55.0)

    steady = learning.learned["gpu-0", "both"].bins
    moved = learning.learned["gpu-1", "both"].bins

    assert [round(one.rate) for one in steady] == [50]
    assert [round(one.rate) for one in moved] == [5, 50]

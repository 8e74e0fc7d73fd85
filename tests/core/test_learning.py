"""Curves of work against power, learned from what cards and their workloads say."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.gpu.curves import curve_for
from solard.core.curves import prior_curve
from solard.core.learning import (
    FULL_S,
    CardPart,
    CurveBin,
    LearnedCurve,
    attribute,
    curve_of,
    learn,
    scaled,
)
from solard.core.rig import GpuCard
from tests.core.sites import NOON

CARD = GpuCard(
    gpu_id="gpu-0",
    index=0,
    name="RTX 3090",
    min_w=100.0,
    default_w=350.0,
    max_w=350.0,
    parked_w=22.0,
)
EMPTY = LearnedCurve(gpu_id="gpu-0", workload="llm")
PRIOR = prior_curve(min_w=100.0, max_w=350.0, default_w=350.0)


def taught(*samples: tuple[float, float], card: GpuCard = CARD, minutes: float = 10.0):
    learned = EMPTY
    for power_w, rate in samples:
        learned = learn(
            learned,
            card,
            power_w=power_w,
            rate=rate,
            duration_s=minutes * 60.0,
            now_at=NOON,
        )
    return learned


def test_nothing_measured_is_no_curve():
    assert curve_of(EMPTY, CARD) is None
    assert curve_of(taught((200.0, 0.0)), CARD) is None


def test_one_sample_sets_the_height_and_keeps_the_assumed_shape():
    curve = curve_of(taught((250.0, 97.0)), CARD)

    ratio = 97.0 / PRIOR.work_at(250.0)
    for power_w in (150.0, 200.0, 300.0, 350.0):
        assert curve.work_at(power_w) == pytest.approx(ratio * PRIOR.work_at(power_w), rel=0.01)


def test_a_sweep_finds_the_cliff_that_the_assumption_does_not_know():
    truth = curve_for("rtx3090-llm")

    curve = curve_of(taught(*((w, 103.0 * truth.work_at(w)) for w in range(100, 351, 25))), CARD)

    assert curve.work_at(125.0) == pytest.approx(20.0, abs=4.0)
    for power_w in (150.0, 187.0, 200.0, 250.0, 300.0, 350.0):
        assert curve.work_at(power_w) == pytest.approx(103.0 * truth.work_at(power_w), rel=0.07)


def test_samples_of_one_power_become_one_bin():
    learned = taught((200.0, 80.0), (203.0, 86.0))

    assert learned.bins == (CurveBin(power_w=201.5, rate=83.0, weight_s=1200.0),)


def test_bins_stay_in_order_of_power():
    assert [one.power_w for one in taught((300.0, 9.0), (100.0, 1.0), (200.0, 5.0)).bins] == [
        100.0,
        200.0,
        300.0,
    ]


def test_a_bin_never_knows_more_than_half_an_hour():
    learned = taught(*[(200.0, 80.0)] * 9)

    assert learned.bins[0].weight_s == FULL_S
    assert taught(*[(200.0, 80.0)] * 9, (200.0, 40.0)).bins[0].rate == pytest.approx(70.0)


def test_what_was_learned_fades_over_two_weeks():
    old = taught((200.0, 80.0))
    later = learn(
        old,
        CARD,
        power_w=300.0,
        rate=99.0,
        duration_s=60.0,
        now_at=NOON + timedelta(days=14),
    )

    assert later.bins[0].weight_s == pytest.approx(600.0 / 2.71828, rel=1e-4)
    assert later.bins[1].weight_s == 60.0


def test_draw_outside_the_envelope_bends_the_end_and_adds_no_point():
    curve = curve_of(taught((120.0, 30.0), (370.0, 100.0)), CARD)

    assert (curve.points[0].power_w, curve.points[-1].power_w) == (100.0, 350.0)


def test_shares_make_cards_with_other_work_comparable():
    curve = scaled(curve_of(taught((350.0, 103.0)), CARD), 103.0)

    assert curve.points[-1].work_rate == pytest.approx(1.0, abs=0.02)


@given(
    st.lists(
        st.tuples(st.floats(60.0, 400.0), st.floats(0.1, 200.0)),
        min_size=1,
        max_size=12,
    )
)
def test_more_watts_never_do_less_work_whatever_was_measured(samples):
    curve = curve_of(taught(*samples), CARD)

    assert curve is None or all(
        low.power_w < high.power_w and 0.0 <= low.work_rate <= high.work_rate + 1e-9
        for low, high in pairwise(curve.points)
    )


def part(expected: float, changed_s: float, *, is_measured: bool = True) -> CardPart:
    return CardPart(work_rate=expected, is_measured=is_measured, changed_s=changed_s)


def test_parts_of_a_rate_always_sum_up_to_it_before_anything_was_measured():
    parts = (part(1.0, 5.0, is_measured=False), part(0.5, 9.0, is_measured=False))

    assert attribute(90.0, parts) == (60.0, 30.0)
    assert attribute(90.0, (part(0.0, 1.0), part(0.0, 1.0))) == (45.0, 45.0)


def test_cards_that_changed_at_once_share_the_difference():
    assert attribute(90.0, (part(60.0, 5.0), part(60.0, 5.0))) == (45.0, 45.0)


def test_the_last_card_to_change_gets_the_difference_and_never_less_than_nothing():
    assert attribute(80.0, (part(60.0, 5.0), part(60.0, 9.0))) == (60.0, 20.0)
    assert attribute(40.0, (part(60.0, 5.0), part(60.0, 9.0))) == (60.0, 0.0)

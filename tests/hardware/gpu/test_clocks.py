"""Which clock holds a card at a power: pure decisions, figures by hand."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hardware.gpu.backend import ClockRange
from hardware.gpu.clocks import (
    STOP_SHARE,
    ClockLock,
    ClockNeed,
    is_exhausted,
    is_over,
    over_since_s,
    steer,
)

CLOCKS = ClockRange(min_mhz=210.0, max_mhz=2000.0)
LAPTOP = ClockNeed(
    want_w=60.0,
    draw_w=115.0,
    utilization=1.0,
    idle_w=5.0,
    full_w=115.0,
    is_over=False,
    has_limit=False,
)
DESKTOP = replace(LAPTOP, want_w=100.0, draw_w=140.0, full_w=350.0, idle_w=20.0, has_limit=True)


def over(since_s=None, *, draw_w, told_w=100.0, written_s=0.0, now_s=10.0):
    return over_since_s(since_s, draw_w=draw_w, told_w=told_w, written_s=written_s, now_s=now_s)


def test_a_draw_is_judged_three_seconds_after_a_write_and_not_before():
    assert over(draw_w=150.0, written_s=7.1) is None
    assert over(draw_w=150.0, written_s=7.0) == 10.0
    assert over(draw_w=150.0, written_s=None) == 10.0


def test_five_percent_too_much_is_obedience_and_more_is_not():
    assert over(draw_w=105.0) is None
    assert over(draw_w=105.1) == 10.0
    assert over(8.0, draw_w=120.0) == 8.0
    assert over(8.0, draw_w=100.0) is None
    assert over(8.0, draw_w=None) is None


def test_a_card_without_clocks_is_given_more_before_its_work_ends():
    assert over(draw_w=114.0) == 10.0
    assert (
        over_since_s(None, draw_w=114.0, told_w=100.0, written_s=0.0, now_s=10.0, share=STOP_SHARE)
        is None
    )


def test_two_seconds_make_a_spike_a_fault():
    assert not is_over(None, 100.0)
    assert not is_over(98.1, 100.0)
    assert is_over(98.0, 100.0)


def test_a_card_without_a_limit_is_clocked_by_the_cube_of_what_it_may_draw():
    # 2000 · ((60 − 5) / (115 − 5))^⅓
    assert steer(ClockLock(), LAPTOP, CLOCKS, 5.0) == ClockLock(
        mhz=1587.0, want_w=60.0, since_s=5.0
    )


def test_a_card_without_a_limit_runs_free_when_it_may_draw_everything():
    held = ClockLock(mhz=1587.0, want_w=60.0, since_s=5.0)
    everything = replace(LAPTOP, want_w=115.0)

    assert steer(ClockLock(), everything, CLOCKS, 5.0) == ClockLock()
    assert steer(held, everything, CLOCKS, 9.0) == ClockLock(since_s=9.0)


def test_a_limit_that_holds_needs_no_clock():
    assert steer(ClockLock(), DESKTOP, CLOCKS, 5.0) == ClockLock()


def test_a_limit_that_does_not_hold_is_held_by_the_clock():
    lock = steer(ClockLock(), replace(DESKTOP, is_over=True), CLOCKS, 5.0)

    # 2000 · ((100 − 20) / (140 − 20))^⅓
    assert lock == ClockLock(mhz=1747.0, want_w=100.0, since_s=5.0)


def test_a_limit_is_tried_alone_again_when_much_more_is_wanted():
    lock = ClockLock(mhz=1747.0, want_w=100.0, since_s=5.0)

    assert steer(lock, replace(DESKTOP, want_w=111.0), CLOCKS, 6.0) == ClockLock(since_s=6.0)


def test_less_is_followed_at_once_more_and_corrections_after_three_seconds():
    lock = ClockLock(mhz=1500.0, want_w=60.0, since_s=5.0)
    drawing = replace(LAPTOP, draw_w=70.0)

    assert steer(lock, replace(LAPTOP, want_w=40.0), CLOCKS, 5.5).mhz == 1290.0
    assert steer(lock, drawing, CLOCKS, 7.9) == lock
    assert steer(lock, drawing, CLOCKS, 8.0).mhz == 1419.0


def test_a_card_that_works_below_its_power_gets_more_by_a_tenth():
    lock = ClockLock(mhz=1000.0, want_w=60.0, since_s=5.0)
    below = replace(LAPTOP, draw_w=30.0)

    assert steer(lock, below, CLOCKS, 8.0).mhz == 1100.0
    assert steer(lock, replace(below, utilization=0.1), CLOCKS, 8.0).mhz == 1000.0
    assert steer(lock, replace(below, draw_w=None), CLOCKS, 8.0).mhz == 1000.0
    assert steer(replace(lock, mhz=2000.0), below, CLOCKS, 8.0).mhz == 2000.0


def test_a_card_at_its_lowest_clock_that_still_draws_too_much_is_exhausted():
    lowest = ClockLock(mhz=210.0, want_w=60.0)
    too_much = replace(LAPTOP, is_over=True)

    assert is_exhausted(lowest, too_much, CLOCKS)
    assert not is_exhausted(lowest, LAPTOP, CLOCKS)
    assert not is_exhausted(replace(lowest, mhz=500.0), too_much, CLOCKS)


@given(
    st.floats(0.0, 600.0),
    st.one_of(st.none(), st.floats(0.0, 900.0)),
    st.booleans(),
    st.one_of(st.none(), st.floats(210.0, 2000.0)),
)
def test_no_clock_is_ever_outside_its_range(want_w, draw_w, has_limit, mhz):
    need = replace(DESKTOP, want_w=want_w, draw_w=draw_w, has_limit=has_limit, is_over=True)

    told = steer(ClockLock(mhz=mhz, want_w=200.0), need, CLOCKS, 100.0).mhz

    assert told is None or 210.0 <= told <= 2000.0

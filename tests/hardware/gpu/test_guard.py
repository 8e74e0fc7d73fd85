"""The keeper's decisions about one card, without a card."""

from hardware.gpu.backend import Envelope, Limits
from hardware.gpu.guard import (
    Charge,
    Hold,
    Later,
    Leave,
    Memory,
    Write,
    choose,
    notice,
    wanted_w,
)
from hardware.gpu.verdicts import Verdict, judge

CARD = Envelope(min_w=100.0, default_w=350.0, max_w=390.0)


def at(limit_w: float, enforced_w: float | None = None, *, parked: bool = False) -> Limits:
    enforced_w = limit_w if enforced_w is None else enforced_w
    return Limits(limit_w=limit_w, enforced_w=enforced_w, parked=parked)


def chosen(want_w, limits, *, memory=None, parked=None, now_s=1000.0):
    return choose(
        memory or Memory(),
        want_w=want_w,
        parked=parked,
        limits=limits,
        envelope=CARD,
        now_s=now_s,
    )


def test_a_released_card_is_left_alone():
    assert wanted_w(Hold(), at(350.0), CARD, None) is None
    assert chosen(None, at(350.0)) == Leave()


def test_a_held_card_gets_its_wish():
    hold = Hold(charge=Charge.HELD, limit_w=222.0, lease_ends_s=30.0)

    assert wanted_w(hold, at(350.0), CARD, None) == 222.0


def test_failsafe_is_the_minimum_unless_configured():
    hold = Hold(charge=Charge.FAILSAFE)

    assert wanted_w(hold, at(350.0), CARD, None) == 100.0
    assert wanted_w(hold, at(350.0), CARD, 180.0) == 180.0


def test_failsafe_leaves_a_lower_limit_where_it_is():
    assert wanted_w(Hold(charge=Charge.FAILSAFE), at(120.0), CARD, 180.0) == 120.0


def test_a_lease_ends_at_its_time_and_not_before():
    hold = Hold(charge=Charge.HELD, limit_w=200.0, lease_ends_s=30.0)

    assert not hold.has_expired(29.9)
    assert hold.has_expired(30.0)
    assert not Hold(charge=Charge.FAILSAFE).has_expired(1e9)


def test_a_wish_is_clamped_before_it_is_written():
    assert chosen(1000.0, at(350.0)) == Write(390.0, parked=False)
    assert chosen(0.0, at(350.0)) == Write(100.0, parked=False)


def test_a_difference_under_a_watt_is_no_difference():
    assert chosen(200.4, at(200.0)) == Leave()
    assert chosen(201.0, at(200.0)) == Write(201.0, parked=False)


def test_parking_alone_is_a_write():
    assert chosen(100.0, at(100.0), parked=True) == Write(100.0, parked=True)
    assert chosen(100.0, at(100.0, parked=True), parked=None) == Leave()


def test_a_second_write_waits_for_the_gap():
    memory = Memory(told_w=200.0, written_s=1000.0)

    assert chosen(300.0, at(200.0), memory=memory, now_s=1000.5) == Later(1001.0)
    assert chosen(300.0, at(200.0), memory=memory, now_s=1001.0) == Write(300.0, parked=False)


def test_a_card_never_told_has_no_foreign_hands():
    assert notice(Memory(), at(300.0), 10.0) == Memory()


def test_the_third_foreign_change_in_ten_minutes_is_left_alone():
    memory = Memory(told_w=200.0)
    for moment_s in (100.0, 200.0, 300.0):
        memory = notice(memory, at(330.0), moment_s)
        counted = len(memory.foreign_s)
        memory = Memory(told_w=200.0, foreign_s=memory.foreign_s, is_manual=memory.is_manual)

    assert counted == 3
    assert memory.is_manual
    assert chosen(200.0, at(330.0), memory=memory) == Leave()


def test_foreign_changes_older_than_the_window_are_forgotten():
    memory = notice(Memory(told_w=200.0, foreign_s=(100.0, 200.0)), at(330.0), 750.0)

    assert memory.foreign_s == (200.0, 750.0)
    assert not memory.is_manual


def test_one_foreign_change_is_counted_once():
    first = notice(Memory(told_w=200.0), at(330.0), 100.0)

    assert notice(first, at(330.0), 100.5) == first


def test_the_verdict_is_read_from_the_card():
    assert judge("g", 200.0, at(200.0), CARD).outcome is Verdict.APPLIED
    assert judge("g", 200.0, at(200.0, 150.0), CARD).outcome is Verdict.CLAMPED
    assert judge("g", 500.0, at(390.0), CARD).outcome is Verdict.CLAMPED
    assert judge("g", 200.0, at(350.0), CARD).outcome is Verdict.REFUSED

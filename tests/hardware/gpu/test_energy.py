"""What a card has used: counters, power over time, and gaps."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hardware.gpu.energy import EnergyCount, count


def counted(*readings: tuple[float | None, float | None, float]) -> float:
    total = EnergyCount()
    for counter_j, power_w, now_s in readings:
        total = count(total, counter_j=counter_j, power_w=power_w, now_s=now_s)
    return total.total_j


def test_a_counter_is_believed_before_power():
    assert counted((1000.0, 300.0, 0.0), (1250.0, 300.0, 1.0), (1600.0, 300.0, 2.0)) == 600.0


def test_without_a_counter_power_is_summed_up():
    assert counted((None, 100.0, 0.0), (None, 300.0, 2.0), (None, 300.0, 3.0)) == 700.0


def test_a_counter_that_starts_anew_costs_one_reading_by_power():
    assert counted((9000.0, 200.0, 0.0), (50.0, 200.0, 1.0), (250.0, 200.0, 2.0)) == 400.0


def test_what_was_drawn_while_nobody_looked_is_unknown_and_not_guessed():
    assert counted((None, 300.0, 0.0), (None, 300.0, 60.0)) == 0.0
    assert counted((None, None, 0.0), (None, 300.0, 1.0)) == 0.0


@given(st.lists(st.tuples(st.floats(0.0, 1e6), st.floats(0.0, 1e3)), min_size=2, max_size=20))
def test_energy_never_falls(readings):
    totals, now = [], EnergyCount()
    for second, (counter_j, power_w) in enumerate(readings):
        now = count(now, counter_j=counter_j, power_w=power_w, now_s=float(second))
        totals.append(now.total_j)

    assert all(low <= high for low, high in pairwise(totals))

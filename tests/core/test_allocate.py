"""A budget split over cards: parking, dwell, steps, cards in other hands."""

from dataclasses import replace

from solard.core.allocate import Allocation, allocate
from solard.core.decision import CardCap
from solard.core.inputs import CardMemory, DecideInputs
from solard.core.modes import WorkMode
from solard.core.rig import PowerTerms, Workload
from solard.core.state import CardHealth
from tests.core.sites import inputs_of, read_card, remembering, rig_of, state_of

RUNNING = tuple(CardMemory(gpu_id=f"gpu-{i}", parked=False, since_s=0.0) for i in range(8))
PARKED = tuple(CardMemory(gpu_id=f"gpu-{i}", parked=True, since_s=0.0) for i in range(8))


def split(inputs: DecideInputs, budget_w: float, mode: WorkMode = WorkMode.FULL, *caps: CardCap):  # type: ignore[no-untyped-def]
    return allocate(inputs, budget_w, mode, caps)


def limits(allocation: Allocation) -> list[float | None]:
    return [None if limit.parked else limit.limit_w for limit in allocation.limits]


def running(count: int = 2, **changes: object) -> DecideInputs:
    memory = remembering(cards=RUNNING[:count])
    return inputs_of(rig=rig_of(count), memory=memory, **changes)  # type: ignore[arg-type]


def test_whole_budget_runs_all_cards_full() -> None:
    result = split(running(), 700.0)

    assert limits(result) == [300.0, 300.0]
    assert (result.cards_w, result.working, result.work_share) == (600.0, 2, 1.0)


def test_budget_is_never_exceeded() -> None:
    result = split(running(), 500.0)

    assert limits(result) == [200.0, 200.0]
    assert result.cards_w == 400.0


def test_one_strong_card_beats_two_weak_ones() -> None:
    result = split(running(), 360.0)

    assert limits(result) == [240.0, None]
    assert result.cards_w == 260.0


def test_cards_park_when_not_even_one_fits() -> None:
    result = split(running(), 200.0)

    assert limits(result) == [None, None]
    assert (result.working, result.work_share) == (0, 0.0)


def test_parked_card_is_told_its_lowest_limit() -> None:
    assert split(running(), 140.0).limits[0].limit_w == 100.0


def test_cards_start_one_by_one() -> None:
    cold = inputs_of(memory=remembering(cards=PARKED[:2]))
    first = split(cold, 700.0)
    at_once = split(replace(cold, memory=remembering(cards=first.memory)), 700.0)
    later = replace(cold, state=state_of(taken_s=1010.0), memory=remembering(cards=first.memory))

    assert limits(first) == [300.0, None]
    assert limits(at_once) == [300.0, None]
    assert limits(split(later, 700.0)) == [300.0, 300.0]


def test_new_rig_may_start_its_first_card_at_once() -> None:
    assert limits(split(inputs_of(), 700.0)) == [300.0, None]


def test_parked_card_rests_ten_minutes() -> None:
    lately = (
        CardMemory(gpu_id="gpu-0", parked=False, since_s=0.0),
        CardMemory(gpu_id="gpu-1", parked=True, since_s=401.0),
    )

    assert limits(split(inputs_of(memory=remembering(cards=lately)), 700.0)) == [300.0, None]


def test_budget_that_falls_parks_without_waiting() -> None:
    lately = tuple(CardMemory(gpu_id=f"gpu-{i}", parked=False, since_s=999.0) for i in range(2))

    assert limits(split(inputs_of(memory=remembering(cards=lately)), 250.0)) == [None, 130.0]


def test_slightly_better_set_is_not_worth_a_switch() -> None:
    result = split(running(), 415.0)

    assert limits(result) == [200.0, 115.0]


def test_standby_parks_all_cards() -> None:
    assert limits(split(running(), 140.0, WorkMode.STANDBY)) == [None, None]


def test_off_parks_all_cards_whatever_the_budget() -> None:
    assert limits(split(running(), 700.0, WorkMode.OFF)) == [None, None]


KEPT = Workload(
    name="sn64", gpu_ids=("gpu-0",), terms=PowerTerms.AT_LEAST, at_least_w=150.0, keep_alive=True
)


def test_keep_alive_work_keeps_its_first_card_at_standby() -> None:
    assert limits(split(running(workloads=(KEPT,)), 270.0, WorkMode.STANDBY)) == [150.0, None]


def test_keep_alive_work_goes_too_when_even_standby_does_not_fit() -> None:
    assert limits(split(running(workloads=(KEPT,)), 200.0, WorkMode.STANDBY)) == [None, None]


def test_card_is_never_told_less_than_its_work_needs() -> None:
    result = split(running(workloads=(KEPT,)), 380.0)

    assert limits(result) == [260.0, None]


def test_cap_bounds_a_card() -> None:
    result = split(running(), 700.0, WorkMode.FULL, CardCap(gpu_id="gpu-0", at_most_w=150.0))

    assert limits(result) == [150.0, 300.0]


def test_cap_below_the_lowest_limit_parks_the_card() -> None:
    result = split(running(), 700.0, WorkMode.FULL, CardCap(gpu_id="gpu-0", at_most_w=90.0))

    assert limits(result) == [None, 300.0]


def test_card_in_other_hands_is_counted_and_not_told() -> None:
    rented = Workload(name="rent", gpu_ids=("gpu-1",), terms=PowerTerms.HANDS_OFF)
    state = state_of(gpus=(read_card(0), read_card(1, power_w=280.0)))

    result = split(running(workloads=(rented,), state=state), 600.0)

    assert [limit.gpu_id for limit in result.limits] == ["gpu-0"]
    assert limits(result) == [220.0]
    assert result.cards_w == 500.0


def test_lost_card_counts_as_its_highest_draw() -> None:
    state = state_of(gpus=(read_card(0), read_card(1, power_w=10.0, health=CardHealth.LOST)))

    assert split(running(state=state), 700.0).cards_w == 600.0


def test_card_in_other_hands_that_was_not_read_counts_as_its_highest_draw() -> None:
    rented = Workload(name="rent", gpu_ids=("gpu-1",), terms=PowerTerms.HANDS_OFF)

    assert split(running(workloads=(rented,)), 700.0).cards_w == 600.0


def test_card_without_a_curve_gets_the_prior() -> None:
    rig = replace(rig_of(1), curves=())

    result = split(inputs_of(rig=rig, memory=remembering(cards=RUNNING[:1])), 300.0)

    assert limits(result) == [200.0]


def test_many_cards_are_filled_best_first() -> None:
    result = split(running(8), 800.0)

    assert result.cards_w <= 700.0
    assert result.working == 3


def test_card_that_can_do_no_work_gets_nothing_above_its_floor() -> None:
    from solard.core.curves import CurvePoint, WorkCurve

    flat = WorkCurve(points=(CurvePoint(100.0, 10.0), CurvePoint(300.0, 10.0)))
    rig = replace(rig_of(1), curves=(("gpu-0", flat),))

    assert limits(split(inputs_of(rig=rig), 400.0)) == [100.0]


def test_small_card_is_told_half_watts() -> None:
    base = rig_of(1)
    small = replace(base.cards[0], min_w=5.0, default_w=25.0, max_w=25.0, parked_w=2.0)
    rig = replace(base, cards=(small,), curves=())

    assert limits(split(inputs_of(rig=rig), 112.7)) == [12.5]


STARTED = Workload(name="llm", gpu_ids=("gpu-0",))
DENIED = read_card(0, limit_w=280.0, power_w=250.0, health=CardHealth.DENIED)


def denied(gpu=DENIED, **changes):  # type: ignore[no-untyped-def]
    state = state_of(gpus=(gpu, read_card(1)))
    return running(state=state, workloads=(STARTED,), **changes)


def test_card_that_takes_no_limit_works_with_all_its_draw_or_not_at_all() -> None:
    enough = split(denied(), 700.0)
    too_little = split(denied(), 390.0)

    assert limits(enough) == [280.0, 300.0]
    assert limits(too_little) == [None, 270.0]
    assert too_little.cards_w == 290.0


def test_card_that_takes_no_limit_and_says_none_counts_as_its_highest_draw() -> None:
    silent = replace(DENIED, limit_w=None)

    assert limits(split(denied(silent), 700.0)) == [300.0, 300.0]


def test_card_whose_limit_does_not_hold_counts_what_it_draws() -> None:
    wild = replace(DENIED, limit_w=200.0, power_w=320.0)

    result = split(denied(wild), 600.0)

    assert limits(result) == [320.0, 180.0]


def test_card_that_takes_no_limit_stays_below_what_its_owner_allows_by_not_working() -> None:
    result = split(denied(), 700.0, WorkMode.FULL, CardCap(gpu_id="gpu-0", at_most_w=200.0))

    assert limits(result) == [None, 300.0]


def test_card_that_takes_no_limit_and_runs_nothing_of_ours_is_a_fixed_load() -> None:
    state = state_of(gpus=(DENIED, read_card(1)))

    result = split(running(state=state), 700.0)

    assert [limit.gpu_id for limit in result.limits] == ["gpu-1"]
    assert result.cards_w == 550.0


def test_wish_for_a_count_of_cards_is_kept_where_the_budget_reaches() -> None:
    """500 W would do the most work on two cards."""
    one = allocate(running(), 500.0, WorkMode.FULL, (), 1)
    two = allocate(running(), 500.0, WorkMode.FULL, (), 2)

    assert limits(one) == [300.0, None]
    assert limits(two) == [200.0, 200.0]


def test_wish_for_more_cards_than_the_budget_feeds_gets_the_nearest_count() -> None:
    result = allocate(running(), 290.0, WorkMode.FULL, (), 2)

    assert result.working == 1

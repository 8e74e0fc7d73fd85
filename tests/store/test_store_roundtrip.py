"""What is stored comes back, exactly."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from store_values import (
    EVENT,
    FORECAST,
    NOON,
    PAUSE,
    PLAN,
    make_energy,
    make_record,
    make_reward,
    make_sample,
    make_slot,
    make_state,
    opened,
)

from solard.core.accounts import Accounts, add_tick, open_rows
from solard.core.growing import Terms
from solard.core.records import replays_same
from solard.core.view import EnergyTotals
from solard.core.work_energy import WorkEnergy
from solard.store.reading import open_history
from solard.store.store import Store

powers = st.one_of(st.none(), st.floats(min_value=0.0, max_value=1e5))
moments = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis wants them naive
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def count(store: Store, table: str) -> int:
    with store._engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@given(moment=moments, pv_w=powers, soc=st.floats(min_value=0.0, max_value=1.0))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cycle_comes_back_identical_and_replays(
    tmp_path: Path, moment: datetime, pv_w: float | None, soc: float
) -> None:
    record = make_record(make_state(moment, pv_w, soc))
    with opened(tmp_path / "solard.db", batch_s=0.0) as store:
        store.put_cycle(record)
        assert store.flush()
        (found,) = store.cycles(1)

    assert found == record
    assert replays_same(found)


def test_a_replay_reads_every_cycle_oldest_first(tmp_path: Path) -> None:
    records = [make_record(make_state(NOON + timedelta(seconds=n))) for n in range(250)]
    with opened(tmp_path / "solard.db") as store:
        for record in records:
            store.put_cycle(record)
        assert store.flush()

    with open_history(tmp_path / "solard.db") as history:
        assert [stored.record for stored in history.cycle_records()] == records


def test_heavy_parts_are_stored_once(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        for second in range(10):
            store.put_cycle(make_record(make_state(NOON + timedelta(seconds=second))))
            assert store.flush()

        assert count(store, "cycle") == 10
        assert count(store, "content") == 5  # rig, workloads, rules, tariff, plan


def test_a_cycle_without_a_plan_comes_back_without_one(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        store.put_cycle(make_record(plan=None))
        assert store.flush()

        assert store.cycles(1)[0].inputs.plan is None


def test_cycles_are_newest_first_and_limited(tmp_path: Path) -> None:
    records = [make_record(make_state(NOON + timedelta(minutes=n))) for n in range(5)]
    with opened(tmp_path / "solard.db") as store:
        for record in records:
            store.put_cycle(record)
        assert store.flush()

        assert store.cycles(2) == (records[4], records[3])
        assert store.cycles(9, after=NOON + timedelta(minutes=4)) == (records[4],)


def test_samples_come_back_with_unknowns_unknown(tmp_path: Path) -> None:
    sample = make_sample(0, pv_w=None)
    with opened(tmp_path / "solard.db") as store:
        store.put_sample(sample)
        assert store.flush()

        assert store.samples(NOON) == (sample,)
        assert store.samples(NOON + timedelta(seconds=1)) == ()


def test_a_growing_slot_replaces_itself(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        store.put_site15(make_slot(0, pv_wh=100.0))
        assert store.flush()
        store.put_site15(make_slot(0, pv_wh=250.0))
        assert store.flush()

        (slot,) = store.site15(NOON, NOON + timedelta(minutes=15))
        assert slot.pv_wh == 250.0


def test_two_starts_of_the_daemon_add_up_in_one_slot(tmp_path: Path) -> None:
    for _start in range(2):
        with opened(tmp_path / "solard.db") as store:
            store.put_site15(make_slot(0, pv_wh=300.0))
            assert store.flush()

    with open_history(tmp_path / "solard.db") as history:
        (slot,) = history.site15(NOON, NOON + timedelta(minutes=15))
    assert (slot.pv_wh, slot.good_s, slot.generator_wh) == (600.0, 900.0, None)


def test_24_hour_that_a_clock_lived_through_twice_is_one_hour_of_power(tmp_path: Path) -> None:
    """Two quarter hours with good data under one stamp: 300 and 500 Wh in 1800 s are 400 in 900."""
    with opened(tmp_path / "solard.db") as store:
        for seq, pv_wh in enumerate((300.0, 500.0)):
            row = make_slot(seq, NOON, pv_wh=pv_wh)
            store.put_site15(replace(row, slot=replace(row.slot, good_s=900.0)))
        assert store.flush()
        (slot,) = store.site15(NOON, NOON + timedelta(hours=1))

    assert (slot.pv_wh, slot.good_s, slot.generator_wh) == (400.0, 900.0, None)


def test_slots_are_read_from_after_up_to_before(tmp_path: Path) -> None:
    starts = [NOON + timedelta(minutes=15 * n) for n in range(4)]
    with opened(tmp_path / "solard.db") as store:
        for seq, moment in enumerate(starts):
            store.put_site15(make_slot(seq, moment))
        assert store.flush()

        assert [s.starts_at for s in store.site15(starts[1], starts[3])] == starts[1:3]


def test_totals_add_up_what_is_known(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        store.put_site15(make_slot(0, pv_wh=300.0))
        store.put_site15(make_slot(1, NOON + timedelta(minutes=15), pv_wh=None))
        assert store.flush()

        assert store.totals(NOON) == EnergyTotals(
            pv_wh=300.0, house_wh=200.0, rig_wh=220.0, battery_in_wh=1080.0
        )
        assert store.totals(NOON + timedelta(hours=1)) == EnergyTotals()


def test_what_accounting_hands_out_is_kept(tmp_path: Path) -> None:
    state = replace(make_state(NOON + timedelta(seconds=36)), pv_w=1000.0)
    accounts, rows = add_tick(Accounts(), state, 36.0, Terms())
    with opened(tmp_path / "solard.db") as store:
        store.put_history(rows)
        store.put_history(open_rows(accounts))
        assert store.flush()

        assert [sample.pv_w for sample in store.samples(NOON)] == [1000.0]
        assert store.site15(NOON, NOON + timedelta(hours=1))[0].pv_wh == 10.0
        assert store.earnings_days(1)[0].sources.sun_wh == pytest.approx(4.4)


def test_a_trace_is_thinned_to_means(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        for minute in range(4):
            moment = NOON + timedelta(minutes=minute)
            store.put_sample(make_sample(minute, moment, pv_w=100.0 * minute))
        assert store.flush()
        trace = store.trace(NOON, at_most=2)

    assert [(point.at, point.pv_w) for point in trace] == [
        (NOON, 50.0),
        (NOON + timedelta(minutes=2), 250.0),
    ]


def test_events_are_newest_first_even_when_the_wall_clock_jumps_back(tmp_path: Path) -> None:
    earlier = replace(EVENT, happened_at=NOON - timedelta(days=1), text="later, said earlier")
    with opened(tmp_path / "solard.db") as store:
        store.put_event(EVENT)
        store.put_event(earlier)
        assert store.flush()

        assert store.events(10) == (earlier, EVENT)
        assert store.events(1) == (earlier,)


def test_a_reward_heard_of_twice_counts_once(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        store.put_rewards([make_reward(7, 500), make_reward(8, 600)])
        assert store.flush()
        store.put_rewards([make_reward(8, 600), make_reward(8, 70, role="validator")])
        assert store.flush()

        (day,) = store.earnings_days(5)
        assert (day.miner_rao, day.validator_rao) == (1_100, 70)
        assert store.last_reward_block("embedded") == 8
        assert store.last_reward_block("finney") is None


def test_rewards_larger_than_a_float_can_count_stay_exact(tmp_path: Path) -> None:
    rao = 20_999_999_123_456_789
    with opened(tmp_path / "solard.db") as store:
        store.put_rewards([make_reward(1, rao)])
        assert store.flush()

        assert store.earnings_days(1)[0].miner_rao == rao


def test_days_join_energy_and_rewards_newest_first(tmp_path: Path) -> None:
    next_day = NOON + timedelta(days=1)
    with opened(tmp_path / "solard.db") as store:
        store.put_energy(make_energy(0))
        store.put_energy(make_energy(1, NOON + timedelta(minutes=15)))
        store.put_rewards([make_reward(1, day=next_day.date().isoformat())])
        assert store.flush()
        newest, oldest = store.earnings_days(5)

    assert (newest.day, newest.miner_rao, newest.sources.total_wh) == ("2024-05-15", 1_000, 0.0)
    assert (oldest.sources.sun_wh, oldest.idle_wh) == (200.0, 45.0)
    assert (oldest.cost, oldest.lost_feed_in) == (0.5, 1.0)


def test_one_unknown_price_makes_the_days_cost_unknown(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        store.put_energy(make_energy(0))
        store.put_energy(make_energy(1, NOON + timedelta(minutes=15), cost=None))
        assert store.flush()

        assert store.earnings_days(1)[0].cost is None


def test_plans_and_forecasts_come_back(tmp_path: Path) -> None:
    newer = replace(PLAN, made_at=NOON)
    with opened(tmp_path / "solard.db") as store:
        assert store.last_plan() is None
        for plan in (PLAN, newer):
            store.put_plan(plan)
        store.put_forecast(FORECAST)
        assert store.flush()

        assert store.last_plan() == newer
        assert list(store.forecasts(NOON)) == [FORECAST]
        assert list(store.forecasts(NOON + timedelta(seconds=1))) == []


def test_an_override_outlives_the_process_until_it_is_cleared(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        store.put_override(PAUSE, NOON)
        assert store.last_override() == PAUSE

    with opened(tmp_path / "solard.db") as store:
        assert store.last_override() == PAUSE
        store.clear_overrides(NOON)
        assert store.last_override() is None

    with open_history(tmp_path / "solard.db") as history:
        assert history.last_override() is None


def test_energy_of_workloads_outlives_the_process(tmp_path: Path) -> None:
    counted = (WorkEnergy(name="sn64", since="2026-06-01", energy_j=3.6e6),)
    with opened(tmp_path / "solard.db") as store:
        before = store.work_energy()
        store.put_work_energy(())
        store.put_work_energy(counted)
    with opened(tmp_path / "solard.db") as store:
        after = store.work_energy()

    assert before == ()
    assert after == counted


def test_a_new_history_only_observes_until_set_live(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        assert not store.is_live()
        store.set_live(True)
        assert store.is_live()

    with opened(tmp_path / "solard.db") as store:
        assert store.is_live()
        store.set_live(False)

    with opened(tmp_path / "solard.db") as store:
        assert not store.is_live()


def test_battery_was_full_when_it_last_said_so(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        put_charges(store, 0.5, None, 0.995, 0.7)

        assert store.full_at() == NOON + timedelta(minutes=2)


def test_battery_that_was_never_full_is_known_since_it_was_first_seen(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        assert store.full_at() is None
        put_charges(store, None, 0.5, 0.7)

        assert store.full_at() == NOON + timedelta(minutes=1)


def put_charges(store: Store, *socs: float | None) -> None:
    """Minute by minute from noon."""
    for minute, soc in enumerate(socs):
        sample = make_sample(minute, NOON + timedelta(minutes=minute))
        store.put_sample(replace(sample, soc=soc))
    assert store.flush()

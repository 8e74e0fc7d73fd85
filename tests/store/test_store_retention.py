"""What is kept for how long, and backups."""

import contextlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from store_values import (
    EVENT,
    FORECAST,
    NOON,
    PLAN,
    make_record,
    make_reward,
    make_sample,
    make_slot,
    make_state,
    opened,
)

from solard.store.backup import back_up, backups, find_damage
from solard.store.retention import Kept
from solard.store.store import Store


def rows(store: Store, query: str) -> list[tuple[object, ...]]:
    with store._engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_cycles_are_kept_for_48_hours(tmp_path: Path) -> None:
    old, young = (make_record(make_state(NOON - timedelta(hours=h))) for h in (49, 47))
    with opened(tmp_path / "solard.db") as store:
        store.put_cycle(old)
        store.put_cycle(young)
        assert store.retain(NOON) >= 1

        assert store.cycles(9) == (young,)


def test_what_is_kept_longer_or_shorter_is_the_owners(tmp_path: Path) -> None:
    records = [make_record(make_state(NOON - timedelta(hours=h))) for h in (121, 119, 1)]
    kept = Kept(decisions=timedelta(days=5))
    with contextlib.closing(Store.open(tmp_path / "solard.db", "boot-a", kept=kept)) as store:
        for record in records:
            store.put_cycle(record)
        store.retain(NOON)

        assert store.cycles(9) == (records[2], records[1])


def test_contents_that_nothing_refers_to_are_dropped_and_come_back_when_needed(
    tmp_path: Path,
) -> None:
    old = make_record(make_state(NOON - timedelta(hours=49)))
    with opened(tmp_path / "solard.db") as store:
        store.put_cycle(old)
        store.retain(NOON)
        assert rows(store, "SELECT count(*) FROM content") == [(0,)]

        store.put_cycle(make_record())
        assert store.flush()
        assert store.cycles(1) == (make_record(),)


def test_a_plan_that_is_still_listed_keeps_its_content(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        store.put_plan(PLAN)
        store.retain(NOON + timedelta(days=3))
        assert store.last_plan() == PLAN

        store.retain(NOON + timedelta(days=8))
        assert store.last_plan() is None


def test_minutes_go_after_30_days_and_rewards_stay(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        store.put_sample(make_sample(0))
        store.put_rewards([make_reward(1)])
        store.retain(NOON + timedelta(days=31))

        assert store.samples(NOON) == ()
        assert store.earnings_days(1)[0].miner_rao == 1_000


def test_finished_days_are_rolled_up_before_their_slots_go(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        store.put_site15(make_slot(0))
        store.put_site15(make_slot(1, NOON + timedelta(minutes=15)))
        store.retain(NOON + timedelta(days=1))
        store.retain(NOON + timedelta(days=4 * 366))

        assert store.site15(NOON, NOON + timedelta(days=1)) == ()
        assert rows(store, "SELECT day, pv_wh, generator_wh FROM day") == [
            ("2024-05-14", 1500.0, None)
        ]


def test_old_forecasts_are_thinned_to_one_an_hour(tmp_path: Path) -> None:
    issued = [NOON + timedelta(minutes=15 * quarter) for quarter in range(8)]
    with opened(tmp_path / "solard.db") as store:
        for moment in issued:
            store.put_forecast(replace(FORECAST, issued_at=moment))
        store.retain(NOON + timedelta(days=8))

        assert [f.issued_at for f in store.forecasts(NOON)] == [issued[0], issued[4]]


def test_events_go_after_400_days(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        store.put_event(EVENT)
        store.retain(NOON + timedelta(days=399))
        assert store.events(5) == (EVENT,)

        store.retain(NOON + timedelta(days=401))
        assert store.events(5) == ()


def test_a_backup_is_sound_and_complete(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store:
        store.put_cycle(make_record())
        assert store.flush()
        assert store.backup_age_s() is None
        copy = store.back_up()
        assert 0.0 <= (store.backup_age_s() or 0.0) < 600.0

    assert find_damage(copy, thorough=True) is None
    with opened(copy) as restored:
        assert restored.cycles(1) == (make_record(),)


def test_the_newest_seven_backups_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "solard.db"
    with opened(path) as store:
        assert store.flush()
        for day in range(9):
            back_up(store._engine, path, NOON + timedelta(days=day))

    names = [backup.name for backup in backups(path)]
    assert len(names) == 7
    assert names[0] == "solard-20240522T120000Z.db"

"""One schema, however a history came to have it."""

import sqlite3
from pathlib import Path

import pytest
from store_values import EVENT, opened

from solard.store.errors import StoreTooNew, StoreUnavailable
from solard.store.migrate import upgrade
from solard.store.store import Store
from solard.store.tables import REVISIONS


def schema(path: Path) -> dict[str, set[str]]:
    """Return every table's columns and indexes as SQLite describes them."""
    with sqlite3.connect(path) as link:
        names = [
            row[0] for row in link.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        found = {
            name: {str(row[1:]) for row in link.execute(f"PRAGMA table_info({name})")}
            | {str(row[1:4]) for row in link.execute(f"PRAGMA index_list({name})")}
            for name in names
        }
    link.close()
    return found


def test_migrations_make_the_schema_that_a_new_history_gets(tmp_path: Path) -> None:
    migrated, created = tmp_path / "migrated.db", tmp_path / "created.db"
    upgrade(migrated)
    with opened(created):
        pass

    assert schema(migrated) == schema(created)


def test_the_last_revision_is_the_one_that_alembic_stamps(tmp_path: Path) -> None:
    upgrade(tmp_path / "solard.db")
    with sqlite3.connect(tmp_path / "solard.db") as link:
        stamped = link.execute("SELECT version_num FROM alembic_version").fetchall()
    link.close()

    assert stamped == [(REVISIONS[-1],)]


def test_an_older_history_is_backed_up_and_migrated(tmp_path: Path) -> None:
    """Fault 11."""
    path = tmp_path / "solard.db"
    with sqlite3.connect(path) as link:
        link.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    link.close()

    with opened(path) as store:
        store.put_event(EVENT)
        assert store.flush()
        assert store.events(5) == (EVENT,)
    assert len(list((tmp_path / "backups").iterdir())) == 1


def test_a_newer_history_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Fault 10."""
    path = tmp_path / "solard.db"
    with opened(path):
        pass
    with sqlite3.connect(path) as link:
        link.execute("UPDATE alembic_version SET version_num = '9999'")
    link.close()
    before = path.read_bytes()

    with pytest.raises(StoreTooNew, match="schema 9999, this solard knows up to"):
        Store.open(path, "boot-1")
    assert path.read_bytes() == before


def test_something_that_cannot_be_migrated_is_said_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "solard.db"
    with sqlite3.connect(path) as link:
        link.execute("CREATE TABLE event (a)")
    link.close()

    with pytest.raises(StoreUnavailable, match="could not be brought to the newest schema"):
        Store.open(path, "boot-1")


def test_a_place_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")

    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        Store.open(tmp_path / "file" / "solard.db", "boot-1")


def test_commits_are_on_the_disk_and_readers_do_not_wait(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db") as store, store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL

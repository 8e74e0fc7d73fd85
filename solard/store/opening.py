"""Make a path a sound database of our schema before anything is written to it."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, inspect, select
from sqlalchemy.exc import DatabaseError, OperationalError

from solard.store.backup import back_up, find_damage, move_aside, restore_newest
from solard.store.engine import open_engine, outside_transactions, writing
from solard.store.errors import StoreTooNew, StoreUnavailable
from solard.store.tables import REVISIONS, boot, metadata

_VERSION_TABLE = "alembic_version"


def open_sound(path: Path, at: datetime) -> tuple[Engine, tuple[str, ...]]:
    """Return an engine on a sound, current database and sentences on what was lost, if anything.

    A damaged file is moved aside and the newest sound backup put in its place. A database of a
    newer solard is left alone: StoreTooNew. `at` is real time and names the files set aside.
    """
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        notices = _heal(path, at)
        engine = open_engine(path)
        try:
            _bring_up_to_date(engine, path, at)
            _use_write_ahead_log(engine)
        except BaseException:
            engine.dispose()
            raise
    except OSError as err:
        raise StoreUnavailable(f"history at {path} cannot be opened: {err}") from err
    except DatabaseError as err:
        raise StoreUnavailable(
            f"history at {path} cannot be opened: {err.orig}; check space, permissions and "
            f"whether another program holds it"
        ) from err
    return engine, notices


def _heal(path: Path, at: datetime) -> tuple[str, ...]:
    if not path.exists():
        return ()
    log_exists = path.with_name(path.name + "-wal").exists()
    try:
        unclean = _was_unclean(path)
        damage = find_damage(path, thorough=False) if unclean else None
    except OperationalError:
        raise
    except DatabaseError as err:
        unclean, damage = True, str(err.orig)
    if damage is None:
        return (_lost_log(path),) if unclean and not log_exists else ()
    aside = move_aside(path, at)
    backup = restore_newest(path)
    if backup is None:
        return (
            f"history was damaged ({damage}) and there is no backup: it starts anew; "
            f"the damaged file is kept as {aside}",
        )
    return (
        f"history was damaged ({damage}): restored from {backup.name}, what was stored after it "
        f"is lost; the damaged file is kept as {aside}",
    )


def _was_unclean(path: Path) -> bool:
    """Say whether the last start of the daemon that wrote here did not stop cleanly."""
    engine = open_engine(path)
    try:
        if not inspect(engine).has_table(boot.name):
            return False
        with engine.connect() as connection:
            last = select(boot.c.closed_at).order_by(boot.c.number.desc()).limit(1)
            row = connection.execute(last).first()
            return row is not None and row.closed_at is None
    finally:
        engine.dispose()


def _lost_log(path: Path) -> str:
    return (
        f"the write-ahead log of {path.name} has gone since the last stop: rows of the last "
        f"minutes before it may be lost"
    )


def _bring_up_to_date(engine: Engine, path: Path, at: datetime) -> None:
    tables = set(inspect(engine).get_table_names())
    if not tables:
        _create(engine)
        return
    revision = _revision(engine) if _VERSION_TABLE in tables else None
    if revision == REVISIONS[-1]:
        return
    if revision is not None and revision not in REVISIONS:
        raise StoreTooNew(
            f"history at {path} has schema {revision}, this solard knows up to {REVISIONS[-1]}: "
            f"install the newer solard again, or move the file away to start a new history"
        )
    back_up(engine, path, at)
    engine.dispose()
    from solard.store.migrate import upgrade_in_child

    upgrade_in_child(path)


def _create(engine: Engine) -> None:
    """Create the newest schema at once; a test holds it equal to what the migrations make."""
    with writing(engine) as connection, connection.begin():
        metadata.create_all(connection)
        connection.exec_driver_sql(
            f"CREATE TABLE {_VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, "
            f"CONSTRAINT {_VERSION_TABLE}_pkc PRIMARY KEY (version_num))"
        )
        connection.exec_driver_sql(f"INSERT INTO {_VERSION_TABLE} VALUES (?)", (REVISIONS[-1],))


def _use_write_ahead_log(engine: Engine) -> None:
    """Switch to WAL; the file remembers, but a restored backup has to be told."""
    with outside_transactions(engine) as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        answer = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSION_TABLE}").scalar()
        return None if answer is None else str(answer)

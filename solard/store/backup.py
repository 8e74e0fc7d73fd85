"""Backups that are known to be good, and the way back from a damaged file."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from solard.store.engine import open_engine, outside_transactions, say_damage
from solard.store.errors import StoreUnavailable

KEPT = 7
_STAMP = "%Y%m%dT%H%M%SZ"


def backup_directory(database: Path) -> Path:
    """Return where the backups of a database lie."""
    return database.parent / "backups"


def back_up(engine: Engine, database: Path, at: datetime) -> Path:
    """Write a verified copy of a live database, drop all but the newest, return its path.

    It holds a read transaction for as long as the copy takes; the writer goes on. `at` is real
    time: it names the file, and names sort by age.
    """
    directory = backup_directory(database)
    directory.mkdir(mode=0o750, exist_ok=True)
    target = directory / f"{database.stem}-{at.strftime(_STAMP)}.db"
    _write_copy(engine, target)
    for old in backups(database)[KEPT:]:
        old.unlink()
    return target


def copy_history(database: Path, target: Path) -> None:
    """Write a verified copy of a database, in use or not; raise StoreUnavailable."""
    if not database.exists():
        raise StoreUnavailable(f"there is no history at {database}; solard writes it while it runs")
    engine = open_engine(database, read_only=True)
    try:
        _write_copy(engine, target)
    finally:
        engine.dispose()


def _write_copy(engine: Engine, target: Path) -> None:
    draft = target.with_suffix(".part")
    try:
        draft.unlink(missing_ok=True)
        with outside_transactions(engine) as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(draft),))
        damage = find_damage(draft, thorough=True)
    except DatabaseError as err:
        draft.unlink(missing_ok=True)
        raise StoreUnavailable(f"no backup at {target}: {err.orig}; the last one stays") from err
    except OSError as err:
        raise StoreUnavailable(f"no backup at {target}: {err.strerror}") from err
    if damage:
        draft.unlink()
        raise StoreUnavailable(f"no backup at {target}: the copy is damaged ({damage})")
    put_in_place(draft, target)


def backups(database: Path) -> list[Path]:
    """Return the verified backups of a database, newest first."""
    return sorted(backup_directory(database).glob(f"{database.stem}-*.db"), reverse=True)


def backup_age(database: Path, now: datetime) -> timedelta | None:
    """Return how old the newest backup is; None = there is none."""
    kept = backups(database)
    return now - datetime.fromtimestamp(kept[0].stat().st_mtime, UTC) if kept else None


def find_damage(database: Path, *, thorough: bool) -> str | None:
    """Return what SQLite finds wrong with a file, or None where it is sound."""
    engine = open_engine(database)
    try:
        return say_damage(engine, thorough=thorough)
    finally:
        engine.dispose()


def move_aside(database: Path, at: datetime) -> Path:
    """Rename a damaged database with its -wal and -shm to `.corrupt.<time>`; return its path."""
    aside = database.with_name(f"{database.name}.corrupt.{at.strftime(_STAMP)}")
    for ending in ("-wal", "-shm", ""):
        part = database.with_name(database.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside


def restore_newest(database: Path) -> Path | None:
    """Put the newest backup that is still sound in the database's place; return which one."""
    for backup in backups(database):
        draft = database.with_suffix(".restoring")
        shutil.copyfile(backup, draft)
        try:
            damage = find_damage(draft, thorough=True)
        except DatabaseError as err:
            damage = str(err.orig)
        if damage is None:
            put_in_place(draft, database)
            return backup
        draft.unlink()
    return None


def put_in_place(draft: Path, target: Path) -> None:
    """Give a finished file its name so that a power cut leaves the old one or the new one."""
    with draft.open("rb") as stream:
        os.fsync(stream.fileno())
    draft.rename(target)
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)

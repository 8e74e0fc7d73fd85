"""The history when its disk, its file or its rows are bad: numbers refer to the fault catalogue."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from math import nan
from pathlib import Path

import pytest
from store_values import (
    EVENT,
    FORECAST,
    NOON,
    make_energy,
    make_record,
    make_sample,
    make_slot,
    opened,
)

from solard.store.errors import StoreUnavailable
from solard.store.mailbox import Letter, Mailbox, Priority
from solard.store.reading import open_history
from solard.store.store import Store

LOCKER = """
import sqlite3, sys
link = sqlite3.connect(sys.argv[1], isolation_level=None)
link.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
"""

WRITER = """
import sys
from pathlib import Path
from store_values import EVENT
from dataclasses import replace
from solard.store.store import Store
store = Store.open(Path(sys.argv[1]), "boot-1", batch_s=0.0)
for number in range(100_000):
    store.put_event(replace(EVENT, text=str(number)))
    assert store.flush()
    print(number, flush=True)
"""


def run(program: str, *words: object) -> "subprocess.Popen[str]":
    here = Path(__file__).parent
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{here.parents[1]}:{here}"},
    )


def wait_until(holds: Callable[[], bool], longest_s: float = 20.0) -> None:
    ends = time.monotonic() + longest_s
    while not holds():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.02)


def test_a_killed_writer_keeps_every_acknowledged_row(tmp_path: Path) -> None:
    """Fault 1."""
    path = tmp_path / "solard.db"
    with run(WRITER, path) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(30)]
        process.send_signal(signal.SIGKILL)

    with opened(path) as store:
        kept = [event.text for event in reversed(store.events(10_000))]
        assert kept[:30] == acknowledged
        assert store.notices == ()


def test_a_history_locked_by_another_process_never_holds_a_put_up(tmp_path: Path) -> None:
    """Fault 7."""
    path = tmp_path / "solard.db"
    with opened(path) as store:
        assert store.flush()
        with run(LOCKER, path) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            assert process.stdout.readline() == "locked\n"
            store.put_event(EVENT)
            took_s = []
            for seq in range(200):
                begun = time.perf_counter()
                store.put_energy(make_energy(seq))
                took_s.append(time.perf_counter() - begun)
            assert not store.flush(0.2)
            process.stdin.write("\n")
        assert store.flush()

        assert sorted(took_s)[100] < 0.001
        assert store.events(1) == (EVENT,)
        assert (store.waiting, store.dropped) == (0, 0)


def test_a_full_disk_is_said_and_nothing_is_lost_or_counted_twice(tmp_path: Path) -> None:
    """Faults 4 and 6: the kernel refuses to let any file grow."""
    path = tmp_path / "solard.db"
    with opened(path) as store:
        assert store.flush()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
        try:
            for seq in range(300):
                store.put_energy(make_energy(seq))
                store.put_event(replace(EVENT, text="long " * 200))
            wait_until(lambda: store.problem is not None)
            problem = store.problem or ""
            assert not store.flush(0.5)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert store.flush(20.0)

        assert f"history cannot be written to {path}" in problem
        assert store.problem is None
        assert store.earnings_days(1)[0].sources.sun_wh == 300 * 100.0
        assert len(store.events(1_000)) == 300


def test_a_row_that_no_database_takes_is_given_up_and_the_rest_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db", batch_s=5.0) as store:
        store.put_sample(replace(make_sample(0), good_s=nan))
        store.put_event(EVENT)
        store.put_cycle(make_record())
        assert store.flush()

        assert store.samples(NOON) == ()
        assert store.events(5) == (EVENT,)
        assert store.cycles(5) == (make_record(),)
        assert store.dropped == 1


def test_a_value_that_cannot_be_encoded_is_given_up_and_the_rest_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path / "solard.db", batch_s=5.0) as store:
        store.put_forecast(replace(FORECAST, source=object()))  # type: ignore[arg-type]
        store.put_event(EVENT)
        assert store.flush()

        assert list(store.forecasts(NOON)) == []
        assert store.events(5) == (EVENT,)
        assert store.dropped == 1


def test_a_backup_without_space_leaves_the_last_one(tmp_path: Path) -> None:
    """Fault 4."""
    path = tmp_path / "solard.db"
    with opened(path) as store:
        assert store.flush()
        last = store.back_up()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
        try:
            with pytest.raises(StoreUnavailable, match=r"no backup at .* the last one stays"):
                store.back_up()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert [one.name for one in (tmp_path / "backups").iterdir()] == [last.name]


def test_a_store_that_cannot_write_still_closes(tmp_path: Path) -> None:
    path = tmp_path / "solard.db"
    store = Store.open(path, "boot-1", batch_s=0.02)
    assert store.flush()
    with run(LOCKER, path) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        store.put_event(EVENT)
        stored = store.close(0.3)
        process.stdin.write("\n")

    assert not stored


def test_a_stop_on_a_full_disk_ends_its_writer_without_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[object] = []
    monkeypatch.setattr(threading, "excepthook", broken.append)
    path = tmp_path / "solard.db"
    store = Store.open(path, "boot-1", batch_s=0.02)
    assert store.flush()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
    try:
        for _ in range(300):
            store.put_event(replace(EVENT, text="long " * 200))
        wait_until(lambda: store.problem is not None)
        assert not store.flush(0.05)
        stored = store.close(10.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert (stored, broken) == (False, [])


def test_a_full_mailbox_drops_the_oldest_telemetry_and_keeps_the_ledger() -> None:
    mailbox = Mailbox({Priority.LEDGER: 10, Priority.RECORD: 10, Priority.TELEMETRY: 2})
    for number in range(3):
        mailbox.put(Letter(Priority.TELEMETRY, ("sample", number), lambda _boot: ()))
        mailbox.put(Letter(Priority.LEDGER, ("energy", number), lambda _boot: ()))
    letters, _jobs = mailbox.take()

    assert [letter.key for letter in letters] == [
        ("energy", 0),
        ("energy", 1),
        ("energy", 2),
        ("sample", 1),
        ("sample", 2),
    ]
    assert mailbox.dropped == 1


def test_a_batch_given_back_stands_before_newer_letters_but_loses_to_newer_keys() -> None:
    mailbox = Mailbox()
    old = Letter(Priority.LEDGER, ("site15", 0), lambda _boot: ())
    other = Letter(Priority.LEDGER, ("site15", 1), lambda _boot: ())
    new = Letter(Priority.LEDGER, ("site15", 0), lambda _boot: ())
    mailbox.put(new)
    mailbox.give_back([old, other], [])
    letters, _jobs = mailbox.take()

    assert letters == [new, other]


def test_a_damaged_history_is_set_aside_and_the_backup_restored(tmp_path: Path) -> None:
    """Fault 8."""
    path = tmp_path / "solard.db"
    with opened(path) as store:
        store.put_site15(make_slot(0))
        assert store.flush()
        backup = store.back_up()
    path.write_bytes(b"\xff" * 8192)

    with opened(path) as store:
        (notice,) = store.notices
        assert f"restored from {backup.name}" in notice
        assert len(store.site15(NOON, NOON.replace(hour=13))) == 1
        with store._engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    assert len(list(tmp_path.glob("solard.db.corrupt.*"))) == 1


def test_damage_inside_the_file_is_found_after_an_unclean_stop(tmp_path: Path) -> None:
    """Fault 8: a page in the middle."""
    path = tmp_path / "solard.db"
    with run(WRITER, path) as process:
        assert process.stdout is not None
        for _ in range(40):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    with sqlite3.connect(path) as link:
        link.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = link.execute("SELECT rootpage FROM sqlite_master WHERE name = 'event'").fetchone()[0]
    link.close()
    with path.open("r+b") as stream:
        stream.seek((root - 1) * 4096)
        stream.write(b"\xff" * 4096)

    with opened(path) as store:
        assert "history was damaged" in store.notices[0]
        assert store.events(5) == ()


def test_a_damaged_backup_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "solard.db"
    with opened(path) as store:
        store.put_event(EVENT)
        assert store.flush()
        good = store.back_up()
    good.with_name("solard-29990101T000000Z.db").write_bytes(b"\xff" * 8192)
    path.write_bytes(b"\xff" * 8192)

    with opened(path) as store:
        assert good.name in store.notices[0]
        assert store.events(5) == (EVENT,)


def test_a_log_deleted_while_down_is_said(tmp_path: Path) -> None:
    """Fault 9."""
    path = tmp_path / "solard.db"
    with run(WRITER, path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    path.with_name("solard.db-wal").unlink()
    path.with_name("solard.db-shm").unlink()

    with opened(path) as store:
        assert "write-ahead log" in store.notices[0]


def test_a_clean_stop_is_not_taken_for_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "solard.db"
    with opened(path):
        pass

    with sqlite3.connect(path) as link:
        assert link.execute("SELECT closed_at IS NOT NULL FROM boot").fetchall() == [(1,)]
    link.close()


def test_a_closed_store_answers_who_asks_it_to_write(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "solard.db", "boot-1", batch_s=0.02)

    assert store.close()
    assert not store.flush(0.1)


def test_a_replay_after_a_crash_leaves_the_log_to_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "solard.db"
    with run(WRITER, path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)

    with open_history(path) as history:
        assert history.events(5)[-1].text == "0"
    with opened(path) as store:
        assert store.notices == ()
        assert store.events(1_000)[-1].text == "0"


def test_a_missing_history_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="there is no history at"), open_history(tmp_path / "no"):
        pass

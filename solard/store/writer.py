"""The one thread that writes: batches, retried as a whole until the disk takes them."""

import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, insert
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    SQLAlchemyError,
    StatementError,
)

from solard.core.errors import SolardError
from solard.core.wording import say_count
from solard.store.engine import outside_transactions, writing
from solard.store.errors import StoreUnavailable
from solard.store.mailbox import Job, Letter, Mailbox, Priority
from solard.store.packing import Contents
from solard.store.tables import boot
from solard.store.writing import Row, write_rows

_log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 30.0


class Writer:
    """Takes letters out of the mailbox and puts their rows into the database."""

    def __init__(
        self, engine: Engine, mailbox: Mailbox, contents: Contents, boot_id: str, batch_s: float
    ) -> None:
        self._engine = engine
        self._mailbox = mailbox
        self._contents = contents
        self._boot_id = boot_id
        self._batch_s = batch_s
        self._boot: int | None = None
        self._retry_s = FIRST_RETRY_S
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._opened_at: datetime | None = None
        self.problem: str | None = None
        """A sentence while rows cannot be written."""
        self.unwritable = 0
        """Letters given up because no database could take their rows."""

    def start(self, opened_at: datetime) -> None:
        """Begin to write; the first batch says that this start of the daemon exists."""
        self._opened_at = opened_at
        self._thread.start()

    def stop(self, longest_s: float) -> bool:
        """Write what waits, try once, end the thread; say whether everything was stored."""
        self._mailbox.close()
        self._thread.join(longest_s)
        return not self._thread.is_alive() and self._mailbox.waiting == 0

    def ask(self, run: Callable[[Connection], Any]) -> "Future[Any]":
        """Run something in a transaction of its own, after everything left before is stored."""
        done: Future[Any] = Future()
        self._mailbox.ask(Job(run, done))
        return done

    @property
    def boot(self) -> int | None:
        """Return the number of this start of the daemon; None before the first batch."""
        return self._boot

    def _work(self) -> None:
        going_on = True
        while going_on:
            if self.problem is None:
                going_on = self._mailbox.wait_for_mail(self._batch_s)
            else:
                going_on = self._mailbox.wait_for_ring(self._retry_s)
            letters, jobs = self._mailbox.take()
            if self._write_letters(letters, jobs):
                self._run_jobs(jobs)
        letters, jobs = self._mailbox.take()
        self._mailbox.give_back(letters, [])
        for job in jobs:
            if job.done.set_running_or_notify_cancel():
                job.done.set_exception(StoreUnavailable(self.problem or "the history is closed"))

    def _write_letters(self, letters: list[Letter], jobs: list[Job]) -> bool:
        """Write everything in one transaction; while in trouble the ledger first, by itself."""
        groups = [letters]
        if self.problem is not None:
            groups = [[one for one in letters if one.priority is kind] for kind in Priority]
        for number, group in enumerate(groups):
            try:
                self._write_group(group)
            except SQLAlchemyError as err:
                left = [letter for late in groups[number:] for letter in late]
                self._mailbox.give_back(left, jobs)
                self._fail(err)
                return False
        self._recover()
        return True

    def _write_group(self, letters: list[Letter]) -> None:
        if not letters and self._boot is not None:
            return
        with writing(self._engine) as connection:
            try:
                with connection.begin():
                    number = self._number(connection)
                    self._write_all(connection, number, letters)
            except SQLAlchemyError:
                self._contents.forget()
                connection.invalidate()  # after an I/O error only a new connection is sure
                raise
        if self._boot is None:
            self._boot = number
            self._checkpoint()

    def _write_all(self, connection: Connection, number: int, letters: list[Letter]) -> None:
        rows = [row for letter in letters for row in self._rows_of(letter, number)]
        try:
            with connection.begin_nested():
                write_rows(connection, rows)
        except StatementError as err:
            if not _is_the_rows_fault(err):
                raise
            self._write_singly(connection, number, letters)

    def _write_singly(self, connection: Connection, number: int, letters: list[Letter]) -> None:
        """Write letter by letter, and give up those whose rows no database would take."""
        for letter in letters:
            self._contents.forget()
            try:
                with connection.begin_nested():
                    write_rows(connection, self._rows_of(letter, number))
            except StatementError as err:
                if not _is_the_rows_fault(err):
                    raise
                self._give_up(letter, err)

    def _rows_of(self, letter: Letter, number: int) -> tuple[Row, ...]:
        try:
            return letter.rows(number)
        except (SolardError, TypeError, ValueError, AttributeError) as err:
            self._give_up(letter, err)
            return ()

    def _give_up(self, letter: Letter, err: Exception) -> None:
        self.unwritable += 1
        _log.error("row given up: key=%s error=%s", letter.key, err)

    def _number(self, connection: Connection) -> int:
        if self._boot is not None:
            return self._boot
        values = {"boot_id": self._boot_id, "opened_at": self._opened_at}
        statement = insert(boot).values(values).returning(boot.c.number)
        return int(connection.execute(statement).scalar_one())

    def _checkpoint(self) -> None:
        """Move the row of this start into the file proper: a lost -wal is then noticed."""
        with contextlib.suppress(SQLAlchemyError), outside_transactions(self._engine) as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def _run_jobs(self, jobs: list[Job]) -> None:
        for job in jobs:
            if not job.done.set_running_or_notify_cancel():
                continue
            try:
                with writing(self._engine) as connection, connection.begin():
                    answer = job.run(connection)
            except Exception as err:
                job.done.set_exception(err)
            else:
                job.done.set_result(answer)

    def _fail(self, err: SQLAlchemyError) -> None:
        reason = str(err.orig) if isinstance(err, DBAPIError) else str(err)
        if self.problem is None:
            _log.warning("history cannot be written: %s", reason)
            self._retry_s = FIRST_RETRY_S
        else:
            self._retry_s = min(LONGEST_RETRY_S, self._retry_s * 2)
        self.problem = (
            f"history cannot be written to {self._engine.url.database}: {reason}; "
            f"waiting in memory: {say_count(self._mailbox.waiting, 'row')}"
        )

    def _recover(self) -> None:
        if self.problem is not None:
            _log.warning("history is written again, dropped=%d", self._mailbox.dropped)
        self.problem = None


def _is_the_rows_fault(err: StatementError) -> bool:
    """Tell a row that no database takes from a database that takes no row."""
    if not isinstance(err, DBAPIError):
        return True
    return isinstance(err, IntegrityError | DataError | InterfaceError | ProgrammingError)

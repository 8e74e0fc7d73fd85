"""History: rows come in without waiting, one thread writes them, anyone reads."""

from collections.abc import Callable, Iterable
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path

from sqlalchemy import Connection, Engine, update
from sqlalchemy.exc import SQLAlchemyError

from solard.core.calibration import Calibration
from solard.core.forecast import Forecast
from solard.core.history import EnergyRow, HistoryRows, Reward, Sample, SlotRow
from solard.core.inputs import Override
from solard.core.job import Job
from solard.core.learning import LearnedCurve
from solard.core.plan import Plan
from solard.core.records import CycleRecord
from solard.core.view import Event
from solard.core.work_energy import WorkEnergy
from solard.store import retention, rows
from solard.store.backup import back_up, backup_age
from solard.store.errors import StoreUnavailable
from solard.store.mailbox import Key, Letter, Mailbox, Priority
from solard.store.opening import open_sound
from solard.store.packing import Contents
from solard.store.reading import History
from solard.store.retention import Kept
from solard.store.tables import boot
from solard.store.writer import Writer
from solard.store.writing import Row
from solard.system.clock import SystemClock

BATCH_S = 5.0
"""Real seconds between two commits: 17,000 fsyncs a day, right for an SD card."""


class Store(History):
    """The daemon's history.

    `put_*`, `set_live` and `clear_overrides` only leave rows in memory and return at once, from
    any thread. Everything else reads or waits: call it from a thread, never from the tick.
    """

    @classmethod
    def open(
        cls, path: Path, boot_id: str, *, batch_s: float = BATCH_S, kept: Kept | None = None
    ) -> "Store":
        """Open or create the history at `path`, healing and upgrading it where needed.

        Raises:
            StoreTooNew: a newer solard wrote it; the daemon exits with status 78.
            StoreUnavailable: locked, no space, no permission.
        """
        opened_at = SystemClock().now()
        engine, notices = open_sound(path, opened_at)
        store = cls(path, engine, boot_id, batch_s)
        store.notices = notices
        store._kept = store._kept if kept is None else kept
        store._writer.start(opened_at)
        return store

    def __init__(self, path: Path, engine: Engine, boot_id: str, batch_s: float) -> None:
        super().__init__(path, engine)
        self._mailbox = Mailbox()
        self._contents = Contents()
        self._writer = Writer(engine, self._mailbox, self._contents, boot_id, batch_s)
        self._kept = Kept()
        self._counts = {
            name: count() for name in ("cycle", "event", "forecast", "plan", "override")
        }
        self._is_live = bool(self.setting("mode") == "live")
        self._override = super().last_override()
        self.notices: tuple[str, ...] = ()
        """What was lost or restored when the history was opened, in sentences."""

    def put_cycle(self, record: CycleRecord) -> None:
        """Keep one decision with all that it knew."""
        seq = next(self._counts["cycle"])
        make = partial(rows.cycle_rows, seq=seq, record=record, contents=self._contents)
        self._put(Priority.TELEMETRY, ("cycle", seq), make)

    def put_history(self, finished: HistoryRows) -> None:
        """Keep everything that `core.accounts.add_tick` handed out."""
        for sample in finished.samples:
            self.put_sample(sample)
        for slot in finished.slots:
            self.put_site15(slot)
        for energy in finished.energy:
            self.put_energy(energy)

    def put_sample(self, sample: Sample) -> None:
        """Keep the means of one minute."""
        key = ("sample", sample.seq)
        self._put(Priority.TELEMETRY, key, partial(rows.sample_rows, sample=sample))

    def put_site15(self, row: SlotRow) -> None:
        """Keep a quarter hour of the site; a later row with its `seq` replaces it."""
        self._put(Priority.LEDGER, ("site15", row.seq), partial(rows.site_rows, row=row))

    def put_energy(self, row: EnergyRow) -> None:
        """Keep a quarter hour of the ledger; a later row with its `seq` replaces it."""
        self._put(Priority.LEDGER, ("energy", row.seq), partial(rows.energy_rows, row=row))

    def put_rewards(self, rewards: Iterable[Reward]) -> None:
        """Keep rewards; those that were kept before change nothing."""
        for one in rewards:
            key = ("reward", one.network, one.block, one.hotkey, one.netuid, one.role)
            self._put(Priority.LEDGER, key, partial(rows.reward_rows, reward=one))

    def put_event(self, event: Event) -> None:
        """Keep something that a person would want to know."""
        seq = next(self._counts["event"])
        make = partial(rows.event_rows, seq=seq, event=event)
        self._put(Priority.RECORD, ("event", seq), make)

    def put_forecast(self, forecast: Forecast) -> None:
        """Keep a forecast as issued."""
        seq = next(self._counts["forecast"])
        make = partial(rows.forecast_rows, seq=seq, forecast=forecast)
        self._put(Priority.RECORD, ("forecast", seq), make)

    def put_calibration(self, calibration: Calibration) -> None:
        """Keep what a night has taught the forecast, instead of the one before."""
        self._put_setting("calibration", calibration)

    def put_curves(self, learned: tuple[LearnedCurve, ...]) -> None:
        """Keep what was measured of each card, instead of the last."""
        self._put_setting("curves", learned)

    def put_work_energy(self, counted: tuple[WorkEnergy, ...]) -> None:
        """Keep what each workload has drawn so far, instead of the last; with the next batch."""
        make = partial(rows.setting_rows, name="work_energy", value=counted)
        self._put(Priority.LEDGER, ("setting", "work_energy"), make)

    def put_plan(self, plan: Plan) -> None:
        """Keep an adopted plan."""
        seq = next(self._counts["plan"])
        make = partial(rows.plan_rows, seq=seq, plan=plan, contents=self._contents)
        self._put(Priority.RECORD, ("plan", seq), make)

    def put_override(self, override: Override, asked_at: datetime) -> None:
        """Keep an operator's request, at once."""
        self._write_override(override, asked_at)

    def clear_overrides(self, asked_at: datetime) -> None:
        """Keep that the operator took all requests back, at once."""
        self._write_override(None, asked_at)

    def put_job(self, job: Job, template: str | None = None) -> None:
        """Keep a job as it is now, at once; with `template`, also that this made it."""
        make = partial(rows.job_rows, job=job, template=template)
        key = ("job", job.job_id, template)
        self._mailbox.put(Letter(Priority.LEDGER, key, make, urgent=True))

    def put_template(self, name: str, fired_at: datetime) -> None:
        """Keep the moment up to which a template has made its jobs."""
        make = partial(rows.template_rows, name=name, fired_at=fired_at)
        self._mailbox.put(Letter(Priority.LEDGER, ("template", name), make, urgent=True))

    def last_override(self) -> Override | None:
        """Return the newest request that was not cleared; it may have expired since."""
        return self._override

    def is_live(self) -> bool:
        """Say whether the rig obeys; False, to observe only, until it was set."""
        return self._is_live

    def set_live(self, live: bool) -> None:
        """Let the rig obey, or only observe; kept across restarts."""
        self._is_live = live
        self._put_setting("mode", "live" if live else "observe")

    def flush(self, longest_s: float = 10.0) -> bool:
        """Wait until everything put so far is on the disk; say whether it is. Real seconds."""
        done = self._writer.ask(lambda _connection: True)
        try:
            return bool(done.result(longest_s))
        except (FutureTimeout, StoreUnavailable, SQLAlchemyError):
            done.cancel()
            return False

    def retain(self, now: datetime) -> int:
        """Roll days up and delete what is too old at the site's time `now`; return rows gone."""

        def run(connection: Connection) -> int:
            self._contents.forget()
            return retention.retain(connection, now, self._kept)

        return int(self._writer.ask(run).result())

    def back_up(self) -> Path:
        """Write a verified backup beside the history, keep the newest seven; return its path."""
        return back_up(self._engine, self.path, SystemClock().now())

    def backup_age_s(self) -> float | None:
        """Return how old the newest backup is, real seconds; None = there is none."""
        age = backup_age(self.path, SystemClock().now())
        return None if age is None else age.total_seconds()

    def close(self, longest_s: float = 20.0) -> bool:
        """Write what waits and close; say whether everything was stored. Real seconds."""
        stored = self.flush(longest_s) and self._note_clean_stop(longest_s)
        self._writer.stop(longest_s)
        self._engine.dispose()
        return stored

    @property
    def problem(self) -> str | None:
        """Return a sentence while rows cannot be written, for `degraded`."""
        return self._writer.problem

    @property
    def waiting(self) -> int:
        """Return how many rows wait in memory."""
        return self._mailbox.waiting

    @property
    def dropped(self) -> int:
        """Return how many rows were lost: no room in memory, or no database would take them."""
        return self._mailbox.dropped + self._writer.unwritable

    def _write_override(self, override: Override | None, asked_at: datetime) -> None:
        self._override = override
        seq = next(self._counts["override"])
        make = partial(rows.override_rows, seq=seq, asked_at=asked_at, override=override)
        self._put(Priority.LEDGER, ("override", seq), make)
        self._put_setting("override", override)

    def _put_setting(self, name: str, value: object) -> None:
        make = partial(rows.setting_rows, name=name, value=value)
        self._mailbox.put(Letter(Priority.LEDGER, ("setting", name), make, urgent=True))

    def _put(self, priority: Priority, key: Key, make: Callable[[int], tuple[Row, ...]]) -> None:
        self._mailbox.put(Letter(priority, key, make))

    def _note_clean_stop(self, longest_s: float) -> bool:
        """Say in the history that it was closed, or the next start looks for damage."""
        values = {"closed_at": SystemClock().now()}
        statement = update(boot).where(boot.c.number == self._writer.boot).values(values)
        done = self._writer.ask(lambda connection: connection.execute(statement).rowcount)
        try:
            return bool(done.result(longest_s))
        except (FutureTimeout, StoreUnavailable, SQLAlchemyError):
            return False

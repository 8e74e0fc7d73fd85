"""Jobs: each is looked at again and again, and started, paused or given up as it should be."""

import asyncio
from dataclasses import replace

from solard.core.errors import SolardError
from solard.core.job import Job, JobDemand, JobSpec, JobState
from solard.core.job_changes import cancel, end, interrupt, miss, run_on, start
from solard.core.job_checks import find_fault
from solard.core.job_moves import next_moves
from solard.core.job_room import free_cards, room_of
from solard.core.job_template import JobTemplate
from solard.core.job_wish import JobMove, Move
from solard.core.records import CycleRecord
from solard.daemon.events import Events
from solard.daemon.job_book import JobBook, JobUnknown
from solard.daemon.job_runner import JobRunner
from solard.system.clock import Clock

SAVE_EVERY_S = 60.0
"""Site seconds: so much of a job's progress a power cut may cost."""


class JobRefused(SolardError):
    """A job that makes no sense as it was asked for."""


class Jobs:
    """The jobs of one rig. Their times are site seconds."""

    def __init__(self, book: JobBook, runner: JobRunner, clock: Clock, events: Events) -> None:
        self._book = book
        self._runner = runner
        self._clock = clock
        self._events = events
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._counted_s: dict[str, float] = {}
        self._saved_s: dict[str, float] = {}
        self.changed = asyncio.Event()
        """Set when the plan should be made again: a job came, ended, started or stopped."""

    @property
    def running(self) -> tuple[Job, ...]:
        """Return the jobs that run now."""
        return tuple(job for job in self._book.open if job.is_running)

    @property
    def shown(self) -> tuple[Job, ...]:
        """Return the jobs that people see."""
        return self._book.shown

    def demands(self) -> tuple[JobDemand, ...]:
        """Return the open jobs as the plan sees them."""
        return tuple(job.demand() for job in self._book.open)

    def use(self, templates: tuple[JobTemplate, ...]) -> None:
        """Go on with other templates; jobs that they made stay."""
        self._book.use(templates, self._clock.now())

    def adopt(self) -> None:
        """Take up the jobs that ran when the last daemon ended; those that are gone wait again."""
        for job in self.running:
            if self._runner.is_alive(job):
                self._tell(job, "Adopted: it was already running.")
            elif self._runner.exit_status(job) is None:
                note = "The machine or its power went down while it ran."
                self._put(interrupt(job, self._clock.now(), note))

    def fire_due(self) -> None:
        """Make the jobs of templates whose time has come."""
        for job in self._book.fire_due(self._clock.now()):
            self.changed.set()
            self._tell(job, "Added: its time has come.")

    def look(self, record: CycleRecord, tasks: asyncio.TaskGroup, *, live: bool) -> None:
        """Look after every job once; one that takes its time to stop keeps no other waiting."""
        jobs = self._book.open
        moves = next_moves(jobs, room_of(jobs, record, live=live))
        for job, move in zip(jobs, moves, strict=True):
            if job.job_id not in self._busy:
                looking = self._look_safely(job, move, record, live)
                self._busy[job.job_id] = tasks.create_task(looking)

    async def stop_all(self) -> None:
        """Stop every running job, so that each can go on after the next start."""
        async with asyncio.TaskGroup() as tasks:
            for job in self.running:
                tasks.create_task(self._interrupt(job, "solard was stopped."))

    # What an operator asks.

    def add(self, spec: JobSpec) -> Job:
        """Add a job; raises JobRefused where it makes no sense."""
        fault = find_fault(spec, self._clock.now())
        if fault is not None:
            raise JobRefused(fault)
        job = self._book.add(spec, self._clock.now())
        self.changed.set()
        self._tell(job, "Added by the operator.")
        return job

    def run_now(self, job_id: str) -> Job:
        """Let a job run as soon as the rules allow it, whatever the plan says."""
        job = replace(self._open_job(job_id), at_once=True, not_before_at=None)
        self._put(job)
        self._tell(job, "The operator wants it now.")
        return job

    async def cancel(self, job_id: str) -> Job:
        """End a job for good."""
        self._open_job(job_id)
        if job_id in self._busy:
            await asyncio.wait({self._busy[job_id]})
        job = self._open_job(job_id)
        over = cancel(job, self._clock.now())
        self._put(over)
        if job.is_running:
            await self._runner.stop(job)
        self._tell(over, over.note)
        return over

    # One job at a time.

    async def _look_safely(self, job: Job, move: JobMove, record: CycleRecord, live: bool) -> None:
        try:
            await self._look(job, move, record, live)
        except (SolardError, OSError) as err:
            self._fail(job, str(err))
        finally:
            del self._busy[job.job_id]

    async def _look(self, job: Job, move: JobMove, record: CycleRecord, live: bool) -> None:
        if job.is_running:
            alive = await asyncio.to_thread(self._runner.is_alive, job)
            job = self._count(job)
            if not alive:
                await self._ended(job)
                return
            if not live:
                return
        await self._make(move, job, record)

    async def _make(self, move: JobMove, job: Job, record: CycleRecord) -> None:
        match move.move:
            case Move.START:
                await self._start(job, move.note, record)
            case Move.PAUSE | Move.STOP:
                await self._interrupt(job, move.note)
            case Move.MISS:
                await self._give_up(job, move.note)
            case Move.WAIT | Move.GO_ON:
                if job.note != move.note:
                    self._book.note(replace(job, note=move.note))

    async def _start(self, job: Job, note: str, record: CycleRecord) -> None:
        cards = free_cards(record.inputs, self._book.open)[: job.spec.cards]
        if len(cards) < job.spec.cards:
            return  # another job took them since the tick
        running = start(job, self._clock.now(), cards, note)
        self._put(running)
        self._counted_s[job.job_id] = self._clock.monotonic_s()
        await asyncio.to_thread(self._runner.start, running)
        where = f" on {len(cards)} card{'s' if len(cards) > 1 else ''}" if cards else ""
        self._tell(running, f"{'Goes on' if job.ran_s else 'Started'}{where}: {note}")

    async def _interrupt(self, job: Job, note: str) -> None:
        await self._runner.stop(job)
        stopped = interrupt(self._count(job), self._clock.now(), note)
        self._put(stopped)
        self._tell(stopped, f"{stopped.state.value.capitalize()}: {note}")

    async def _give_up(self, job: Job, note: str) -> None:
        if job.is_running:
            await self._runner.stop(job)
        over = miss(job, self._clock.now(), note)
        self._put(over)
        self._tell(over, f"Missed: {note}", "alert" if job.spec.mandatory else "warning")

    async def _ended(self, job: Job) -> None:
        status = self._runner.exit_status(job)
        await self._runner.stop(job)  # what it left behind
        over = end(job, self._clock.now(), status)
        self._put(over)
        self._tell(over, over.note, "info" if over.state is JobState.DONE else "warning")

    def _fail(self, job: Job, reason: str) -> None:
        """Note a job that could not be started or stopped, as a try that failed."""
        failed = replace(end(job, self._clock.now(), None), note=reason)
        self._put(failed)
        self._tell(failed, reason, "warning")

    def _count(self, job: Job) -> Job:
        """Return a running job with the site seconds since it was last counted."""
        now_s = self._clock.monotonic_s()
        job = run_on(job, now_s - self._counted_s.get(job.job_id, now_s))
        self._counted_s[job.job_id] = now_s
        if now_s - self._saved_s.get(job.job_id, float("-inf")) >= SAVE_EVERY_S:
            self._saved_s[job.job_id] = now_s
            self._book.put(job)
        else:
            self._book.note(job)
        return job

    def _put(self, job: Job) -> None:
        self._book.put(job)
        self.changed.set()

    def _open_job(self, job_id: str) -> Job:
        job = self._book.get(job_id)
        if job.state.is_over:
            raise JobUnknown(f"job {job_id} is over: {job.state.value}; add it again to repeat it")
        return job

    def _tell(self, job: Job, text: str, level: str = "info") -> None:
        self._events.tell(job.job_id, text, level)

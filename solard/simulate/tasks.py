"""Jobs of a recording: whole ticks inside their windows, what they have done, what they earned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, floor
from pathlib import Path

from solard.core.job import JobDemand
from solard.core.wording import say_duration
from solard.simulate.errors import RecordingInvalid, SimulationImpossible
from solard.simulate.recording import TICK, TICK_S
from solard.simulate.table import flag, moment, number, number_between, read_rows

COLUMNS = (
    "arrives_utc",
    "power_w",
    "cards",
    "duration_s",
    "deadline_utc",
    "value",
    "interruptible",
    "mandatory",
)
TINY = 1e-6
MOST_W = 1e6
MOST_CARDS = 64
LONGEST_S = 800 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of a JOBS file."""

    arrives_at: datetime
    power_w: float
    """Of all its cards together while it runs."""
    cards: int
    duration_s: float
    deadline_at: datetime
    value: float
    interruptible: bool
    mandatory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One row of JOBS on the grid of ticks."""

    index: int
    """0-based row of the file."""
    job: Job
    first: int
    """The first tick that begins at its arrival or later."""
    end: int
    """One past the last tick that ends by its deadline, and by the recording's end."""
    ticks: int
    """Its duration in whole ticks."""
    outer_first: int
    """Its window rounded outward, for the bound."""
    outer_end: int
    is_due: bool
    """Whether its deadline lies in the recording: then it can be missed."""

    @property
    def fits(self) -> bool:
        """Say whether it can be done at all."""
        return self.end - self.first >= self.ticks


def read_jobs(path: Path) -> tuple[Job, ...]:
    """Return the rows of a JOBS file; raise RecordingInvalid with the line that is wrong."""
    jobs = []
    for where, cells in read_rows(path, COLUMNS):
        job = Job(
            power_w=number_between(cells["power_w"], where, "power_w", 0.0, MOST_W),
            cards=_cards(cells["cards"], where),
            duration_s=number_between(cells["duration_s"], where, "duration_s", 1.0, LONGEST_S),
            arrives_at=moment(cells["arrives_utc"], where),
            deadline_at=moment(cells["deadline_utc"], where),
            value=number(cells["value"] or "0", where, "value"),
            interruptible=flag(cells["interruptible"], where, "interruptible"),
            mandatory=flag(cells["mandatory"], where, "mandatory"),
        )
        jobs.append(job)
    return tuple(jobs)


def _cards(text: str, where: str) -> int:
    count = number_between(text, where, "cards", 0.0, MOST_CARDS)
    if not count.is_integer():
        raise RecordingInvalid(f"{where}: cards {count:g} is no whole number")
    return int(count)


def find_hopeless(jobs: Sequence[Job], cards: int) -> tuple[str, ...]:
    """Return a sentence for each job that nobody can do, whatever the sky does."""
    return tuple(
        f"job {index}: {why}; every policy misses it"
        for index, job in enumerate(jobs)
        if (why := _hopeless(job, cards)) is not None
    )


def _hopeless(job: Job, cards: int) -> str | None:
    window_s = (job.deadline_at - job.arrives_at).total_seconds()
    if job.cards > cards:
        return f"it takes {job.cards} cards, and the site has {cards}"
    if window_s <= 0.0:
        return (
            f"its deadline {job.deadline_at:%F %R} is not after its arrival {job.arrives_at:%F %R}"
        )
    if window_s < job.duration_s:
        lasts, window = say_duration(job.duration_s), say_duration(window_s)
        return f"it takes {lasts} and its window is {window}"
    return None


def make_tasks(jobs: Sequence[Job], begins_at: datetime, ticks: int) -> tuple[Task, ...]:
    """Return the jobs on the recording's grid."""
    return tuple(_task(index, job, begins_at, ticks) for index, job in enumerate(jobs))


def _task(index: int, job: Job, begins_at: datetime, ticks: int) -> Task:
    arrives = (job.arrives_at - begins_at) / TICK
    deadline = (job.deadline_at - begins_at) / TICK
    return Task(
        index=index,
        job=job,
        first=max(0, ceil(arrives - TINY)),
        end=min(ticks, floor(deadline + TINY)),
        ticks=max(1, ceil(job.duration_s / TICK_S - TINY)),
        outer_first=max(0, floor(arrives + TINY)),
        outer_end=min(ticks, ceil(deadline - TINY)),
        is_due=TINY < deadline <= ticks + TINY,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A job without interruption, from tick to tick."""

    index: int
    first: int
    end: int


@dataclass(slots=True)
class TaskBook:
    """What every job has done so far."""

    tasks: tuple[Task, ...]
    cards: int
    done: dict[int, int] = field(default_factory=dict)
    """Ticks that count, by job."""
    running: frozenset[int] = frozenset()
    finished: set[int] = field(default_factory=set)
    runs: list[Run] = field(default_factory=list)
    _since: dict[int, int] = field(default_factory=dict)

    def open_at(self, tick: int) -> tuple[Task, ...]:
        """Return the jobs that have arrived and can still be done, in order of arrival."""
        live = [
            task
            for task in self.tasks
            if task.first <= tick < task.end
            and task.index not in self.finished
            and tick + self.left(task) <= task.end
        ]
        return tuple(sorted(live, key=lambda task: (task.first, task.index)))

    def left(self, task: Task) -> int:
        """Return how many ticks it must still run if it runs from now on."""
        resumes = task.job.interruptible or task.index in self.running
        return task.ticks - (self.done.get(task.index, 0) if resumes else 0)

    def since(self, task: Task) -> int | None:
        """Return the tick from which a job has run without a break; None = it does not run."""
        return self._since.get(task.index)

    def demand(self, task: Task, begins_at: datetime) -> JobDemand:
        """Return a job as the plan sees it, on the grid of ticks."""
        return JobDemand(
            job_id=str(task.index),
            power_w=task.job.power_w,
            cards=task.job.cards,
            remaining_s=self.left(task) * TICK_S,
            earliest_at=begins_at + task.first * TICK,
            deadline_at=begins_at + task.end * TICK,
            value=0.0 if task.job.mandatory else task.job.value,
            mandatory=task.job.mandatory,
            interruptible=task.job.interruptible,
            is_running=task.index in self.running,
        )

    def run(self, tick: int, chosen: Iterable[int]) -> None:
        """Count one tick of the chosen jobs; those that ran and are not chosen stop."""
        now = frozenset(chosen)
        open_now = {task.index: task for task in self.open_at(tick)}
        unknown = now - set(open_now)
        if unknown:
            raise SimulationImpossible(f"jobs {sorted(unknown)} cannot run at tick {tick}")
        if sum(open_now[index].job.cards for index in now) > self.cards:
            raise SimulationImpossible(f"jobs take more than {self.cards} cards at tick {tick}")
        for index in self.running - now:
            self._stop(index, tick)
        for index in now:
            task = open_now[index]
            if index not in self.running:
                self._since[index] = tick
                if not task.job.interruptible:
                    self.done[index] = 0
            self.done[index] = self.done.get(index, 0) + 1
        self.running = now
        for index in now:
            if self.done[index] >= open_now[index].ticks:
                self.finished.add(index)
                self._stop(index, tick + 1)
        self.running = now - self.finished

    def close(self, tick: int) -> None:
        """End all runs."""
        for index in self.running:
            self._stop(index, tick)
        self.running = frozenset()

    def _stop(self, index: int, tick: int) -> None:
        self.runs.append(Run(index=index, first=self._since.pop(index), end=tick))

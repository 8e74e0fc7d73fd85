"""`jobs:` work that can wait for the sun, made again and again by a schedule."""
# ruff: noqa: RUF009 - key and hidden are dataclasses.field with our metadata

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from solard.config.quantities import DURATION, ENERGY, POWER
from solard.config.schedules import (
    DEADLINE_EXAMPLE,
    SCHEDULE_EXAMPLE,
    read_deadline,
    read_schedule,
)
from solard.config.sections import hidden, key
from solard.config.shapes import (
    ListShape,
    MoneyShape,
    ParsedShape,
    QuantityShape,
    TableShape,
    TextShape,
    WholeShape,
)
from solard.core.job import JobSpec, assumed_power_w
from solard.core.job_template import JobTemplate, LocalMoment
from solard.core.units import SECONDS_PER_HOUR

LONGEST_S = 30 * 86400.0


class Checkpoint(StrEnum):
    """How a job is told to save what it has done and end."""

    TERM = "SIGTERM"
    INT = "SIGINT"
    USR1 = "SIGUSR1"
    USR2 = "SIGUSR2"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSection:
    """One job as its owner describes it."""

    name: str = hidden("")
    command: tuple[str, ...] = key(ListShape(item=TextShape(), least=1))
    env: tuple[tuple[str, str], ...] = key(
        TableShape(
            item=TextShape(), form=r"[A-Za-z_][A-Za-z0-9_]*", hint="use letters, digits and _"
        ),
        default=(),
    )
    every: str = key(ParsedShape(parse=read_schedule, unit=SCHEDULE_EXAMPLE))
    gpus: int = key(WholeShape(low=0, high=64), default=0)
    """How many cards it takes; which ones is solard's choice."""
    power_w: float | None = key(QuantityShape(of=POWER, low=1.0, high=1e5), default=None)
    """At the wall and above idle, all its cards together."""
    duration_s: float | None = key(
        QuantityShape(of=DURATION, low=60.0, high=LONGEST_S), default=None
    )
    energy_wh: float | None = key(QuantityShape(of=ENERGY, low=1.0, high=1e6), default=None)
    """Instead of a duration."""
    deadline: LocalMoment | None = key(
        ParsedShape(parse=read_deadline, unit=DEADLINE_EXAMPLE), default=None
    )
    within_s: float | None = key(QuantityShape(of=DURATION, low=60.0, high=LONGEST_S), default=None)
    """Instead of a deadline: so long after it was made."""
    value: float | None = key(MoneyShape(per="job", low=0.0, high=10000.0), default=None)
    pay_at_most_per_kwh: float | None = key(
        MoneyShape(per="kWh", low=0.0, high=10.0), name="pay_at_most", default=None
    )
    """It runs only where its energy would earn or save no more than this elsewhere."""
    optional: bool = True
    interruptible: bool = True
    checkpoint: Checkpoint = Checkpoint.TERM
    grace_s: float = key(QuantityShape(of=DURATION, low=1.0, high=3600.0), default=60.0)
    retries: int = key(WholeShape(low=0, high=100), default=0)

    @property
    def template(self) -> JobTemplate:
        """Return the job as the daemon makes it."""
        power_w = assumed_power_w(self.gpus) if self.power_w is None else self.power_w
        spec = JobSpec(
            name=self.name.replace("_", "-"),  # units and sockets are named after it
            command=self.command,
            env=self.env,
            duration_s=run_time_s(self.duration_s, self.energy_wh, power_w),
            power_w=power_w,
            cards=self.gpus,
            value=self.value,
            pay_at_most_per_kwh=self.pay_at_most_per_kwh,
            mandatory=not self.optional,
            interruptible=self.interruptible,
            checkpoint_signal=self.checkpoint.value,
            grace_s=self.grace_s,
            retries=self.retries,
        )
        return JobTemplate(
            spec=spec, cron=self.every, deadline=self.deadline, within_s=self.within_s
        )


def run_time_s(duration_s: float | None, energy_wh: float | None, power_w: float) -> float:
    """Return how long a job runs, from its duration or from the energy that it takes."""
    if duration_s is not None:
        return duration_s
    return (energy_wh or 0.0) / power_w * SECONDS_PER_HOUR


def check_jobs(jobs: tuple[tuple[str, JobSection], ...]) -> Iterator[tuple[str, str]]:
    """Yield what is contradictory in each job: where, and a sentence."""
    for name, job in jobs:
        path = f"jobs.{name}"
        if (job.duration_s is None) == (job.energy_wh is None):
            yield path, f"{path} needs either duration or energy, such as `duration: 3 h`"
        if job.deadline is not None and job.within_s is not None:
            yield f"{path}.within", f"{path}.within stands beside deadline; keep one of them"
        if not job.optional and job.pay_at_most_per_kwh is not None:
            said = "means nothing: it runs whatever energy costs; write `optional: true`"
            yield f"{path}.pay_at_most", f"{path}.pay_at_most beside `optional: false` {said}"
        if not job.optional and job.deadline is None and job.within_s is None:
            yield path, f"{path} is not optional and has no deadline; write deadline or within"

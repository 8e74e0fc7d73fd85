"""What the daemon needs of the other rooms, and nothing more of them."""

import signal
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from solard.core.calibration import Calibration
from solard.core.decision import ApplyResult, PowerLimit
from solard.core.forecast import Forecast
from solard.core.history import HistoryRows, Reward
from solard.core.host import HostState
from solard.core.inputs import Override
from solard.core.job import Job
from solard.core.job_template import JobTemplate
from solard.core.learning import LearnedCurve
from solard.core.plan import Plan
from solard.core.planning import ForecastBasis, PlanBasis
from solard.core.records import CycleRecord
from solard.core.rig import GpuCard
from solard.core.site_slot import SiteSlot
from solard.core.state import GpuState
from solard.core.tariff import KnownPrices
from solard.core.told import ToldPower
from solard.core.view import DeviceView, EarningsDay, EnergyTotals, Event, TracePoint
from solard.core.work import ModeAction, WorkSpec, WorkUse
from solard.core.work_energy import WorkEnergy
from solard.core.work_health import Health


class ListedCards(Protocol):
    """What the keeper keeps."""

    @property
    def cards(self) -> tuple[GpuCard, ...]:
        """Return the cards that can be told a limit."""
        ...

    @property
    def backend(self) -> str:
        """Return `nvml`, `simulated` or `none`."""
        ...

    @property
    def note(self) -> str | None:
        """Return why there are no cards, in one line."""
        ...


class ReadCards(Protocol):
    """Every card now, and the keeper itself."""

    @property
    def gpus(self) -> tuple[GpuState, ...]:
        """Return the cards as they are."""
        ...

    @property
    def pid(self) -> int:
        """Return the keeper's process: a new one has forgotten what it was told."""
        ...

    @property
    def lease_left_s(self) -> float | None:
        """Return how long the first lease still runs, real seconds; None when nothing is held."""
        ...


class Keeper(Protocol):
    """The only writer of GPU limits; every call may raise SolardError."""

    async def list(self) -> ListedCards:
        """Return the cards and what they accept."""
        ...

    async def read(self) -> ReadCards:
        """Return every card as it is now."""
        ...

    async def set(
        self, limits: tuple[PowerLimit, ...], hands_off: frozenset[str] | None = None
    ) -> tuple[ApplyResult, ...]:
        """Tell limits, which renews the lease; cards in `hands_off` are left to their owner."""
        ...

    async def restore(self) -> tuple[ApplyResult, ...]:
        """Give every card its owner's limit back."""
        ...


class Poller(Protocol):
    """Reads the devices for ever and hands each answer on."""

    async def run(self) -> None:
        """Poll until cancelled."""
        ...

    def health(self) -> tuple[DeviceView, ...]:
        """Return how each device answers."""
        ...


class History(Protocol):
    """The store: puts never block; reads may, so they are made in a thread."""

    def put_cycle(self, record: CycleRecord) -> None:
        """Keep a decision."""
        ...

    def put_history(self, finished: HistoryRows) -> None:
        """Keep minutes, quarter hours and ledger rows."""
        ...

    def put_event(self, event: Event) -> None:
        """Keep something a person would want to know."""
        ...

    def put_rewards(self, rewards: Iterable[Reward]) -> None:
        """Keep what the chain paid; the same reward twice is one."""
        ...

    def put_forecast(self, forecast: Forecast) -> None:
        """Keep a forecast as issued."""
        ...

    def put_calibration(self, calibration: Calibration) -> None:
        """Keep what a night has taught, instead of the one before."""
        ...

    def last_calibration(self) -> Calibration | None:
        """Return what the last night has taught; None = nothing yet, or nothing that fits."""
        ...

    def told(self, after: datetime, before: datetime) -> tuple[ToldPower, ...]:
        """Return what somebody else had said of the times in `after..before`."""
        ...

    def full_at(self) -> datetime | None:
        """Return when the battery was last full, or first seen; None = it never was."""
        ...

    def put_curves(self, learned: tuple[LearnedCurve, ...]) -> None:
        """Keep what was measured of each card."""
        ...

    def put_work_energy(self, counted: tuple[WorkEnergy, ...]) -> None:
        """Keep what each workload has drawn so far."""
        ...

    def put_plan(self, plan: Plan) -> None:
        """Keep a plan as adopted."""
        ...

    def put_override(self, override: Override, asked_at: datetime) -> None:
        """Keep the operator's request."""
        ...

    def clear_overrides(self, asked_at: datetime) -> None:
        """Keep that the operator took the request back."""
        ...

    def set_live(self, live: bool) -> None:
        """Keep whether the daemon acts."""
        ...

    def retain(self, now: datetime) -> int:
        """Drop what is older than it needs to be, return how many rows."""
        ...

    def back_up(self) -> Path:
        """Write a verified copy, return where it is."""
        ...

    def backup_age_s(self) -> float | None:
        """Return how old the newest copy is, real seconds; None = there is none."""
        ...

    def site15(self, after: datetime, before: datetime) -> tuple[SiteSlot, ...]:
        """Return quarter hours that start in `after..before`."""
        ...

    def totals(self, after: datetime) -> EnergyTotals:
        """Return the energy since a moment."""
        ...

    def trace(self, after: datetime) -> tuple[TracePoint, ...]:
        """Return the curves since a moment."""
        ...

    def earnings_days(self, count: int) -> tuple[EarningsDay, ...]:
        """Return the last days, newest first."""
        ...

    @property
    def dropped(self) -> int:
        """Return how many rows could not be kept."""
        ...

    @property
    def problem(self) -> str | None:
        """Return why rows are not being kept right now, or None."""
        ...


class Planner(Protocol):
    """Forecast and plan, made elsewhere; each call may raise SolardError."""

    async def forecast(self, issued_at: datetime, basis: ForecastBasis) -> Forecast:
        """Return a forecast made of what the site remembers, and of what others say."""
        ...

    async def calibrate(self, made_at: datetime, basis: ForecastBasis) -> Calibration:
        """Return what a long history teaches."""
        ...

    async def prices(self, now: datetime) -> KnownPrices:
        """Return the prices of the hour as far as they are known; the next plan uses them too."""
        ...

    async def plan(self, forecast: Forecast, basis: PlanBasis) -> Plan:
        """Return a plan for the next two days; the previous one where a new one is no better."""
        ...


class WorkBackend(Protocol):
    """Runs programs, and finds those that outlived a daemon.

    A program that does not run is stopped, killed, signalled, frozen and thawed without an error.
    Calls may block for seconds, so they are made in threads; each may raise SolardError.
    """

    def start(self, spec: WorkSpec) -> int:
        """Start a program, return its pid."""
        ...

    def adopt(self, spec: WorkSpec) -> int | None:
        """Return the pid of a program that runs under this name, started by whomever."""
        ...

    async def drain(self, spec: WorkSpec) -> bool:
        """Ask the program to finish; return whether it ended within its grace."""
        ...

    async def stop(self, spec: WorkSpec) -> None:
        """End the program and all that it started: politely, a grace, by force."""
        ...

    async def kill(self, spec: WorkSpec) -> None:
        """End the program and all that it started, now."""
        ...

    def signal(self, spec: WorkSpec, number: signal.Signals) -> int:
        """Send a signal to those processes of the program that catch it; return how many do.

        The default of most signals is death, and a program that has just started has no handler.
        """
        ...

    def freeze(self, spec: WorkSpec) -> None:
        """Stop every process where it stands."""
        ...

    def thaw(self, spec: WorkSpec) -> None:
        """Let a frozen program go on."""
        ...

    def stats(self, spec: WorkSpec) -> WorkUse | None:
        """Return what it takes now; None while it does not run."""
        ...

    def ending(self, spec: WorkSpec) -> str | None:
        """Return how it last ended, in a few words; None where nobody knows."""
        ...

    def running_command(self, spec: WorkSpec) -> tuple[str, ...] | None:
        """Return the command with which the living program was started; None where unknown."""
        ...

    def note(self, spec: WorkSpec) -> str | None:
        """Return what of its description cannot be done here, and how to get it."""
        ...


class WorkFinding(Protocol):
    """What looking at a program says."""

    @property
    def health(self) -> Health:
        """Return how it fares."""
        ...

    @property
    def rate(self) -> float | None:
        """Return how fast it works, in its own unit."""
        ...


class WorkProbe(Protocol):
    """Looks at programs that know nothing of solard."""

    async def look(self, spec: WorkSpec, pid: int, draw_w: float | None) -> WorkFinding:
        """Return how a program fares, given what its cards draw."""
        ...

    async def check_ports(self, spec: WorkSpec) -> None:
        """Raise SolardError, naming who listens, where a program could not."""
        ...

    async def tell(self, action: ModeAction) -> None:
        """Send a mode's HTTP call; raise SolardError where it is not taken."""
        ...

    def forget(self, spec: WorkSpec) -> None:
        """Begin anew with the next life of a program."""
        ...


class JobStore(Protocol):
    """Where jobs survive a restart and a power cut."""

    def jobs(self) -> tuple[Job, ...]:
        """Return every kept job, oldest first."""
        ...

    def templates(self) -> dict[str, datetime]:
        """Return when each template last made a job."""
        ...

    def put_job(self, job: Job, template: str | None = None) -> None:
        """Keep a job as it is now; with `template`, also that this made it."""
        ...

    def put_template(self, name: str, fired_at: datetime) -> None:
        """Keep the moment up to which a template has made its jobs."""
        ...


class JobTimes(Protocol):
    """The calendar of templates, in the site's local time."""

    def next_due(self, template: JobTemplate, after: datetime) -> datetime:
        """Return the first moment after `after` at which the template makes a job."""
        ...

    def deadline(self, template: JobTemplate, made_at: datetime) -> datetime | None:
        """Return the deadline of a job that the template makes at a moment."""
        ...


ReadHost = Callable[[], HostState]
"""Returns the machine as it is now; may take milliseconds."""
Every = Callable[[str, float, Callable[[], Awaitable[None]]], None]
"""Run something under a name every so many site seconds."""
RunHook = Callable[[Event], Awaitable[None]]
WorkSocket = Callable[[str], Path]

"""What a person sees: one frozen picture of the daemon, for the API, the CLI and the TUI."""

from dataclasses import dataclass, field
from datetime import datetime

from solard.core.decision import ApplyResult, Decision
from solard.core.forecast import ForecastSlot
from solard.core.host import HostState
from solard.core.inputs import Override
from solard.core.job import JobState, JobWindow
from solard.core.ledger import SourceEnergy
from solard.core.modes import WorkMode
from solard.core.plan import PlanSlot
from solard.core.readings import PointReading
from solard.core.rig import Rig
from solard.core.state import SiteState
from solard.core.work import WorkUse


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    """One Modbus device and how it answers."""

    device_id: str
    profile: str
    age_s: float | None
    """Site seconds since its last good answer; None before the first."""
    period_s: float
    polls_ok: int
    polls_failed: int
    error: str | None
    """A sentence while it does not answer."""
    retry_in_s: float | None
    points: tuple[PointReading, ...] = ()
    """What it said last. A doubtful value stands as it came, with its quality; what has not been
    said anew for long is stale, and at last unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperView:
    """The GPU keeper."""

    backend: str
    """`nvml`, `simulated` or `none`."""
    pid: int | None
    note: str | None
    """Why there are no cards, or why they cannot be told limits."""
    error: str | None
    """A sentence while the keeper does not answer."""


OBSERVED = "not running (observing)"
"""Health of a workload that observe mode does not start."""
AT_REST = "at rest: there is no power for it"
AS_IT_SHOULD = frozenset({"ok", "starting", OBSERVED, AT_REST})
"""Healths in which nothing is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadView:
    """One workload that the daemon supervises."""

    name: str
    role: str
    """`network`, `miner`, `validator` or `other`."""
    pid: int | None
    wanted: WorkMode
    mode: WorkMode | None
    """What it says it is; None while it does not answer."""
    health: str
    """`ok`, or a sentence."""
    rate: float | None
    restarts: int
    counters: tuple[tuple[str, int], ...] = ()
    """Its own counts since it started: `requests`, `weights_set` …"""
    rate_unit: str = ""
    power_w: float | None = None
    """What it draws at the wall through its cards."""
    energy_j: float = 0.0
    """What it has drawn at the wall since it was first counted, joules."""
    energy_since: str | None = None
    """The first day that was counted, at the site, ISO."""
    keeper: str = ""
    """`pm2`, `docker`, `systemd` or `pid_file` where its owner's own supervisor runs it."""
    hold: str | None = None
    """`stopped` or `frozen` while the operator holds it so."""
    parked: bool = False
    """Whether it died too often to be started again."""
    note: str | None = None
    """What of its description cannot be done on this machine."""
    use: WorkUse | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """One job, without its environment: that may hold secrets."""

    job_id: str
    state: JobState
    command: tuple[str, ...]
    power_w: float
    cards: int
    duration_s: float
    ran_s: float
    value: float | None
    mandatory: bool
    interruptible: bool
    added_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    deadline_at: datetime | None
    planned: tuple[JobWindow, ...]
    """What the plan in force still gives it."""
    failures: int
    exit_status: int | None
    gpu_ids: tuple[str, ...]
    note: str
    """Why it is where it is, in a sentence."""
    pay_at_most_per_kwh: float | None = None
    """Dearer energy is not for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuronView:
    """One registered hotkey of ours."""

    netuid: int
    subnet: str
    uid: int
    hotkey: str
    role: str
    incentive: float
    dividends: float
    rank: int
    vtrust: float
    emission_rao: int
    """Per epoch, the last one."""
    stake_rao: int
    last_update_block: int
    immune_until_block: int
    registered_block: int = 0
    """A later one than before says that it lost its place meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkView:
    """The chain, as our workload sees it."""

    kind: str
    """`embedded` or the real network's name."""
    block: int | None
    epochs: int
    tempo: int
    age_s: float | None
    """Site seconds since its last block was seen."""
    neurons: tuple[NeuronView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyTotals:
    """Energy since local midnight, Wh."""

    pv_wh: float = 0.0
    house_wh: float = 0.0
    rig_wh: float = 0.0
    grid_in_wh: float = 0.0
    grid_out_wh: float = 0.0
    battery_in_wh: float = 0.0
    battery_out_wh: float = 0.0
    generator_wh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EarningsDay:
    """What the rig earned and took on one local day."""

    day: str
    """ISO date at the site."""
    miner_rao: int
    validator_rao: int
    sources: SourceEnergy
    idle_wh: float
    """Part of the rig's energy that went to host and parked cards."""
    cost: float | None
    """Energy cost in `currency`; None when a price is unknown."""
    lost_feed_in: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionView:
    """One condition of a policy with its live value."""

    text: str
    """`battery above 60 %`"""
    value: str
    """`71 %`, or `unknown`"""
    holds: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView:
    """One policy, read back as a sentence."""

    name: str
    sentence: str
    acts: bool
    when: tuple[ConditionView, ...]
    unless: tuple[ConditionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something a person would want to know."""

    happened_at: datetime
    source: str
    """`rig`, `gpu0`, `modbus`, `chain`, `plan`, `policy`, `daemon` …"""
    level: str
    """`info`, `warning` or `alert`."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePoint:
    """One point of today's curves: means over a minute or more."""

    at: datetime
    pv_w: float | None
    house_w: float | None
    rig_w: float | None
    soc: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStats:
    """What this daemon has done since it started."""

    started_at: datetime | None = None
    pid: int = 0
    rss_mb: float | None = None
    ticks: int = 0
    tick_p50_ms: float | None = None
    tick_p99_ms: float | None = None
    decisions: int = 0
    """Decisions that differed from the one before."""
    limits_applied: int = 0
    polls_ok: int = 0
    polls_failed: int = 0
    plan_solves: int = 0
    plan_solve_s: float | None = None
    forecast_issues: int = 0
    soc_min: float | None = None
    rows_dropped: int = 0
    """History rows that the store could not keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """Everything a screen shows."""

    seq: int
    site: str
    version: str
    live: bool
    """False in observe mode: decides and explains, touches nothing."""
    speed: float
    currency: str | None
    state: SiteState
    rig: Rig
    decision: Decision | None
    results: tuple[ApplyResult, ...]
    devices: tuple[DeviceView, ...]
    keeper: KeeperView
    workloads: tuple[WorkloadView, ...]
    network: NetworkView | None
    today: EnergyTotals
    rest_of_day: EnergyTotals | None
    """Forecast from now to local midnight."""
    earnings: tuple[EarningsDay, ...]
    """Newest first."""
    policies: tuple[PolicyView, ...]
    overrides: tuple[Override, ...]
    forecast: tuple[ForecastSlot, ...]
    """Today's slots."""
    plan: tuple[PlanSlot, ...]
    """From the last midnight on, as far as the plan reaches."""
    plan_made_at: datetime | None
    trace: tuple[TracePoint, ...]
    """Today so far, oldest first, at most 300 points."""
    events: tuple[Event, ...]
    """Newest first, at most 200."""
    degraded: tuple[str, ...] = ()
    """Sentences on what does not work right now."""
    stats: DaemonStats = field(default_factory=DaemonStats)
    host: HostState | None = None
    """None until it was first looked at."""
    idle_w: float | None = None
    """What host and parked cards draw at the wall now."""
    jobs: tuple[JobView, ...] = ()
    """Open ones, oldest first, then the newest that are over."""

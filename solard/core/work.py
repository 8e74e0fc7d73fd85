"""How a workload is run, and what it said of itself."""

from dataclasses import dataclass, field
from enum import StrEnum

from solard.core.modes import WorkMode
from solard.core.restarts import RestartPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCaps:
    """The most that all processes of a workload may take together; None = what the rig has."""

    memory_bytes: int | None = None
    cpu_cores: float | None = None
    tasks: int | None = None
    """Processes and threads."""


class Keeper(StrEnum):
    """Who runs a program that is not ours."""

    PM2 = "pm2"
    DOCKER = "docker"
    SYSTEMD = "systemd"
    PID_FILE = "pid_file"
    """Somebody who writes its pid to a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class External:
    """A program that its owner's own supervisor runs; solard adopts it as it is."""

    keeper: Keeper
    name: str
    """Its name there: of a process, a container, a unit, or a file's path."""
    start: tuple[str, ...] = ()
    """The owner's command; empty = the supervisor's usual one."""
    stop: tuple[str, ...] = ()
    pid_file: str = ""
    """Where its supervisor writes its pid; spares a question that starts a process."""
    log_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundWork:
    """A program that was found on the machine, as far as its supervisor tells."""

    name: str
    """As solard would call it."""
    external: External
    gpus: tuple[int, ...] = ()
    ports: tuple[int, ...] = ()
    runs: str = ""
    """Program and arguments, for people."""


class ActionKind(StrEnum):
    """What entering a mode does to a program."""

    LIMIT = "limit"
    """Nothing: the cards' limits alone make it work less."""
    STOP = "stop"
    FREEZE = "freeze"
    """Stop it where it stands; it keeps its memory, and answers nobody."""
    SIGNAL = "signal"
    HTTP = "http"
    ARGUMENTS = "arguments"
    """Start it again with another command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeAction:
    """What one mode means for a program that knows nothing of solard."""

    kind: ActionKind
    signal: str = ""
    """`SIGUSR1`"""
    url: str = ""
    method: str = "POST"
    body: str = ""
    command: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Return whether the program lives in this mode."""
        return self.kind is not ActionKind.STOP


LIMIT_ONLY = ModeAction(kind=ActionKind.LIMIT)
STOPPED = ModeAction(kind=ActionKind.STOP)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfQuery:
    """A signed question to a program's own axon, on loopback."""

    synapse: str
    hotkey: str
    """SS58 address of the axon."""
    protocol: str = "legacy"
    """`legacy` or `btauth`."""
    port: int = 0
    fields: tuple[tuple[str, str | float | None], ...] = ()
    """What is asked; an axon of bittensor 8 to 10 breaks on a question without its fields."""
    hash_fields: tuple[str, ...] = ()
    """Those that a legacy signature covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChecks:
    """How to tell that a program works; each check that is None is not made."""

    port: int | None = None
    """Accepts a connection on loopback."""
    url: str | None = None
    """Answers with a status below 400."""
    log: str | None = None
    """A regular expression that its log must keep matching."""
    log_within_s: float = 600.0
    draw_above_w: float | None = None
    """What its cards together draw while it works."""
    draw_within_s: float = 300.0
    self_query: SelfQuery | None = None
    every_s: float = 15.0
    timeout_s: float = 5.0
    fails: int = 3
    """So many failed checks in a row make it sick."""
    starts_within_s: float = 300.0
    """After a start it may take so long until it is well: models load for minutes."""


class RateKind(StrEnum):
    """Where a program's own rate of work is found."""

    LOG = "log"
    HTTP = "http"
    PROMETHEUS = "prometheus"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSource:
    """How fast a program works, in its own unit."""

    kind: RateKind
    pattern: str = ""
    """Of the log: a regular expression whose first group is the number."""
    url: str = ""
    path: str = ""
    """Into the JSON, dotted: `gpus.0.hashrate`; or the name of the metric."""
    is_counter: bool = False
    """Whether the number only grows, so that its growth in a second is the rate."""
    unit: str = ""
    every_s: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkSpec:
    """A program that solard keeps running, or watches."""

    name: str
    """Lower-case letters, digits and dashes: it names sockets, files and units."""
    role: str
    """`network`, `miner`, `validator` or `other`."""
    command: tuple[str, ...]
    """Empty where somebody else runs it."""
    env: tuple[tuple[str, str], ...] = ()
    bundled: bool = False
    """Bundled programs answer on `run/work/NAME.sock` and take modes; others run or do not."""
    uses_cards: bool = False
    """It is not started before the keeper holds the cards: they might be at full power."""
    stop_below: WorkMode = WorkMode.STANDBY
    """A program without `modes` is stopped in every mode below this one."""
    grace_s: float = 10.0
    """Real seconds between SIGTERM and SIGKILL."""
    directory: str = "/"
    """Where it starts."""
    user: str | None = None
    ports: tuple[int, ...] = ()
    """On which it listens: nobody else may when it starts."""
    external: External | None = None
    modes: tuple[tuple[WorkMode, ModeAction], ...] = ()
    answer_within_s: float | None = None
    """Real seconds; a later answer is no work."""
    health: HealthChecks | None = None
    rate: RateSource | None = None
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    caps: WorkCaps = WorkCaps()

    @property
    def is_watched_only(self) -> bool:
        """Return whether solard never starts or stops it: its owner does, and said no modes."""
        return self.external is not None and not self.modes

    def action(self, mode: WorkMode) -> ModeAction:
        """Return what a mode does; a mode that is not written does what the next higher one does.

        Without any, a program runs as long as the mode is high enough for it.
        """
        if self.is_watched_only:
            return LIMIT_ONLY
        if not self.modes:
            return LIMIT_ONLY if mode.rank >= self.stop_below.rank else STOPPED
        written = dict(self.modes)
        if mode is WorkMode.OFF:
            return written.get(mode, STOPPED)
        higher = sorted((m for m in written if m.rank >= mode.rank), key=lambda m: m.rank)
        return written[higher[0]] if higher else LIMIT_ONLY


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkUse:
    """What a workload takes of the machine now; None where nobody says."""

    processes: int
    memory_bytes: int | None = None
    cpu_s: float | None = None
    """Of all its processes since they started."""
    frozen: bool = False
    out_of_memory: int = 0
    """How often the kernel killed one of its processes for memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkStatus:
    """What a bundled workload says of itself."""

    pid: int
    mode: WorkMode
    health: str
    """`ok`, or a sentence."""
    rate: float | None
    earned_rao: int
    hotkey: str | None = None
    """Of a neuron, registered or not yet."""
    counters: tuple[tuple[str, int], ...] = ()
    """Its own counts: `requests`, `weights_set` …"""

    def counter(self, name: str) -> int:
        """Return a count, 0 where the workload keeps none of that name."""
        return dict(self.counters).get(name, 0)

"""Parts of a workload in the file: who runs it, what modes do, how its health and rate are seen."""
# ruff: noqa: RUF009 - key is dataclasses.field with our metadata

import re
from dataclasses import dataclass

from solard.config.quantities import (
    CORES,
    DURATION,
    MEMORY,
    POWER,
    QuantityInvalid,
)
from solard.config.reader import MappingNode, Node, Plain
from solard.config.reading import Reading
from solard.config.sections import SectionShape, key
from solard.config.shapes import (
    REFUSED,
    ChoiceShape,
    ListShape,
    ParsedShape,
    QuantityShape,
    TableShape,
    TextShape,
    WholeShape,
)
from solard.core.modes import WorkMode
from solard.core.restarts import RestartPolicy
from solard.core.work import (
    LIMIT_ONLY,
    STOPPED,
    ActionKind,
    External,
    HealthChecks,
    Keeper,
    ModeAction,
    RateKind,
    RateSource,
    SelfQuery,
    WorkCaps,
)

URL = TextShape(
    unit="http://127.0.0.1:8091/health",
    form=r"https?://[^\s]+",
    hint="an address like http://127.0.0.1:8091/health",
)
COMMAND = ListShape(item=TextShape(), least=1)
PORT = WholeShape(low=1, high=65535)
NAME_THERE = TextShape(
    unit="sn8-miner", form=r"[A-Za-z0-9][A-Za-z0-9._:@\\-]{0,120}", hint="a name without spaces"
)
FILE = TextShape(unit="/run/miner.pid", form=r"/[^\s]+", hint="a whole path")
SIGNAL = TextShape(
    unit="SIGUSR1", form=r"SIG(HUP|INT|USR1|USR2|TERM|CONT|WINCH)", hint="SIGUSR1 or SIGUSR2"
)
_FIELD = r"[A-Za-z_][A-Za-z0-9_]{0,60}"
SOONEST_S, LATEST_S = 1.0, 86400.0


def _parse_pattern(value: Plain) -> str:
    if not isinstance(value, str):
        raise QuantityInvalid("is no regular expression; put it in quotes")
    try:
        re.compile(value)
    except re.error as err:
        raise QuantityInvalid(f'"{value[:40]}" is no regular expression: {err}') from err
    return value


PATTERN = ParsedShape(parse=_parse_pattern, unit='"rate: ([0-9.]+)"')


def _period(low_s: float = SOONEST_S, high_s: float = LATEST_S) -> QuantityShape:
    return QuantityShape(of=DURATION, low=low_s, high=high_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSection:
    """Who runs a program that solard adopts as it is."""

    pm2: str | None = key(
        TextShape(unit="sn8-miner", form=r"[^\s-][^\n]{0,120}", hint="a name as pm2 lists it"),
        default=None,
    )
    docker: str | None = key(NAME_THERE, default=None)
    systemd: str | None = key(NAME_THERE, default=None)
    pid_file: str | None = key(FILE, default=None)
    log_file: str | None = key(FILE, default=None)
    start: tuple[str, ...] = key(COMMAND, default=())
    stop: tuple[str, ...] = key(COMMAND, default=())

    @property
    def keepers(self) -> tuple[Keeper, ...]:
        """Return every supervisor that is named."""
        named = {Keeper.PM2: self.pm2, Keeper.DOCKER: self.docker, Keeper.SYSTEMD: self.systemd}
        return tuple(keeper for keeper, name in named.items() if name is not None)

    def for_core(self) -> External:
        """Return who runs it: a supervisor by name, or whoever writes the pid file."""
        keeper = self.keepers[0] if self.keepers else Keeper.PID_FILE
        name = self.pm2 or self.docker or self.systemd or self.pid_file or ""
        return External(
            keeper=keeper,
            name=name,
            start=self.start,
            stop=self.stop,
            pid_file=self.pid_file or "",
            log_file=self.log_file or "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfQuerySection:
    """A signed question to the program's own axon."""

    synapse: str = key(
        TextShape(unit="Synapse", form=r"[A-Za-z][A-Za-z0-9_-]{0,60}", hint="a synapse's name"),
        default="Synapse",
    )
    hotkey: str = key(
        TextShape(unit="5F3sa2TJ…", form=r"[1-9A-HJ-NP-Za-km-z]{46,50}", hint="an SS58 address")
    )
    protocol: str = key(
        ChoiceShape(words={"legacy": "legacy", "btauth": "btauth"}, later={}), default="legacy"
    )
    port: int | None = key(PORT, default=None)
    fields: tuple[tuple[str, str | float | None], ...] = key(
        TableShape(
            item=ParsedShape(parse=lambda value: value, unit="hi"),
            form=_FIELD,
            hint="a field's name",
        ),
        default=(),
    )
    hash_fields: tuple[str, ...] = key(
        ListShape(item=TextShape(unit="prompt", form=_FIELD, hint="a field's name")), default=()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSection:
    """How to tell that a program works."""

    port: int | None = key(PORT, default=None)
    http: str | None = key(URL, default=None)
    log: str | None = key(PATTERN, default=None)
    log_within_s: float = key(_period(), default=600.0)
    draw_above_w: float | None = key(QuantityShape(of=POWER, low=1.0, high=1e5), default=None)
    draw_within_s: float = key(_period(), default=300.0)
    self_query: SelfQuerySection | None = None
    every_s: float = key(_period(high_s=3600.0), default=15.0)
    timeout_s: float = key(_period(0.1, 60.0), default=5.0)
    fails: int = key(WholeShape(low=1, high=100), default=3)
    starts_within_s: float = key(_period(), default=300.0)

    def for_core(self, ports: tuple[int, ...]) -> HealthChecks:
        """Return the checks of a program that listens on these ports."""
        asked = self.self_query
        return HealthChecks(
            self_query=None
            if asked is None
            else SelfQuery(
                synapse=asked.synapse,
                hotkey=asked.hotkey,
                protocol=asked.protocol,
                port=asked.port or (ports[0] if ports else 0),
                fields=asked.fields,
                hash_fields=asked.hash_fields,
            ),
            port=self.port,
            url=self.http,
            log=self.log,
            log_within_s=self.log_within_s,
            draw_above_w=self.draw_above_w,
            draw_within_s=self.draw_within_s,
            every_s=self.every_s,
            timeout_s=self.timeout_s,
            fails=self.fails,
            starts_within_s=self.starts_within_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSection:
    """Where a program's own rate of work is found: exactly one of log, http and prometheus."""

    log: str | None = key(PATTERN, default=None)
    http: str | None = key(URL, default=None)
    path: str | None = key(TextShape(unit="stats.0.rate", form=r"[^\s]{1,200}"), default=None)
    prometheus: str | None = key(URL, default=None)
    metric: str | None = key(
        TextShape(unit="hashes_total", form=r"[A-Za-z_:][A-Za-z0-9_:]*(\{[^}]*\})?"), default=None
    )
    counter: bool = False
    unit: str | None = key(TextShape(unit="MH/s", form=r"[^\s]{1,20}", hint="a unit"), default=None)
    every_s: float = key(_period(high_s=3600.0), default=15.0)

    @property
    def kinds(self) -> tuple[RateKind, ...]:
        """Return every source that is named."""
        named = {
            RateKind.LOG: self.log,
            RateKind.HTTP: self.http,
            RateKind.PROMETHEUS: self.prometheus,
        }
        return tuple(kind for kind, value in named.items() if value is not None)

    def for_core(self) -> RateSource:
        """Return the source."""
        return RateSource(
            kind=self.kinds[0],
            pattern=self.log or "",
            url=self.http or self.prometheus or "",
            path=self.path or self.metric or "",
            is_counter=self.counter,
            unit=self.unit or "",
            every_s=self.every_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeSection:
    """What one mode does, where a word does not say it."""

    signal: str | None = key(SIGNAL, default=None)
    http: str | None = key(URL, default=None)
    method: str = key(
        ChoiceShape(words={one: one for one in ("POST", "PUT", "GET")}, later={}), default="POST"
    )
    body: str | None = key(TextShape(), default=None)
    command: tuple[str, ...] = key(COMMAND, default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeShape:
    """`limit`, `stop`, `freeze`, or a mapping with one of `signal`, `http` and `command`."""

    unit: str = "limit, stop, freeze or {signal: SIGUSR1}"
    range_text: str = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the action."""
        if not isinstance(node, MappingNode):
            freeze = ModeAction(kind=ActionKind.FREEZE)
            words = {"limit": LIMIT_ONLY, "stop": STOPPED, "freeze": freeze}
            return ChoiceShape(words=words, later={}).read(node, reading, path)
        said = SectionShape(of=ModeSection).read(node, reading, path)
        if not isinstance(said, ModeSection) or not reading.is_sound(path):
            return REFUSED
        if sum((said.signal is not None, said.http is not None, bool(said.command))) != 1:
            reading.refuse(node, path, "needs exactly one of signal, http and command")
            return REFUSED
        if said.signal is not None:
            return ModeAction(kind=ActionKind.SIGNAL, signal=said.signal)
        if said.http is not None:
            return ModeAction(
                kind=ActionKind.HTTP, url=said.http, method=said.method, body=said.body or ""
            )
        return ModeAction(kind=ActionKind.ARGUMENTS, command=said.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModesSection:
    """What each mode means for a program that knows nothing of solard."""

    full: ModeAction | None = key(ModeShape(), default=None)
    eco: ModeAction | None = key(ModeShape(), default=None)
    standby: ModeAction | None = key(ModeShape(), default=None)
    off: ModeAction | None = key(ModeShape(), default=None)

    def for_core(self) -> tuple[tuple[WorkMode, ModeAction], ...]:
        """Return the written ones, highest first."""
        said = {
            WorkMode.FULL: self.full,
            WorkMode.ECO: self.eco,
            WorkMode.STANDBY: self.standby,
            WorkMode.OFF: self.off,
        }
        return tuple((mode, action) for mode, action in said.items() if action is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartSection:
    """How patient solard is with a program that dies."""

    first_s: float = key(_period(0.1, 3600.0), default=1.0)
    last_s: float = key(_period(), default=300.0)
    park_after: int = key(WholeShape(low=2, high=1000), default=12)

    def for_core(self) -> RestartPolicy:
        """Return the policy."""
        return RestartPolicy(first_s=self.first_s, last_s=self.last_s, park_after=self.park_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapsSection:
    """The most that all processes of a workload may take together."""

    memory: float | None = key(QuantityShape(of=MEMORY, low=1e6, high=1e13), default=None)
    cpu: float | None = key(QuantityShape(of=CORES, low=0.05, high=1024.0), default=None)
    tasks: int | None = key(WholeShape(low=1, high=1_000_000), default=None)

    def for_core(self) -> WorkCaps:
        """Return the caps."""
        return WorkCaps(
            memory_bytes=None if self.memory is None else round(self.memory),
            cpu_cores=self.cpu,
            tasks=self.tasks,
        )

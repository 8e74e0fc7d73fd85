"""A whole network on this machine: one node, miners and validators, each a process of its own."""

import asyncio
import contextlib
import csv
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hardware.sim.measured import DAY_NAMES, MeasuredDay, load_day
from hardware.sim.trace import DayTrace
from miner.chain.summary import ChainSummary, check_genesis, summarize
from miner.subnets.catalog import BUNDLED
from solard.core.errors import SolardError
from solard.demo.home import free_port
from solard.demo.members import Member, Members
from solard.demo.options import MORNING
from solard.system.children import become_subreaper, end_all
from solard.system.clock import CLOCK_VARIABLE, ScaledClock
from solard.system.lines import ask
from solard.system.places import room_for_sockets

LOOK_EVERY_S = 0.25
LONGEST_SOCKET = "validator-16.sock"
END_GRACE_S = 10.0
ANSWER_S = 2.0
TEMPO = 30
"""Blocks between epochs: six minutes of site time."""
QUARTER = timedelta(minutes=15)
GRANT_TAO = 100
"""What a new key has."""
WEATHERS = DAY_NAMES[:2]
"""What miners learned under: two fortnights of one place and season."""


class TownUnusable(SolardError):
    """A network cannot be started as it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TownOptions:
    """One network."""

    miners: int
    validators: int
    speed: float
    """Site seconds per real second."""
    for_s: float | None
    """Real seconds; None = until it is told to end."""
    home: Path | None
    """Kept when given; one that exists goes on. None = a temporary directory."""
    places: int = 256
    """Neurons on each subnet of a new network."""
    immunity_blocks: int = 4096
    """For which a newcomer to it need not give way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TownReport:
    """What became of a network."""

    chain: ChainSummary
    weights_set: dict[str, int]
    """By subnet, as said by all validators."""
    requests: dict[str, int]
    """By subnet, as asked by all validators."""

    def as_json(self) -> dict[str, object]:
        """Return it as plain data; amounts in rao."""
        return {
            "blocks": self.chain.blocks,
            "epochs": sum(one.epochs for one in self.chain.subnets),
            "subnets": {
                one.name: {
                    "weights_set": self.weights_set.get(one.name, 0),
                    "requests": self.requests.get(one.name, 0),
                    "emitted_rao": {
                        "owner": one.owner_rao,
                        "miners": one.miners_rao,
                        "validators": one.validators_rao,
                    },
                    "recycled_rao": one.recycled_rao,
                    "epochs": one.epochs,
                }
                for one in self.chain.subnets
            },
            "reward_rao": self.chain.reward_rao,
            "pending_rao": self.chain.pending_rao,
            "evictions": self.chain.evictions,
        }


def run_town(options: TownOptions, say: Callable[[str], None]) -> TownReport:
    """Run a network to its end and return what became of it; no process of it is left."""
    with _home(options) as home, room_for_sockets(home / "run", LONGEST_SOCKET) as sockets:
        check_genesis(home)
        become_subreaper()
        town = _Town(home, sockets, options, say)
        try:
            asyncio.run(town.live())
        finally:
            killed = end_all(END_GRACE_S)
            if killed:
                say(f"{len(killed)} processes did not end by themselves and were killed")
        details = town.validator_details()
        return TownReport(
            chain=summarize(home),
            weights_set=_by_subnet(details, "weights_set"),
            requests=_by_subnet(details, "queries"),
        )


class _Town:
    """The processes, and where they keep what they know."""

    def __init__(
        self, home: Path, sockets: Path, options: TownOptions, say: Callable[[str], None]
    ) -> None:
        self._home = home
        self._options = options
        self._port = free_port()
        self._sockets = sockets
        clock = _clock(options.speed)
        self._members = Members(
            [self._node(), *self._miners(), *self._validators()],
            env={CLOCK_VARIABLE: clock.variable()},
            logs=home / "log",
            say=say,
        )

    async def live(self) -> None:
        """Keep everybody alive until the time is over or a signal comes."""
        over = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, over.set)
        deadline_s = time.monotonic() + (self._options.for_s or float("inf"))
        while not over.is_set() and time.monotonic() < deadline_s:
            self._members.look_after()
            self._write_pids()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), LOOK_EVERY_S)
        # Validators write down what they have done; asked last, they have said everything.
        for name in self._names("validator"):
            with contextlib.suppress(SolardError):
                await ask(self._sockets / f"{name}.sock", {"verb": "drain"}, ANSWER_S)

    def validator_details(self) -> list[tuple[str, dict[str, int]]]:
        """Return the kept counts of every validator, by subnet."""
        found = []
        for name in self._names("validator"):
            for subnet in BUNDLED:
                path = self._home / name / f"validator-{subnet}.json"
                with contextlib.suppress(OSError, ValueError):
                    found.append((subnet, json.loads(path.read_text(encoding="utf-8"))))
        return found

    def _names(self, role: str) -> list[str]:
        count = self._options.miners if role == "miner" else self._options.validators
        return [f"{role}-{number}" for number in range(1, count + 1)]

    def _node(self) -> Member:
        options = [word for name in BUNDLED for word in ("--subnet", name)]
        places, immunity = str(self._options.places), str(self._options.immunity_blocks)
        rules = ("--tempo", str(TEMPO), "--places", places, "--immunity", immunity)
        more = ("--port", str(self._port), *rules, *options)
        return Member("node", self._program("network", "node", *more))

    def _miners(self) -> Iterator[Member]:
        for number, name in enumerate(self._names("miner")):
            more = ("--axon-port", str(free_port()))
            weather = load_day(WEATHERS[number % len(WEATHERS)])
            neuron = self._neuron(name, number, weather)
            yield Member(name, self._program("miner", name, *neuron, *more))

    def _validators(self) -> Iterator[Member]:
        for number, name in enumerate(self._names("validator")):
            more = self._neuron(name, number, load_day(DAY_NAMES[0]))
            yield Member(name, self._program("validator", name, *more))

    def _neuron(self, name: str, number: int, weather: MeasuredDay) -> tuple[str, ...]:
        """Return a neuron's own site: each learns under another sky, or with more panels."""
        day = load_day(DAY_NAMES[0])
        factor = 0.6 + 0.2 * (number % 5)
        path = self._home / f"{name}.site.csv"
        write_site(path, weather, factor, later=day.starts_at - weather.starts_at)
        options = [word for subnet in BUNDLED for word in ("--subnet", subnet)]
        return (
            *("--network", f"http://127.0.0.1:{self._port}", "--site-file", str(path)),
            *("--site", f"{day.latitude},{day.longitude}"),
            *("--peak-w", str(round(day.peak_w * factor))),
            # Everybody comes at once here, which is dear; nobody shall have to wait.
            *("--register-at-most", str(GRANT_TAO)),
            *options,
        )

    def _program(self, program: str, name: str, *more: str) -> list[str]:
        home, socket = self._home / name, self._sockets / f"{name}.sock"
        common = ["--dir", str(home), "--socket", str(socket)]
        return [sys.executable, "-m", "miner", program, *common, *more]

    def _write_pids(self) -> None:
        path = self._home / "town.json"
        fresh = path.with_suffix(".new")
        node = f"http://127.0.0.1:{self._port}"
        told = {"node": node, "processes": self._members.pids()}
        fresh.write_text(json.dumps(told), encoding="utf-8")
        fresh.replace(path)


def write_site(path: Path, day: MeasuredDay, factor: float, later: timedelta) -> None:
    """Write a measured home's quarter hours, two weeks and the day, with panels scaled.

    `later` moves them to another date.
    """
    trace = DayTrace(day, seed=1)
    rows = [(one.starts_at, one.pv_wh) for one in day.history]
    at = day.starts_at
    while at < day.rows[-1].starts_at:
        mean_w = sum(trace.pv_w(at + QUARTER * part / 5) for part in range(5)) / 5
        rows.append((at, mean_w / 4.0))
        at += QUARTER
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("starts_at", "pv_wh"))
        writer.writerows(((at + later).isoformat(), round(pv_wh * factor, 3)) for at, pv_wh in rows)


@contextlib.contextmanager
def _home(options: TownOptions) -> Iterator[Path]:
    """Give the network a home: the one asked for, or a short temporary one (sockets: 107 bytes)."""
    if options.home is None:
        with tempfile.TemporaryDirectory(prefix="solard-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    try:
        options.home.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise TownUnusable(
            f"cannot make {options.home}: {err.strerror}; give another --dir"
        ) from err
    yield options.home.resolve()


def _clock(speed: float) -> ScaledClock:
    day = load_day(DAY_NAMES[0])
    zone = ZoneInfo(day.timezone)
    date = day.starts_at.astimezone(zone).date()
    start = datetime.combine(date, MORNING, tzinfo=zone).astimezone(UTC)
    return ScaledClock(start, time.monotonic(), speed)


def _by_subnet(details: list[tuple[str, dict[str, int]]], name: str) -> dict[str, int]:
    return {
        subnet: sum(int(data.get(name, 0)) for each, data in details if each == subnet)
        for subnet in BUNDLED
    }

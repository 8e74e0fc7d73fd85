"""What an axon bears: questions beside the SDK's axon, and attacks beside honest callers."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from miner.dendrite import WireProtocol
from tests.bench.figures import Figure, once
from tests.bench.processes import read_memory
from tests.bench.stage import ROOT, NotMeasured, clean_environment
from tests.kept_python import NotInstallable, python_with
from tests.miner.attackers import KINDS
from tests.miner.callers import Heard, ask_for
from tests.miner.interop.venvs import sdk_command
from tests.miner.stage import free_port

CALLERS = 16
SDK = "10.5.0"
SDK_NAME = f"axon of bittensor {SDK}"
ROUNDS = 3
TIMES_FASTER = 8
WORSE_THAN_QUIET = 3.0
PAUSE_S = 0.1
"""Between an answer and the next question, where attacks are measured: 160 questions a second."""
READY_WITHIN = 200
"""Lines of its log before an axon has to serve."""


def measure_axon(seconds: float) -> tuple[Figure, ...]:
    """Return every figure of this theme."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        with _ours(Path(home)) as (pid, port), _theirs(Path(home)) as sdk:
            figures = _beside(pid, port, sdk, seconds / ROUNDS)
        with _ours(Path(home)) as (pid, port):
            return figures + _attacks(pid, port, seconds)


def _beside(pid: int, port: int, sdk: tuple[int, int] | None, seconds: float) -> tuple[Figure, ...]:
    """Measure in turns, so that what else the machine does falls on all of them."""
    heard: dict[str, list[Heard]] = {"axon: legacy": [], "axon: btauth/1": [], SDK_NAME: []}
    for _ in range(ROUNDS):
        heard["axon: legacy"].append(ask_for(port, seconds, callers=CALLERS))
        btauth = ask_for(port, seconds, callers=CALLERS, protocol=WireProtocol.BTAUTH)
        heard["axon: btauth/1"].append(btauth)
        if sdk is not None:
            heard[SDK_NAME].append(ask_for(sdk[1], seconds, callers=CALLERS))
    figures = [one for name, several in heard.items() for one in _speed(name, several)]
    figures.append(once("axon: RSS after that", "MB", read_memory(pid).rss_mb))
    if sdk is not None:
        figures.append(once(f"{SDK_NAME}: RSS after that", "MB", read_memory(sdk[0]).rss_mb))
        pairs = zip(heard[SDK_NAME], heard["axon: legacy"], strict=True)
        shares = tuple(theirs.rate / ours.rate for theirs, ours in pairs)
        name = "axon: the SDK's rate as part of ours, legacy"
        figures.append(Figure(name=name, unit="", values=shares, below=1 / TIMES_FASTER))
    return tuple(figures)


def _speed(name: str, heard: list[Heard]) -> tuple[Figure, ...]:
    if not heard:
        return ()
    for one in heard:
        if one.bad or not one.latencies_s:
            raise NotMeasured(f"{name}: {one.bad} bad answers, {len(one.latencies_s)} good ones")
    rates = tuple(one.rate for one in heard)
    waits = tuple(one.quantile_ms(0.99) for one in heard)
    return (
        Figure(name=f"{name}, {CALLERS} callers", unit="/s", values=rates),
        Figure(name=f"{name}, p99", unit="ms", values=waits),
    )


def _attacks(pid: int, port: int, seconds: float) -> tuple[Figure, ...]:
    figures = []
    ask_for(port, 1.0, callers=CALLERS, pause_s=PAUSE_S)
    before_mb = read_memory(pid).rss_mb
    for kind in KINDS:
        quiet = ask_for(port, seconds, callers=CALLERS, pause_s=PAUSE_S)
        command = [sys.executable, "-m", "tests.miner.attackers", kind, str(port), str(seconds)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL):
            heard = ask_for(port, seconds, callers=CALLERS, pause_s=PAUSE_S)
        figures.append(
            once(
                f"axon: p99 of honest callers under `{kind}`, against quiet",
                "x",
                heard.quantile_ms(0.99) / quiet.quantile_ms(0.99),
                below=WORSE_THAN_QUIET,
                how=f"{quiet.quantile_ms(0.99):.1f} ms in quiet; {heard.bad} bad answers",
            )
        )
    grown_mb = read_memory(pid).rss_mb - before_mb
    return (*figures, once("axon: growth through all attacks", "MB", grown_mb, below=40))


@contextmanager
def _ours(home: Path) -> Iterator[tuple[int, int]]:
    options = ("--port", "0", "--uri", "//AxonAlice", "--open", "--dir", str(home))
    command = [sys.executable, "-m", "solard", "network", "axon", *options]
    with _serving(command, home, "serving") as process:
        yield process.pid, int(process.said.rpartition(":")[2])


@contextmanager
def _theirs(home: Path) -> Iterator[tuple[int, int] | None]:
    """Serve the same by the SDK's axon, where that can be installed."""
    try:
        python = python_with("bittensor", SDK)
    except NotInstallable as err:
        print(f"bench: {err}", file=sys.stderr)
        yield None
        return
    port = free_port()
    with _serving(sdk_command(python, "sdk10.py", "serve", str(port)), home, "ready") as process:
        _wait_for(port)
        yield process.pid, port


class _Serving:
    """A process that has said that it serves."""

    def __init__(self, pid: int, said: str) -> None:
        self.pid = pid
        self.said = said


@contextmanager
def _serving(command: list[str], home: Path, word: str) -> Iterator[_Serving]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**clean_environment(), "HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        for _ in range(READY_WITHIN):
            said = process.stdout.readline()
            if word in said:
                break
        else:
            raise NotMeasured(f"{' '.join(command[:5])}: does not serve")
        yield _Serving(process.pid, said)
    finally:
        process.kill()
        process.communicate()


def _wait_for(port: int) -> None:
    """Wait until somebody listens: the SDK says that it is ready a moment too early."""
    for _ in range(100):
        with suppress(ConnectionRefusedError):
            ask_for(port, 0.1, callers=1)
            return
        time.sleep(0.1)
    raise NotMeasured(f"the axon of bittensor {SDK} does not listen")

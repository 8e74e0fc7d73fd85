"""Fixtures of the keeper's tests: the fake driver compiled once, rigs and keepers that end."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rigs import FakeDriver, RunningKeeper, SimulatedDriver, Witness, compile_library

StartKeeper = Callable[..., RunningKeeper]
QUICK = 5.0


@pytest.fixture(scope="session")
def compile_fake(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return what compiles the fake driver; skips where there is no C compiler."""
    return lambda *flags, **how: compile_library(tmp_path_factory.mktemp("nvml"), *flags, **how)


@pytest.fixture(scope="session")
def fake_library(compile_fake: Callable[..., Path]) -> Path:
    return compile_fake()


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory whose name is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="gpu-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def witness(fake_library: Path) -> Iterator[Witness]:
    witness = Witness(fake_library)
    yield witness
    witness.close()


@pytest.fixture
def nvml(fake_library: Path, witness: Witness, home: Path) -> Iterator[FakeDriver]:
    driver = FakeDriver(fake_library, home / "nvml.state", witness=witness)
    yield driver
    driver.close()


@pytest.fixture(params=["nvml", "simulated"])
def driver(request: pytest.FixtureRequest, home: Path) -> Iterator[FakeDriver | SimulatedDriver]:
    if request.param == "simulated":
        yield SimulatedDriver(home / "cards.json")
    else:
        yield request.getfixturevalue("nvml")


@pytest.fixture
def start_keeper(home: Path) -> Iterator[StartKeeper]:
    """Return what starts a keeper on a driver; it is gone after the test.

    Unless a test names its program or its speed, its seconds pass five times as fast.
    """
    keepers: list[RunningKeeper] = []

    def start(driver: FakeDriver | SimulatedDriver, **how: object) -> RunningKeeper:
        speed = 1.0 if "program" in how else QUICK
        keepers.append(RunningKeeper(home, driver, **{"speed": speed, **how}))  # type: ignore[arg-type]
        return keepers[-1]

    yield start
    for keeper in keepers:
        keeper.close()


@pytest.fixture
def hold() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Return what starts `solard gpu hold` on a keeper; it is gone after the test."""
    holders: list[subprocess.Popen[str]] = []

    def start(keeper: RunningKeeper, *limits: str) -> "subprocess.Popen[str]":
        assert keeper.speed == 1.0, "a holder counts its lease in the seconds of everybody"
        command = [sys.executable, "-m", "solard", "gpu", "hold"]
        command += ["--socket", str(keeper.socket), *limits]
        # No library for it: a holder never opens NVML.
        surroundings = os.environ | {"SOLARD_NVML_LIBRARY": "/nowhere"}
        process = subprocess.Popen(
            command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        holders.append(process)
        return process

    yield start
    for process in holders:
        process.kill()
        process.communicate()

"""Rigs for tests of the keeper: real processes on a fake driver or on simulated cards."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from hardware.gpu import simulated
from hardware.gpu.simulated import Fault
from solard.system.clock import CLOCK_VARIABLE, ScaledClock, SystemClock
from solard.system.lines import NoAnswer, ask_now

SOURCE = Path(__file__).parents[2] / "fakes" / "fakenvml.c"
QUICK_KEEPER = Path(__file__).with_name("quick_keeper.py")
SONAME = "libnvidia-ml.so.1"
KEEPER = ("-m", "hardware.gpu.keeper")
T = TypeVar("T")

WITNESS = """
import ctypes, json, sys
fake = ctypes.CDLL(sys.argv[1])
import pynvml
for line in sys.stdin:
    state, *words = line.split()
    fake.fakeAttach(state.encode())
    pynvml.nvmlInit()
    if words[0] == "set":
        card = pynvml.nvmlDeviceGetHandleByIndex(int(words[1]))
        pynvml.nvmlDeviceSetPowerManagementLimit(card, int(words[2]) * 1000)
    limits = []
    for index in range(pynvml.nvmlDeviceGetCount()):
        try:
            card = pynvml.nvmlDeviceGetHandleByIndex(index)
            limits.append(pynvml.nvmlDeviceGetPowerManagementLimit(card) / 1000)
        except pynvml.NVMLError:
            limits.append(None)
    pynvml.nvmlShutdown()
    print(json.dumps(limits), flush=True)
"""

HOLDER = """
import sys, time
from pathlib import Path
from solard.system.lines import ask_now
limits = [{"gpu_id": name, "limit_w": 250.0, "parked": False} for name in sys.argv[2:]]
while True:
    ask_now(Path(sys.argv[1]), {"verb": "set", "limits": limits})
    print("held", flush=True)
    time.sleep(0.2)
"""


def compile_library(folder: Path, *flags: str, soname: str | None = SONAME) -> Path:
    """Return the fake driver, compiled into `folder`; skip the test where there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("the fake NVML library needs gcc on Linux; apt install gcc")
    library = folder / SONAME
    command = [compiler, "-shared", "-fPIC", "-O1", "-fvisibility=hidden", *flags]
    command += [] if soname is None else [f"-Wl,-soname,{soname}"]
    command += ["-o", str(library), str(SOURCE), "-lm"]
    subprocess.run(command, check=True)
    return library


def eventually(
    look: Callable[[], T], expected: T | Callable[[T], bool], *, within_s: float = 30.0
) -> T:
    """Look until it is as expected; return the last sight, for the assertion to show."""
    ends_s = time.monotonic() + within_s
    while True:
        seen = look()
        is_right = expected(seen) if callable(expected) else seen == expected
        if is_right or time.monotonic() > ends_s:
            return seen
        time.sleep(0.05)


class Witness:
    """A process that reads cards through the real binding, as anybody's tool would."""

    def __init__(self, library: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WITNESS, str(library)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, state: Path, line: str) -> list[float | None]:
        """Return the limits that it sees; `line` is `read`, or `set CARD WATTS` by hand."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{state} {line}\n")
        self._process.stdin.flush()
        answer: list[float | None] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass
class FakeDriver:
    """Cards behind the fake NVML library, broken from here, witnessed by another process."""

    library: Path
    state: Path
    gpu_ids: tuple[str, ...] = tuple(f"GPU-5014a2d0-0000-4000-8000-{i:012}" for i in range(4))
    own_w: tuple[float, ...] = (450.0, 350.0, 140.0, 115.0)
    lowest_w: tuple[float, ...] = (150.0, 100.0, 100.0, 115.0)
    """The fourth takes no limit."""
    witness: Witness | None = None
    """Shared by tests on one library; without one the driver has its own."""
    _own_witness: Witness | None = None

    def __post_init__(self) -> None:
        self._fake = ctypes.CDLL(str(self.library))
        self._fake.fakeSet.argtypes = [ctypes.c_uint, ctypes.c_char_p, ctypes.c_double]
        self._fake.fakePower.restype = ctypes.c_double
        assert self._fake.fakeAttach(str(self.state).encode()) == 0
        self.set("any_user_may_write", 1)

    def set(self, what: str, value: float, index: int = 0) -> None:
        assert self._fake.fakeSet(index, what.encode(), value) == 0

    def writes(self, index: int) -> int:
        return int(self._fake.fakeWrites(index))

    def persistence(self, index: int) -> int:
        return int(self._fake.fakePersistence(index))

    def power_limits(self) -> list[float]:
        """Return the limits without asking the driver, which may hang."""
        return [int(self._fake.fakeLimit(index)) / 1000 for index in range(4)]

    def clock_mhz(self, index: int) -> int:
        """Return the clock that the card is locked to; 0 = free."""
        return int(self._fake.fakeClock(index))

    def power_w(self, index: int) -> float:
        return float(self._fake.fakePower(index)) / 1000

    def told(self, index: int | None = None) -> list[str]:
        """Return every write that anybody tried, in order; of one card or as `CARD what`."""
        lines = Path(f"{self.state}.log").read_text().splitlines()
        if index is None:
            return lines
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{index} ")]

    def arguments(self) -> list[str]:
        return []

    def environment(self) -> dict[str, str]:
        return {"SOLARD_NVML_LIBRARY": str(self.library), "FAKE_NVML_STATE": str(self.state)}

    def run_at(self, speed: float) -> dict[str, str]:
        """Let power follow limits faster; return what a keeper needs in its surroundings."""
        self.set("speed", speed)
        return self.environment()

    def limits_w(self) -> list[float | None]:
        return self._ask("read")

    def set_by_hand(self, index: int, limit_w: float) -> None:
        self._ask(f"set {index} {limit_w:g}")

    def lose(self, index: int) -> None:
        self.set("is_lost", 1, index)

    def stick(self, index: int) -> None:
        self.set("ignores_writes", 1, index)

    def hang(self, index: int) -> None:
        self.set("hangs_s", 8, index)

    def mend(self, index: int) -> None:
        for what in ("is_lost", "ignores_writes", "hangs_s", "overdraw", "error", "segfaults"):
            self.set(what, 0, index)

    def close(self) -> None:
        for index in range(len(self.gpu_ids)):
            self.set("hangs_s", 0, index)
        if self._own_witness is not None:
            self._own_witness.close()

    def _ask(self, line: str) -> list[float | None]:
        if self.witness is None and self._own_witness is None:
            self._own_witness = Witness(self.library)
        witness = self.witness or self._own_witness
        assert witness is not None
        return witness.ask(self.state, line)


@dataclass
class SimulatedDriver:
    """Four simulated cards in a file."""

    file: Path
    gpu_ids: tuple[str, ...] = tuple(f"GPU-sim-{i}" for i in range(4))
    own_w: tuple[float, ...] = (350.0, 350.0, 260.0, 260.0)
    lowest_w: tuple[float, ...] = (100.0, 100.0, 100.0, 100.0)

    def __post_init__(self) -> None:
        simulated.create(self.file)

    def arguments(self) -> list[str]:
        return ["--simulated", str(self.file)]

    def run_at(self, speed: float) -> dict[str, str]:
        """Return what lets a keeper see these cards follow faster."""
        clock = ScaledClock(datetime.now(UTC), time.monotonic(), speed)
        return {CLOCK_VARIABLE: clock.variable()}

    def limits_w(self) -> list[float | None]:
        cards = simulated.read_rig(self.file).cards
        return [None if card.fault is Fault.LOST else card.told_w() for card in cards]

    def set_by_hand(self, index: int, limit_w: float) -> None:
        simulated.change(self.file, self.gpu_ids[index], clock=SystemClock(), limit_w=limit_w)

    def lose(self, index: int) -> None:
        simulated.break_card(self.file, self.gpu_ids[index], Fault.LOST)

    def stick(self, index: int) -> None:
        simulated.break_card(self.file, self.gpu_ids[index], Fault.STICKS)

    def hang(self, index: int) -> None:
        simulated.break_card(self.file, self.gpu_ids[index], Fault.HANGS)

    def mend(self, index: int) -> None:
        simulated.break_card(self.file, self.gpu_ids[index], None)

    def close(self) -> None:
        """Nothing runs."""


@dataclass
class RunningKeeper:
    """One keeper process and its socket."""

    home: Path
    driver: FakeDriver | SimulatedDriver
    lease_s: float = 30.0
    """Real seconds, whatever the speed; the keeper itself counts them at its speed."""
    options: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = KEEPER
    speed: float = 1.0
    """Of write gaps, looks and judgements."""

    def __post_init__(self) -> None:
        self.socket = self.home / "gpu.sock"
        self.process = self._spawn()

    @property
    def pid(self) -> int:
        return self.process.pid

    def ask(self, verb: str, *, timeout_s: float = 5.0, **request: Any) -> dict[str, Any]:
        return ask_now(self.socket, {"verb": verb, **request}, timeout_s=timeout_s)

    def set(self, *limits: tuple[int, float], parked: bool = False) -> list[dict[str, Any]]:
        names = self.driver.gpu_ids
        wishes = [{"gpu_id": names[i], "limit_w": w, "parked": parked} for i, w in limits]
        results: list[dict[str, Any]] = self.ask("set", limits=wishes)["results"]
        return results

    def states(self) -> list[dict[str, Any]]:
        gpus: list[dict[str, Any]] = self.ask("read")["gpus"]
        return gpus

    def healths(self) -> list[str]:
        return [gpu["health"] for gpu in self.states()]

    def stages(self) -> list[str]:
        self.ask("read")
        return [card["state"] for card in self.ask("list")["cards"]]

    def originals_w(self) -> list[float | None]:
        return [card["original_w"] for card in self.ask("list")["cards"]]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)

    def restart(self, *, wait: bool = True) -> None:
        self.process = self._spawn(wait=wait)

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()

    def _spawn(self, *, wait: bool = True) -> subprocess.Popen[bytes]:
        program = (str(QUICK_KEEPER), str(self.speed)) if self.speed != 1.0 else self.program
        command = [sys.executable, *program, "--socket", str(self.socket)]
        command += ["--state", str(self.home / "state"), "--lease", str(self.lease_s * self.speed)]
        command += self.driver.arguments() + self.options
        surroundings = os.environ | self.driver.run_at(self.speed) | self.environment
        with (self.home / "keeper.log").open("ab") as log:
            process = subprocess.Popen(command, env=surroundings, stderr=log)
        if wait:
            self._wait_until_it_answers(process)
        return process

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        ends_s = time.monotonic() + 20
        while time.monotonic() < ends_s and process.poll() is None:
            try:
                if ask_now(self.socket, {"verb": "read"}, timeout_s=5)["pid"] == process.pid:
                    return
            except NoAnswer:
                time.sleep(0.02)
        log = (self.home / "keeper.log").read_text()
        raise AssertionError(f"the keeper does not answer: {process.poll()}\n{log}")

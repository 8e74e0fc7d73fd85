"""A site at the sun's own speed: plant, keeper and a daemon that can be started again and again."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from solard.client import DaemonAway, RequestRefused
from solard.client.now import ask_view
from solard.core.errors import SolardError
from solard.core.view import SiteView
from solard.demo.home import DemoHome, furnish
from solard.demo.options import DemoOptions
from solard.system.clock import CLOCK_VARIABLE

ROOT = Path(__file__).parents[2]
START_S = 30.0
"""Longest wait for anything that starts."""
STOP_S = 30.0
LOOK_EVERY_S = 0.02


class NotMeasured(SolardError):
    """A figure could not be taken."""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Real seconds from exec."""

    decision_s: float
    """To the end of the first tick, told by READY=1."""
    picture_s: float
    """To the first published picture whose decision rests on what the devices say."""


def clean_environment() -> dict[str, str]:
    """Return the environment that programs are measured in: bytecode is kept, as on any machine."""
    left_out = {"PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME", "NOTIFY_SOCKET"}
    return {name: value for name, value in os.environ.items() if name not in left_out}


class Site:
    """One furnished home, its plant and its keeper; at most one daemon."""

    def __init__(self, home: DemoHome) -> None:
        self.home = home
        self._env = {**clean_environment(), CLOCK_VARIABLE: home.clock.variable()}
        self._log = (home.places.run / "bench.log").open("ab")
        self._ready_path = home.places.run / "ready.sock"
        self._ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ready.bind(str(self._ready_path))
        options, places = home.options, home.places
        self.plant = self._start(
            *("-m", "hardware.sim.plant", "--profile", options.profile, "--day", options.day),
            *("--port", str(home.plant_port), "--cards", str(home.cards)),
            *("--start-soc", str(home.start_soc), "--socket", str(places.run / "plant.sock")),
        )
        self.keeper = self._start(
            *("-m", "hardware.gpu.keeper", "--socket", str(places.gpu_socket)),
            *("--state", str(places.state / "gpu"), "--simulated", str(home.cards)),
        )
        for path in (places.run / "plant.sock", places.gpu_socket):
            self._wait_for(path)
        self.daemon: subprocess.Popen[bytes] | None = None

    def start_daemon(self) -> ColdStart:
        """Start the daemon and return what its start took."""
        self._drain_ready()
        started_s = time.monotonic()
        self.daemon = self._start(
            *("-m", "solard", "run", "--config", str(self.home.places.config)),
            *("--dir", str(self.home.places.etc.parent)),
            notify=self._ready_path,
        )
        decision_s = self._ready_at_s() - started_s
        picture_s = self._picture_at_s() - started_s
        return ColdStart(decision_s=decision_s, picture_s=picture_s)

    def stop_daemon(self) -> None:
        """End the daemon and its workloads."""
        if self.daemon is not None:
            _end(self.daemon)
            self.daemon = None

    def view(self) -> SiteView:
        """Return the daemon's newest picture."""
        return ask_view(self.home.places.api_socket)

    def close(self) -> None:
        """End every process."""
        self.stop_daemon()
        _end(self.keeper)
        _end(self.plant)
        self._ready.close()
        self._log.close()

    def _start(self, *arguments: str, notify: Path | None = None) -> "subprocess.Popen[bytes]":
        env = self._env if notify is None else {**self._env, "NOTIFY_SOCKET": str(notify)}
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def _ready_at_s(self) -> float:
        self._ready.settimeout(START_S)
        try:
            while not self._ready.recv(4096).startswith(b"READY=1"):
                pass
        except TimeoutError as err:
            raise NotMeasured(f"no decision within {START_S:g} s: {self._last_words()}") from err
        return time.monotonic()

    def _picture_at_s(self) -> float:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            with suppress(DaemonAway, RequestRefused):
                state = self.view().state
                if state.pv_w is not None and state.load_w is not None:
                    return time.monotonic()
            time.sleep(LOOK_EVERY_S)
        raise NotMeasured(f"no picture with data within {START_S:g} s: {self._last_words()}")

    def _drain_ready(self) -> None:
        self._ready.setblocking(False)
        with suppress(BlockingIOError):
            while self._ready.recv(4096):
                pass

    def _wait_for(self, path: Path) -> None:
        deadline = time.monotonic() + START_S
        while not path.exists():
            if time.monotonic() > deadline:
                raise NotMeasured(f"{path.name} did not appear: {self._last_words()}")
            time.sleep(LOOK_EVERY_S)

    def _last_words(self) -> str:
        self._log.flush()
        text = Path(self._log.name).read_text(encoding="utf-8", errors="replace")
        return " / ".join(text.strip().splitlines()[-3:]) or "nothing was logged"


@contextmanager
def real_speed_site() -> Iterator[Site]:
    """Give a site at speed 1, and end it."""
    with site_at(1.0) as site:
        yield site


@contextmanager
def site_at(speed: float, more: str = "") -> Iterator[Site]:
    """Give a site at a speed, with more workloads in its file, and end it."""
    with TemporaryDirectory(prefix="sol-", ignore_cleanup_errors=True) as name:
        home = furnish(Path(name), DemoOptions(speed=speed))
        if more:
            config = home.places.config
            text = config.read_text(encoding="utf-8")
            config.write_text(text.replace("workloads:\n", f"workloads:\n{more}"), encoding="utf-8")
        site = Site(home)
        try:
            yield site
        finally:
            site.close()


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

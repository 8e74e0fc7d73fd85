"""Whole solards of their own: a demo or a daemon in a short home, watched from outside."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from hardware.gpu.simulated import create
from solard.system.clock import CLOCK_VARIABLE, ScaledClock
from solard.system.lines import NoAnswer, ask_now
from solard.system.places import places_at
from tests.hardware.gpu.rigs import FakeDriver

ROOT = Path(__file__).parents[2]
T = TypeVar("T")


def solard(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command of solard to its end."""
    return subprocess.run(
        [sys.executable, "-m", "solard", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def eventually(look: Callable[[], T], within_s: float = 20.0, every_s: float = 0.1) -> T:
    """Look until there is something to see; return the last sight."""
    ends_s = time.monotonic() + within_s
    while not (seen := look()) and time.monotonic() < ends_s:
        time.sleep(every_s)
    return seen


def processes_of(home: Path) -> dict[int, str]:
    """Return pid and command line of every process that belongs to a home, zombies left out."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(home) in command:
            found[int(entry.name)] = command
    return found


@contextmanager
def short_home() -> Iterator[Path]:
    """A directory whose sockets have names short enough; what still runs in it is killed."""
    with tempfile.TemporaryDirectory(prefix="sol-", ignore_cleanup_errors=True) as name:
        try:
            yield Path(name)
        finally:
            for pid in processes_of(Path(name)):
                os.kill(pid, signal.SIGKILL)


def status_of(api_socket: Path) -> dict[str, Any]:
    """Return what a daemon's API says; empty while nobody answers."""
    link = socket.socket(socket.AF_UNIX)
    asked = http.client.HTTPConnection("solard", timeout=10.0)
    try:
        link.connect(str(api_socket))
        asked.sock = link
        asked.request("GET", "/v1/status")
        answer = asked.getresponse()
        return dict(json.load(answer)) if answer.status == 200 else {}
    except OSError:
        return {}
    finally:
        link.close()


@dataclass
class Demo:
    """A demo as a person starts it."""

    outside: Path
    options: tuple[str, ...]
    process: subprocess.Popen[str] = field(init=False)

    @property
    def home(self) -> Path:
        """Return its `--dir`."""
        return self.outside / "d"

    def __post_init__(self) -> None:
        command = [sys.executable, "-m", "solard", "demo", "--headless", "--json"]
        self.process = subprocess.Popen(
            [*command, *self.options, "--dir", str(self.home)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=(self.outside / "demo.err").open("w"),
            text=True,
        )

    def pids(self) -> dict[str, int | None]:
        """Return what demo.json says."""
        try:
            text = (self.home / "demo.json").read_text()
        except FileNotFoundError:
            return {}
        pids: dict[str, int | None] = json.loads(text)["processes"]
        return pids

    def said(self) -> str:
        """Return what it said to its person."""
        return (self.outside / "demo.err").read_text()

    def logs(self) -> str:
        """Return all that its processes logged, for a failing test to show."""
        logs = sorted((self.home / "run").rglob("*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text()[-3000:]}" for log in logs)

    def wait(self, within_s: float) -> tuple[int, str]:
        """Return its exit status and what it printed."""
        printed, _ = self.process.communicate(timeout=within_s)
        return self.process.returncode, printed

    def close(self) -> None:
        """End it as Ctrl-C does, or whatever is left of it."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.communicate(timeout=20)
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@dataclass
class Site:
    """A plant, a keeper on simulated cards, and daemons, each a process of its own."""

    outside: Path
    profile: str = "sunspec"
    speed: float = 120.0
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = places_at(self.outside / "d")
        self.places.make()
        self.cards = self.places.state / "cards.json"
        create(self.cards, 2)
        self.port = free_port()
        self.clock = ScaledClock(MORNING, time.monotonic(), self.speed)
        self.config = self.places.config
        self.config.write_text(CONFIG.format(port=self.port, **DEVICES[self.profile]))
        self.told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.told.bind(str(self.outside / "notify"))
        self.told.settimeout(20.0)

    @property
    def home(self) -> Path:
        """Return its `--dir`."""
        return self.outside / "d"

    def start_plant(self) -> None:
        """Let the sun shine."""
        command = ["hardware.sim.plant", "--profile", self.profile, "--port", str(self.port)]
        command += ["--cards", str(self.cards), "--socket", str(self.places.run / "plant.sock")]
        self._start("plant", [*command, "--start-soc", "0.7"])
        assert eventually(lambda: self.truth() is not None), self.log("plant")

    def start_keeper(
        self, driver: FakeDriver | None = None, lease_s: float = 30.0, **environment: str
    ) -> None:
        """Put somebody in charge of the simulated cards, or of a driver's."""
        command = ["hardware.gpu.keeper", "--socket", str(self.places.gpu_socket)]
        command += ["--state", str(self.places.state / "gpu"), "--lease", str(lease_s)]
        if driver is None:
            command += ["--simulated", str(self.cards)]
        own = driver.environment() if driver else {}
        self._start("keeper", command, **{**own, **environment})

    def start_daemon(self, **environment: str) -> subprocess.Popen[str]:
        """Start a daemon and wait until it says that it is ready."""
        while self._heard(0.01):
            pass
        command = ["solard", "run", "--config", str(self.config), "--dir", str(self.home)]
        notify = {"NOTIFY_SOCKET": str(self.outside / "notify"), **environment}
        process = self._start("daemon", command, **notify)
        self.hear("READY=1")
        return process

    def hear(self, wanted: str, within_s: float = 20.0) -> str:
        """Return the first message to the supervisor that holds `wanted`."""
        ends_s = time.monotonic() + within_s
        while time.monotonic() < ends_s:
            if wanted in (said := self._heard(ends_s - time.monotonic())):
                return said
        raise AssertionError(f"never heard {wanted}\n{self.log('daemon')}")

    def stop(self, name: str) -> int:
        """End a process as systemd does, return its exit status."""
        process = self.running.pop(name)
        process.terminate()
        return process.wait(30.0)

    def kill(self, name: str) -> None:
        """End a process as the kernel does."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command against this site."""
        return solard(*arguments, "--dir", str(self.home))

    def status(self) -> dict[str, Any]:
        """Return what the API says of the site; empty while nobody answers."""
        return status_of(self.places.api_socket)

    def truth(self) -> dict[str, Any] | None:
        """Return what the plant really does."""
        try:
            return ask_now(self.places.run / "plant.sock", {"verb": "truth"})
        except NoAnswer:
            return None

    def keeper(self, verb: str) -> dict[str, Any]:
        """Ask the keeper."""
        return ask_now(self.places.gpu_socket, {"verb": verb})

    def log(self, name: str) -> str:
        """Return what a process logged."""
        return (self.outside / f"{name}.log").read_text()

    def close(self) -> None:
        """End everything."""
        for process in self.running.values():
            process.kill()
            process.wait()
        self.told.close()

    def _heard(self, within_s: float) -> str:
        self.told.settimeout(max(0.01, within_s))
        try:
            return self.told.recv(65536).decode()
        except TimeoutError:
            return ""

    def _start(self, name: str, command: list[str], **more: str) -> subprocess.Popen[str]:
        with (self.outside / f"{name}.log").open("a") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env={**os.environ, CLOCK_VARIABLE: self.clock.variable(), **more},
                stdout=log,
                stderr=log,
                text=True,
            )
        return self.running[name]


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


MORNING = datetime(2024, 5, 28, 8, 0, tzinfo=UTC)
DEVICES = {
    "sunspec": {"supply": "grid", "profile": "sunspec"},
    "victron": {"supply": "off-grid", "profile": "victron-gx"},
}
CONFIG = """\
mode: observe
site: {{name: home, latitude: 48.6, longitude: 7.0, timezone: Europe/Paris, supply: {supply}}}
devices:
  inverter: {{profile: {profile}, host: 127.0.0.1, port: {port}}}
solar: {{planes: [{{peak: 5 kWp, tilt: 30°, azimuth: 180°}}]}}
inverter: {{continuous: 5 kW}}
battery: {{capacity: 10 kWh, work_above: 50 %, standby_above: 30 %}}
rig: {{idle: 120 W}}
"""

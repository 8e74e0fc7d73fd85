"""A small stage: a daemon API with a synthetic clear day, and the three programs on loopback."""

import asyncio
import contextlib
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from solard.core.modes import WorkMode
from solard.system.clock import ScaledClock
from solard.system.lines import ask

SITE_START = datetime(2024, 6, 20, 8, 1, tzinfo=UTC)
SLOT = timedelta(minutes=15)


def clear_day_wh(starts_at: datetime) -> float:
    """Return a quarter hour of a clear 6 kW day between 6 and 18 UTC."""
    hour = starts_at.hour + starts_at.minute / 60 + 0.125
    return 1500.0 * max(0.0, math.sin(math.pi * (hour - 6) / 12))


@contextlib.asynccontextmanager
async def daemon_api(path: Path, clock: ScaledClock) -> AsyncIterator[None]:
    """Serve GET /v1/site15 of a site that has seen nothing but clear days."""

    async def site15(request: web.Request) -> web.Response:
        after = datetime.fromisoformat(request.query["after"])
        before = min(datetime.fromisoformat(request.query["before"]), clock.now())
        at = after.replace(minute=after.minute // 15 * 15, second=0, microsecond=0)
        rows = []
        while at + SLOT <= before + SLOT and at + SLOT <= clock.now():
            if at >= after and at < before:
                rows.append(slot_row(at))
            at += SLOT
        return web.json_response({"slots": rows})

    application = web.Application()
    application.router.add_get("/v1/site15", site15)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    try:
        yield
    finally:
        await runner.cleanup()


def slot_row(at: datetime, pv_wh: float | None = None, throttled_s: float = 0.0) -> dict:
    """Return one row of /v1/site15."""
    return {
        "starts_at": at.isoformat(),
        "pv_wh": clear_day_wh(at) if pv_wh is None else pv_wh,
        "house_wh": 100.0,
        "rig_wh": 200.0,
        "grid_in_wh": 0.0,
        "grid_out_wh": 0.0,
        "battery_in_wh": 0.0,
        "battery_out_wh": 0.0,
        "generator_wh": 0.0,
        "throttled_s": throttled_s,
        "good_s": 900.0,
    }


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as link:
        link.bind(("127.0.0.1", 0))
        return int(link.getsockname()[1])


class Idler:
    """A program with a mode that does nothing."""

    mode = WorkMode.FULL

    def status(self) -> dict:
        return {}

    async def drain(self) -> None:
        return


class Stage:
    """The programs of one embedded network under one directory."""

    def __init__(self, home: Path, clock: ScaledClock) -> None:
        self.home = home
        self.clock = clock
        self.api = home / "api.sock"
        self.node_port = free_port()
        self.axon_port = free_port()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._all: list[subprocess.Popen[bytes]] = []
        self._log = (home / "log").open("wb")

    def socket_of(self, name: str) -> Path:
        return self.home / f"{name}.sock"

    def start(self, name: str) -> None:
        url = f"http://127.0.0.1:{self.node_port}"
        common = ["--dir", str(self.home / name), "--socket", str(self.socket_of(name))]
        more = {
            "network": ["--port", str(self.node_port), "--tempo", "10"],
            "miner": ["--network", url, "--axon-port", str(self.axon_port), "--api", str(self.api)],
            "validator": ["--network", url, "--api", str(self.api)],
        }[name]
        self._running[name] = subprocess.Popen(
            [sys.executable, "-m", "miner", name, *common, *more],
            env={**os.environ, "SOLARD_CLOCK": self.clock.variable()},
            stderr=self._log,
            stdout=self._log,
        )
        self._all.append(self._running[name])

    def kill(self, name: str) -> None:
        self._running[name].kill()
        self._running[name].wait()

    def stop(self, name: str) -> int:
        self._running[name].send_signal(signal.SIGTERM)
        return self._running[name].wait(20)

    def wait(self, name: str) -> int:
        return self._running[name].wait(20)

    def rss_mb(self, name: str) -> float:
        text = Path(f"/proc/{self._running[name].pid}/status").read_text()
        line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    async def status(self, name: str) -> dict:
        return await ask(self.socket_of(name), {"verb": "status"})

    async def until(self, name: str, holds, timeout_s: float = 60.0) -> dict:
        """Return the first status of a program for which `holds` is true."""
        status = None
        ends_s = time.monotonic() + timeout_s
        while time.monotonic() < ends_s:
            with contextlib.suppress(Exception):
                status = await self.status(name)
                if holds(status):
                    return status
            await asyncio.sleep(0.1)
        raise AssertionError(f"{name} never got there: {status}\n{self.log_text()}")

    def log_text(self) -> str:
        return (self.home / "log").read_text()

    def close(self) -> None:
        for one in self._all:
            if one.poll() is None:
                one.kill()
            one.wait()
        self._log.close()


@contextlib.contextmanager
def new_stage(speed: float) -> Iterator[Stage]:
    """Give a stage in a short directory: unix sockets have short names."""
    home = Path(tempfile.mkdtemp(prefix="sm-"))
    stage = Stage(home, ScaledClock(SITE_START, time.monotonic(), speed))
    try:
        yield stage
    finally:
        stage.close()
        shutil.rmtree(home)

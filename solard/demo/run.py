"""Run a demo: furnish its home, keep its processes alive, show or count, and end them all."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from solard.client.client import Client
from solard.core.errors import SolardError
from solard.demo.home import DemoHome, furnish
from solard.demo.options import DemoOptions
from solard.demo.report import Report
from solard.demo.troupe import Troupe
from solard.store.reading import open_history
from solard.system.children import become_subreaper, end_all

LOOK_EVERY_S = 0.25
PICTURE_EVERY_S = 0.5
END_GRACE_S = 12.0
DAYS = 30
"""No demo lasts longer: at 240 times the sun's speed a month takes three hours."""


class HomeUnusable(SolardError):
    """The directory that was given cannot be the demo's home."""


def run_demo(options: DemoOptions, say: Callable[[str], None]) -> Report:
    """Run a demo to its end and return what it measured; no process of it is left."""
    with _root(options) as root:
        become_subreaper()
        home = furnish(root, options)
        log = home.places.run / "demo.log"

        def tell(line: str) -> None:
            with log.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
            if options.headless:  # otherwise the screens own the terminal, and show it as events
                say(line)

        troupe = Troupe(home, tell)
        report = Report()
        try:
            asyncio.run(_live(home, troupe, report))
        finally:
            troupe.end("daemon", END_GRACE_S)  # it ends its workloads and gives the cards back
            killed = end_all(END_GRACE_S)
            if killed:
                tell(f"{len(killed)} processes did not end by themselves and were killed")
        with open_history(home.places.database) as history:
            report.energy = history.totals(home.clock.site_start)
            report.earnings = history.earnings_days(DAYS)
        return report


@contextlib.contextmanager
def _root(options: DemoOptions) -> Iterator[Path]:
    """Give the demo a home: the one asked for, or a short temporary one (sockets: 107 bytes)."""
    if options.home is not None:
        try:
            options.home.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise HomeUnusable(
                f"cannot make {options.home}: {err.strerror}; give another --dir"
            ) from err
        yield options.home.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="solard-", ignore_cleanup_errors=True) as name:
        yield Path(name)


async def _live(home: DemoHome, troupe: Troupe, report: Report) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    async with asyncio.TaskGroup() as tasks:
        members = tasks.create_task(_look_after(troupe))
        pictures = tasks.create_task(_take_pictures(home, report))
        if home.options.headless:
            await _wait(over, home.options.for_s)
        else:
            await _show(home, over, home.options.for_s)
        with contextlib.suppress(SolardError):
            report.take(await Client(home.places.api_socket).view())
        members.cancel()
        pictures.cancel()


async def _look_after(troupe: Troupe) -> None:
    while True:
        troupe.look_after()
        await asyncio.sleep(LOOK_EVERY_S)


async def _take_pictures(home: DemoHome, report: Report) -> None:
    client = Client(home.places.api_socket)
    while True:
        with contextlib.suppress(SolardError):
            report.take(await client.view())
        await asyncio.sleep(PICTURE_EVERY_S)


async def _wait(over: asyncio.Event, for_s: float | None) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), for_s)


async def _show(home: DemoHome, over: asyncio.Event, for_s: float | None) -> None:
    """Run the TUI on this terminal until the person quits or the time is over."""
    command = [sys.executable, "-m", "tui", "--socket", str(home.places.api_socket)]
    screen = subprocess.Popen(command)  # noqa: ASYNC220
    started = time.monotonic()
    try:
        while not over.is_set() and (for_s is None or time.monotonic() - started < for_s):
            # The reaper collects every child; a pid that is gone is how we learn of the end.
            if not Path(f"/proc/{screen.pid}").exists():
                return
            await asyncio.sleep(0.1)
    finally:
        screen.returncode = 0
        with contextlib.suppress(ProcessLookupError):
            os.kill(screen.pid, signal.SIGTERM)

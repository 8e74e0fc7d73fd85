"""The TUI with real neighbours: our API on a real unix socket, a real terminal, real imports."""

import asyncio
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from solard.api.server import ApiServer
from solard.core.forecast import Forecast
from solard.core.history import Sample
from solard.core.inputs import Override, OverrideKind
from solard.core.plan import Plan
from solard.core.records import CycleRecord
from solard.core.site_slot import SiteSlot
from solard.core.view import SiteView
from tests.tui.pictures import HOME, NOW
from tests.tui.stage import until
from tui.app import SolardApp


class _Daemon:
    """The part of a daemon that the TUI talks to."""

    def __init__(self) -> None:
        self.now = HOME
        self.changed = asyncio.Event()

    def view(self) -> SiteView | None:
        return self.now

    async def wait_view(self, after_seq: int) -> SiteView:
        while self.now.seq <= after_seq:
            self.changed.clear()
            await self.changed.wait()
        return self.now

    async def add_override(self, override: Override) -> None:
        self.now = replace(self.now, seq=self.now.seq + 1, overrides=(override,))
        self.changed.set()

    async def clear_overrides(self) -> None:
        self.now = replace(self.now, seq=self.now.seq + 1, overrides=())
        self.changed.set()

    async def set_live(self, live: bool) -> None:
        self.now = replace(self.now, seq=self.now.seq + 1, live=live)
        self.changed.set()

    async def reload(self) -> Sequence[str]:
        return ()

    def site15(self, after: datetime, before: datetime) -> tuple[SiteSlot, ...]:
        return ()

    def history(self, minutes: int) -> tuple[Sample, ...]:
        return ()

    def cycles(self, limit: int) -> tuple[CycleRecord, ...]:
        return ()

    def plan(self) -> Plan | None:
        return None

    def forecast(self) -> Forecast | None:
        return None


async def test_it_lives_through_a_real_daemon_that_comes_goes_and_comes_back(
    tmp_path: Path,
) -> None:
    socket = tmp_path / "api.sock"
    daemon = _Daemon()
    app = SolardApp(socket)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(app, "NOT CONNECTED")
        server = ApiServer(daemon, socket)
        await server.start()
        await until(app, "Surplus 2.14 kW")
        await pilot.press("p", "y")
        await until(app, "PAUSED to 16:24")
        assert daemon.now.overrides[0].kind is OverrideKind.PAUSE
        assert daemon.now.overrides[0].until_at.replace(microsecond=0) == NOW.replace(hour=14)
        await server.close()
        await until(app, "OFFLINE since 14:24:05")
        server = ApiServer(daemon, socket)
        await server.start()
        await until(app, "PAUSED to 16:24")
        await server.close()


def test_q_ends_the_process_with_exit_code_0(tmp_path: Path) -> None:
    main, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "--socket", str(tmp_path / "none.sock")],
        stdin=child,
        stdout=child,
        stderr=child,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
    )
    os.close(child)
    try:
        seen = b""
        while b"CONNECTED" not in seen:
            seen += os.read(main, 65536)
        os.write(main, b"q")
        code = _drain(process, main)
    finally:
        process.kill()
        process.wait()
        os.close(main)

    assert code == 0


def test_a_terminated_tui_puts_the_terminal_back_and_says_so_by_its_code(tmp_path: Path) -> None:
    main, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "--socket", str(tmp_path / "none.sock")],
        stdin=child,
        stdout=child,
        stderr=child,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
    )
    os.close(child)
    try:
        seen = b""
        while b"CONNECTED" not in seen:
            seen += os.read(main, 65536)
        process.terminate()
        code = _drain(process, main)
    finally:
        process.kill()
        process.wait()
        os.close(main)

    assert code == 1


def _drain(process: "subprocess.Popen[bytes]", main: int) -> int:
    """Read until the other side ends: a full terminal buffer would hold it."""
    while True:
        try:
            if not os.read(main, 65536):
                break
        except OSError:
            break
    return process.wait(timeout=10)


def _loaded_by(statement: str) -> set[str]:
    asked = f"{statement}; import sys; print('\\n'.join(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60
    )
    return set(found.stdout.split())


def test_the_pure_side_loads_no_textual() -> None:
    pure = "import tui.chart, tui.format, tui.source, tui.text, tui.model.overview, "
    pure += "tui.model.control, tui.model.policies, tui.model.log, tui.model.asks, tui.model.keys"

    assert not {"textual", "rich", "aiohttp"} & _loaded_by(pure)


def test_the_first_paint_waits_for_no_http_library() -> None:
    assert "aiohttp" not in _loaded_by("import tui.app")

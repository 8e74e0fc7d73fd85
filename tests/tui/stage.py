"""What the screen tests stand on: a scripted source, a frozen clock, the screen as text."""

import asyncio
import difflib
import os
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from solard.core.view import SiteView
from tui.app import SolardApp
from tui.source import DaemonWentAway

GOLDEN = Path(__file__).parent / "golden"
SOCKET = Path("/run/solard/api.sock")


class ScriptedSource:
    """Yields what it is given; `hang_up` ends the stream, `None` as a view means nobody answers."""

    def __init__(self, view: SiteView | None) -> None:
        self._views: asyncio.Queue[SiteView | None] = asyncio.Queue()
        self.written: list[tuple[object, ...]] = []
        self.streams = 0
        self.answers = view is not None
        if view is not None:
            self.say(view)

    def say(self, view: SiteView) -> None:
        self.answers = True
        self._views.put_nowait(view)

    def hang_up(self) -> None:
        self.answers = False
        self._views.put_nowait(None)

    async def stream(self) -> AsyncIterator[SiteView]:
        self.streams += 1
        if not self.answers:
            raise DaemonWentAway("nobody answers on /run/solard/api.sock")
        while (view := await self._views.get()) is not None:
            yield view

    async def pause(self, until: datetime) -> None:
        self.written.append(("pause", until))

    async def run(self, power_w: float, until: datetime) -> None:
        self.written.append(("run", power_w, until))

    async def resume(self) -> None:
        self.written.append(("resume",))

    async def set_live(self, live: bool) -> None:
        self.written.append(("live", live))

    async def close(self) -> None:
        self.written.append(("close",))


class StillClock:
    """Real seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def app_on(source: ScriptedSource, clock: StillClock | None = None, **more: object) -> SolardApp:
    """Return the TUI on a scripted source."""
    return SolardApp(SOCKET, source=source, clock_s=clock or StillClock(), **more)  # type: ignore[arg-type]


def screen_text(app: SolardApp) -> str:
    """Return what the terminal shows, row by row, without colours."""
    strips = app.screen._compositor.render_strips()
    rows = ["".join(segment.text for segment in strip).rstrip() for strip in strips]
    assert len(rows) <= app.size.height
    assert max(map(len, rows)) <= app.size.width
    return "\n".join(rows) + "\n"


async def until(app: SolardApp, words: str) -> None:
    """Wait until the screen shows some words."""
    async with asyncio.timeout(20):
        while words not in screen_text(app):
            await asyncio.sleep(0.05)


def check_golden(name: str, shown: str) -> None:
    """Compare with a stored screen; `SOLARD_UPDATE_GOLDEN=1` stores it (then read the diff)."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("SOLARD_UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    stored = path.read_text(encoding="utf-8") if path.exists() else ""
    differences = "\n".join(
        difflib.unified_diff(
            stored.splitlines(), shown.splitlines(), "stored", "shown", lineterm="", n=1
        )
    )
    assert stored == shown, f"the screen {name} has changed:\n{differences}"

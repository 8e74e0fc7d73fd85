"""The TUI: eight screens on the daemon's newest picture, a client of its API and nothing more."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path

from textual import work
from textual.app import App, ComposeResult, SystemCommand
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import ContentSwitcher

from solard.core.errors import SolardError
from solard.core.view import SiteView
from tui import format as words
from tui.model import asks
from tui.model.header import header
from tui.model.keys import LOG, SCREENS
from tui.model.overview import Shape, shape, too_small
from tui.model.picture import Link, Picture, most_w
from tui.model.why import banner, strip
from tui.screens.devices import DevicesPane
from tui.screens.dialogs import ConfirmScreen, HelpScreen, RunScreen
from tui.screens.earnings import EarningsPane
from tui.screens.gpus import GpusPane
from tui.screens.log import LogPane
from tui.screens.neurons import NeuronsPane
from tui.screens.overview import OverviewPane
from tui.screens.pane import Pane
from tui.screens.plan import PlanPane
from tui.screens.policies import PoliciesPane
from tui.source import ViewSource, follow, sentence
from tui.text import Lines
from tui.widgets.bars import KeyBar, TabBar
from tui.widgets.panel import HeldPanel, Panel, TallPanel
from tui.widgets.tones import CYCLE, DARK, OWN

TICK_S = 1.0
SHORT_ROWS = 30
"""Below these rows the tab bar alone counts problems; the log names them."""
TALL_ROWS = 46
"""From these rows on there is room for more events."""


class SolardApp(App[bool]):
    """Its result is True when the person quit with `q`, None when something else ended it."""

    CSS_PATH = "solard.tcss"
    TITLE = "solard"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS = [  # noqa: RUF012 - Textual's own way
        *((str(number), f"open({number})", name) for number, name in enumerate(SCREENS, start=1)),
        ("p", "pause", "Pause 2 h"),
        ("r", "run_at", "Run at a power"),
        ("u", "resume", "Resume"),
        ("o", "toggle_live", "Observe or live"),
        ("slash", "filter", "Filter the log"),
        ("f", "follow", "Follow the log"),
        ("t", "next_theme", "Next theme"),
        ("question_mark,f1", "help", "Help"),
        ("q,ctrl+q,ctrl+c", "quit_all", "Quit"),
    ]

    def __init__(
        self,
        socket_path: Path,
        read_only: bool = False,
        on_quit: Callable[[], None] | None = None,
        *,
        source: ViewSource | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Show the daemon behind `socket_path`; `on_quit` is called when the person presses q.

        `clock_s` counts real seconds; `source` stands in for the daemon's client.
        """
        super().__init__()
        self._socket_path = socket_path
        self._read_only = read_only
        self._on_quit = on_quit
        self._source = source
        self._clock_s = clock_s
        self._view: SiteView | None = None
        self._viewed_s = 0.0
        self._error: str | None = None
        self._lost_s = 0.0
        self._retry_at_s = 0.0
        self._open = 1
        self._shape = Shape.WIDE
        for theme in OWN:
            self.register_theme(theme)
        self.theme = DARK.name

    # what stands where

    def compose(self) -> ComposeResult:
        """Make what stands on every screen, and the panes."""
        yield TallPanel(lambda picture, width: (header(picture, width),), id="header")
        yield TabBar()
        yield TallPanel(banner, id="banner")
        yield HeldPanel(strip, id="strip")
        with ContentSwitcher(initial="pane-1", id="panes"):
            yield OverviewPane(id="pane-1")
            yield GpusPane()
            yield NeuronsPane(id="pane-3")
            yield EarningsPane(id="pane-4")
            yield PlanPane(id="pane-5")
            yield PoliciesPane(id="pane-6")
            yield LogPane()
            yield DevicesPane()
        yield KeyBar()
        yield TallPanel(self._too_small, id="too-small")

    def on_mount(self) -> None:
        """Start to listen and to count; end well on a signal."""
        self._listen()
        self.set_interval(TICK_S, self._show)
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self.exit)

    async def on_unmount(self) -> None:
        """Let go of the daemon."""
        if self._source is not None:
            await self._source.close()

    def on_resize(self, event: Resize) -> None:
        """Choose the arrangement that fits."""
        self._shape = shape(event.size.width, event.size.height)
        for each in Shape:
            self.screen_stack[0].set_class(each is self._shape, f"-{each.value}")
        rows = event.size.height
        for name, holds in (
            ("-short", rows < SHORT_ROWS),
            ("-roomy", rows >= SHORT_ROWS),
            ("-tall", rows >= TALL_ROWS),
        ):
            self.screen_stack[0].set_class(holds, name)
        self.call_after_refresh(self._show)

    def _too_small(self, _: Picture, width: int) -> Lines:
        return too_small(width, self.size.height)

    # the picture

    @property
    def picture(self) -> Picture:
        """Return what is known now."""
        now_s = self._clock_s()
        lost = self._error is not None
        return Picture(
            view=self._view,
            link=Link(
                socket=str(self._socket_path),
                age_s=None if self._view is None else now_s - self._viewed_s,
                error=self._error,
                lost_for_s=now_s - self._lost_s if lost else 0.0,
                retry_in_s=max(0.0, self._retry_at_s - now_s) if lost else 0.0,
                read_only=self._read_only,
            ),
        )

    @work(exclusive=True, group="listen")
    async def _listen(self) -> None:
        if self._source is None:
            self._source = await asyncio.to_thread(_connect, self._socket_path)
        await follow(self._source, self._on_view, self._on_lost)

    def _on_view(self, view: SiteView) -> None:
        self._view, self._viewed_s, self._error = view, self._clock_s(), None
        self._show()

    def _on_lost(self, error: str, retry_s: float) -> None:
        now_s = self._clock_s()
        if self._error is None:
            self._lost_s = now_s
        self._error, self._retry_at_s = error, now_s + retry_s
        self._show()

    def _show(self) -> None:
        if not self.is_running or not self.screen_stack:
            return
        picture, root = self.picture, self.screen_stack[0]
        root.set_class(picture.offline and picture.view is not None, "-offline")
        alarm = root.query_one("#banner", Panel)
        short = self._shape is Shape.COMPACT and self.size.height < SHORT_ROWS
        alarm.display = picture.offline or (not short and bool(banner(picture, 80)))
        for name in ("#header", "#banner", "#strip", "#too-small"):
            root.query_one(name, Panel).show(picture)
        root.set_class(self._shape is not Shape.NARROW and self._open == 1, "-why-in-panel")
        root.query_one(TabBar).show(picture, self._open)
        root.query_one(KeyBar).show(picture, self._open)
        self._pane.show(picture)

    @property
    def _pane(self) -> Pane:
        return self.screen_stack[0].query_one(f"#pane-{self._open}", Pane)

    # keys that only look

    def action_open(self, number: int) -> None:
        """Open a screen by its number."""
        self._open = number
        self.screen_stack[0].query_one(ContentSwitcher).current = f"pane-{number}"
        self._pane.opened()
        self._show()
        self.call_after_refresh(self._show)

    def action_filter(self) -> None:
        """Open the log and its filter."""
        self.action_open(LOG)
        self.screen_stack[0].query_one(LogPane).start_filter()

    def action_follow(self) -> None:
        """Follow the newest event, or stay."""
        if self._open == LOG:
            self.screen_stack[0].query_one(LogPane).toggle_follow()

    def action_next_theme(self) -> None:
        """Take the next theme."""
        place = CYCLE.index(self.theme) if self.theme in CYCLE else -1
        self.theme = CYCLE[(place + 1) % len(CYCLE)]
        self.call_after_refresh(self._show)

    def action_help(self) -> None:
        """Show keys and signs."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_quit_all(self) -> None:
        """End the TUI, and what runs on it."""
        if self._on_quit is not None:
            self._on_quit()
        self.exit(True)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer our own actions in the palette, then Textual's."""
        for number, name in enumerate(SCREENS, start=1):
            yield SystemCommand(
                f"Open {name}", f"Key {number}", lambda number=number: self.action_open(number)
            )
        if not self._read_only:
            yield SystemCommand("Pause for 2 h", "Key p; asks first", self.action_pause)
            yield SystemCommand("Run at a power", "Key r; asks first", self.action_run_at)
            yield SystemCommand("Resume", "Key u; ends a pause or a run", self.action_resume)
            yield SystemCommand("Observe or go live", "Key o; asks first", self.action_toggle_live)
        yield SystemCommand("Filter the log", "Key /", self.action_filter)
        yield SystemCommand("Help", "Key ?", self.action_help)
        yield from super().get_system_commands(screen)

    # keys that change something: each asks once

    def action_pause(self) -> None:
        """Pause the rig for two hours."""
        view = self._may_write()
        if view is None:
            return
        until = asks.pause_until(view)
        done = f"Paused until {words.clock(until, view.state)}."
        self._ask(asks.pause_ask(view), lambda source: source.pause(until), done)

    def action_resume(self) -> None:
        """End a pause or a run."""
        view = self._may_write()
        if view is None:
            return
        ask = asks.resume_ask(view)
        if ask is None:
            self.notify("Nothing to resume: no pause and no run holds.")
            return
        self._ask(ask, lambda source: source.resume(), "Resumed.")

    def action_toggle_live(self) -> None:
        """Observe only, or act again."""
        view = self._may_write()
        if view is None:
            return
        live = not view.live
        done = "Live: solard acts." if live else "Observing: solard only explains."
        self._ask(asks.live_ask(view), lambda source: source.set_live(live), done)

    def action_run_at(self) -> None:
        """Run at a power for a time."""
        view = self._may_write()
        if view is None:
            return

        def answered(request: asks.RunRequest | None) -> None:
            if request is None:
                return
            until = asks.run_until(self._view or view, request)
            done = f"Running at {words.watts(request.power_w)} to {words.clock(until, view.state)}."
            self._send(lambda source: source.run(request.power_w, until), done)

        power_w = most_w(view.rig) if view.decision is None else view.decision.budget_w
        self.push_screen(RunScreen(view, words.watts(power_w).replace(",", "")), answered)

    def _may_write(self) -> SiteView | None:
        if self._read_only:
            self.notify("Read-only: this TUI changes nothing.", severity="warning")
            return None
        if self._view is None or self._error is not None:
            self.notify("No daemon answers, so nothing can be changed.", severity="warning")
            return None
        return self._view

    def _ask(
        self, ask: asks.Ask, write: Callable[[ViewSource], Awaitable[object]], done: str
    ) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self._send(write, done)

        self.push_screen(ConfirmScreen(ask), answered)

    @work(group="write")
    async def _send(self, write: Callable[[ViewSource], Awaitable[object]], done: str) -> None:
        if self._source is None:
            return
        try:
            await write(self._source)
        except (SolardError, OSError, TimeoutError) as err:
            self.notify(f"{sentence(err)}.", title="Not done", severity="error")
            return
        self.notify(done)


def _connect(socket_path: Path) -> ViewSource:
    """Make the client; in here, so that the first paint does not wait for an HTTP library."""
    from solard.client import Client

    return Client(socket_path)


def run_tui(
    socket_path: Path, *, read_only: bool = False, on_quit: Callable[[], None] | None = None
) -> bool:
    """Show the TUI until it ends; True = the person quit with `q`."""
    return SolardApp(socket_path, read_only, on_quit).run() is True

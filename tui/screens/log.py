"""7 Log: every event, with a filter, following the newest."""

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input

from tui.model import log
from tui.model.keys import LOG
from tui.model.picture import Picture
from tui.screens.pane import Pane
from tui.text import Lines
from tui.widgets.panel import Panel, TallPanel


class LogPane(Pane):
    """The newest event stands at the bottom."""

    BINDINGS = [("escape", "end_filter", "End filter")]  # noqa: RUF012 - Textual's own way

    def __init__(self) -> None:
        super().__init__(id=f"pane-{LOG}")
        self._follows = True
        self._wanted = ""

    def compose(self) -> ComposeResult:
        """Make problems, filter and log."""
        yield TallPanel(log.problems, title="Right now", id="problems", classes="box")
        yield Input(placeholder="words to look for; Esc ends the filter", id="filter")
        with VerticalScroll(classes="box", id="log-box"):
            yield TallPanel(self._log, id="log", classes="tall")

    def on_mount(self) -> None:
        """Start without a filter."""
        self.query_one("#filter").display = False
        self._say()

    def show(self, picture: Picture) -> None:
        """Show a picture, and its newest event while following."""
        super().show(picture)
        if self._follows:
            self.query_one("#log-box", VerticalScroll).scroll_end(animate=False)

    def opened(self) -> None:
        """Let the arrow keys scroll."""
        self.query_one("#log-box").focus()

    def start_filter(self) -> None:
        """Open the filter."""
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    def action_end_filter(self) -> None:
        """Close the filter and show everything again."""
        field = self.query_one("#filter", Input)
        field.value = ""
        field.display = False
        self.opened()

    def toggle_follow(self) -> None:
        """Follow the newest event, or stay."""
        self._follows = not self._follows
        self._say()

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        self._wanted = event.value
        self._say()
        self.query_one("#log", Panel).refresh(layout=True)

    @on(Input.Submitted, "#filter")
    def _kept(self) -> None:
        self.opened()

    def _say(self) -> None:
        follows = "following" if self._follows else "not following"
        wanted = f", only “{self._wanted}”" if self._wanted else ""
        self.query_one("#log-box").border_title = f"Events, {follows}{wanted}"

    def _log(self, picture: Picture, width: int) -> Lines:
        return log.log(picture, width, self._wanted)

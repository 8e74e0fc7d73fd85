"""Dialogs: every change asks once; help."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from solard.core.view import SiteView
from tui.model.asks import AnswerInvalid, Ask, RunRequest, read_run, run_sentence
from tui.model.keys import help_lines
from tui.text import BLANK, hang
from tui.widgets.panel import TallPanel
from tui.widgets.tones import content


class ConfirmScreen(ModalScreen[bool]):
    """One question with two answers; the careful one has the focus."""

    BINDINGS = [  # noqa: RUF012 - Textual's own way
        ("y", "answer(True)", "Yes"),
        ("n,escape", "answer(False)", "No"),
    ]

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask

    def compose(self) -> ComposeResult:
        """Make question and answers."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._ask.title
            yield TallPanel(lambda _, width: hang(BLANK, self._ask.text, width))
            with Horizontal(classes="answers"):
                yield Button(f"{self._ask.no} (n)", id="no", compact=True)
                yield Button(f"{self._ask.yes} (y)", id="yes", compact=True, variant="primary")

    def action_answer(self, answer: bool) -> None:
        """Close with an answer."""
        self.dismiss(answer)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


class RunScreen(ModalScreen[RunRequest | None]):
    """Power and time of an override, with the sentence of what it does."""

    BINDINGS = [("escape", "cancel", "Cancel")]  # noqa: RUF012 - Textual's own way

    def __init__(self, view: SiteView, power: str) -> None:
        super().__init__()
        self._view = view
        self._power = power
        self._said = ""

    def compose(self) -> ComposeResult:
        """Make two fields, the sentence and the answers."""
        with Vertical(classes="dialog") as box:
            box.border_title = "Run the rig at a power"
            with Horizontal(classes="fields"):
                yield Static("Power ", classes="name")
                yield Input(self._power, id="power", compact=True, select_on_focus=False)
                yield Static("  for ", classes="name")
                yield Input("2 h", id="length", compact=True, select_on_focus=False)
            yield TallPanel(lambda _, width: hang(BLANK, self._said, width), id="sentence")
            with Horizontal(classes="answers"):
                yield Button("Cancel (Esc)", id="no", compact=True)
                yield Button("Run (Enter)", id="yes", compact=True, variant="primary")

    def on_mount(self) -> None:
        """Say what the prefilled values would do."""
        self._say()

    def action_cancel(self) -> None:
        """Close without a change."""
        self.dismiss(None)

    @on(Input.Changed)
    def _say(self) -> None:
        button = self.query_one("#yes", Button)
        try:
            self._said = run_sentence(self._view, self._request())
            button.disabled = False
        except AnswerInvalid as err:
            self._said = f"{err}."
            button.disabled = True
        self.query_one("#sentence", TallPanel).refresh(layout=True)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        try:
            self.dismiss(self._request())
        except AnswerInvalid:
            self.app.bell()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(self._request() if event.button.id == "yes" else None)

    def _request(self) -> RunRequest:
        power = self.query_one("#power", Input).value
        return read_run(self._view, power, self.query_one("#length", Input).value)


class HelpScreen(ModalScreen[None]):
    """Keys and signs."""

    BINDINGS = [("escape,question_mark,q", "app.pop_screen", "Close")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        """Make the page."""
        with Vertical(classes="dialog help") as box:
            box.border_title = "Help"
            box.border_subtitle = "Esc closes"
            yield Static(content(help_lines()))

"""6 Policies: each rule of the owner with live values, and all that the last decision heard."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from tui.model import policies
from tui.screens.pane import Pane
from tui.widgets.panel import TallPanel


class PoliciesPane(Pane):
    """Two scrolling boxes."""

    def compose(self) -> ComposeResult:
        """Make both boxes."""
        with VerticalScroll(classes="box", id="policies-box") as box:
            box.border_title = "Policies"
            yield TallPanel(policies.policies, id="policies", classes="tall")
        with VerticalScroll(classes="box", id="heard-box") as box:
            box.border_title = "Last decision, rule by rule, highest first"
            yield TallPanel(policies.proposals, id="heard", classes="tall")

    def opened(self) -> None:
        """Let the arrow keys scroll the proposals."""
        self.query_one("#heard-box").focus()

"""4 Earnings: today's sums, then a row per day."""

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.model import earnings
from tui.model.picture import Picture
from tui.screens.pane import Pane
from tui.widgets.live_table import LiveTable
from tui.widgets.panel import TallPanel


class EarningsPane(Pane):
    """What was earned, and where its energy came from."""

    def compose(self) -> ComposeResult:
        """Make summary and table."""
        yield TallPanel(earnings.earnings_head, title="Today by source", id="head", classes="box")
        with Vertical(classes="box", id="days-box") as box:
            box.border_title = "Days"
            yield LiveTable(id="days")

    def show(self, picture: Picture) -> None:
        """Show a picture."""
        if picture.view is not None:
            table = earnings.earnings_table(picture.view, self.size.width - 4)
            self.query_one(LiveTable).show(table)
        super().show(picture)

    def opened(self) -> None:
        """Let the arrow keys scroll the days."""
        self.query_one(LiveTable).focus()

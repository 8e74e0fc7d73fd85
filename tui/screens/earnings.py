"""4 Earnings: today's sums, then a row per day."""

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.model import day, earnings
from tui.model.picture import Picture
from tui.screens.pane import Pane
from tui.widgets.live_table import LiveTable
from tui.widgets.panel import Panel, TallPanel

_RIG_DAY = "Today  [$accent]█[/] rig, then its plan  [$warning 65%]█[/] sun, then its forecast"


class EarningsPane(Pane):
    """What was earned, and where its energy came from."""

    def compose(self) -> ComposeResult:
        """Make summary and table."""
        yield TallPanel(earnings.earnings_head, title="Today by source", id="head", classes="box")
        with Vertical(classes="box", id="days-box") as box:
            box.border_title = "Days"
            yield LiveTable(id="days")
        yield Panel(earnings.energy_by_day, title="Energy by day", id="by-day", classes="box")
        yield Panel(day.rig_chart, title=_RIG_DAY, id="rig-day", classes="box")

    def show(self, picture: Picture) -> None:
        """Show a picture."""
        if picture.view is not None:
            table = earnings.earnings_table(picture.view, self.room)
            self.query_one(LiveTable).show(table)
        super().show(picture)

    def opened(self) -> None:
        """Let the arrow keys scroll the days."""
        self.query_one(LiveTable).focus()

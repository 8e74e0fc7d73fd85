"""5 Plan: jobs, and the next two days hour by hour."""

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.model import plan
from tui.model.picture import Picture
from tui.screens.pane import Pane
from tui.widgets.live_table import LiveTable
from tui.widgets.panel import TallPanel


class PlanPane(Pane):
    """What is planned, and for which jobs."""

    def compose(self) -> ComposeResult:
        """Make head, jobs and hours."""
        yield TallPanel(plan.plan_head, title="Plan", id="plan-head", classes="box")
        with Vertical(classes="box", id="jobs-box") as box:
            box.border_title = "Jobs"
            yield LiveTable(id="jobs")
        with Vertical(classes="box", id="hours-box") as box:
            box.border_title = "The next hours  + comes, - goes"
            yield LiveTable(id="hours", cursor=True)

    def show(self, picture: Picture) -> None:
        """Show a picture; without jobs there is more room for hours."""
        if picture.view is not None:
            table = plan.jobs_table(picture.view, self.room)
            self.query_one("#jobs-box").display = bool(table.rows)
            self.query_one("#jobs", LiveTable).show(table)
            table = plan.hours_table(picture.view, self.room)
            self.query_one("#hours", LiveTable).show(table)
        super().show(picture)

    def opened(self) -> None:
        """Let the arrow keys scroll the hours."""
        self.query_one("#hours", LiveTable).focus()

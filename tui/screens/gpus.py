"""2 GPUs: every card, the rig's budget, and the curve of the selected card."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import DataTable

from tui.model import curve, gpus
from tui.model.picture import Picture
from tui.screens.pane import Pane
from tui.text import Lines
from tui.widgets.live_table import LiveTable
from tui.widgets.panel import Panel, TallPanel


class GpusPane(Pane):
    """The cursor of the table chooses the curve."""

    def __init__(self) -> None:
        super().__init__(id="pane-2")
        self._picture = Picture()

    def compose(self) -> ComposeResult:
        """Make table, budget and curve."""
        with Vertical(classes="box", id="cards-box") as box:
            box.border_title = "Cards"
            yield LiveTable(cursor=True, id="cards")
            yield TallPanel(gpus.budget, id="budget")
        yield Panel(self._curve, title="Work against watts", id="curve", classes="box")

    def show(self, picture: Picture) -> None:
        """Show a picture."""
        self._picture = picture
        if picture.view is not None:
            table = self.query_one(LiveTable)
            table.show(gpus.gpu_table(picture.view, self.room))
        super().show(picture)

    def opened(self) -> None:
        """Let the arrow keys choose a card."""
        self.query_one(LiveTable).focus()

    @on(DataTable.RowHighlighted)
    def _card_chosen(self) -> None:
        self.query_one("#curve", Panel).show(self._picture)

    def _curve(self, picture: Picture, width: int, height: int | None) -> Lines:
        return curve.curve(picture, self.query_one(LiveTable).selected_key, width, height)

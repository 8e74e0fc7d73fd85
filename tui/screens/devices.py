"""8 Devices: how each answers, and every value of the one under the cursor."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import DataTable

from solard.core.view import DeviceView
from tui.model import devices
from tui.model.picture import Picture
from tui.screens.pane import Pane
from tui.text import Lines
from tui.widgets.live_table import LiveTable
from tui.widgets.panel import TallPanel


class DevicesPane(Pane):
    """The cursor of the first table chooses whose values stand in the second; Tab goes there."""

    def __init__(self) -> None:
        super().__init__(id="pane-8")
        self._picture = Picture()

    def compose(self) -> ComposeResult:
        """Make both tables."""
        with Vertical(classes="box", id="devices-box") as box:
            box.border_title = "Devices"
            yield LiveTable(id="devices", cursor=True)
        with Vertical(classes="box", id="points-box"):
            yield TallPanel(self._trouble, id="trouble")
            yield LiveTable(id="points", cursor=True)

    def show(self, picture: Picture) -> None:
        """Show a picture."""
        self._picture = picture
        if picture.view is not None:
            table = devices.devices_table(picture.view, self.room)
            self.query_one("#devices", LiveTable).show(table)
        self._show_points()
        super().show(picture)

    def opened(self) -> None:
        """Let the arrow keys choose a device."""
        self.query_one("#devices", LiveTable).focus()

    @property
    def _chosen(self) -> DeviceView | None:
        view = self._picture.view
        key = self.query_one("#devices", LiveTable).selected_key
        return None if view is None else devices.find_device(view, key)

    def _trouble(self, _: Picture, width: int) -> Lines:
        return () if self._chosen is None else devices.trouble(self._chosen, width)

    @on(DataTable.RowHighlighted, "#devices")
    def _show_points(self) -> None:
        device = self._chosen
        box = self.query_one("#points-box")
        box.display = device is not None
        if device is not None:
            trouble = self.query_one("#trouble", TallPanel)
            trouble.display = device.error is not None
            trouble.show(self._picture)
            box.border_title = f"What {device.device_id} said last"
            # Most devices tell more than fits: one column is the scroll bar's.
            self.query_one("#points", LiveTable).show(devices.points_table(device, self.room - 1))

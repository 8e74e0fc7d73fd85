"""A pane: one of the screens between tabs and keys."""

from textual.containers import Vertical

from tui.model.picture import Picture
from tui.widgets.panel import Panel


class Pane(Vertical):
    """Hands the newest picture to its panels; a hidden pane is told when it opens."""

    def show(self, picture: Picture) -> None:
        """Show a picture."""
        for panel in self.query(Panel):
            panel.show(picture)

    @property
    def room(self) -> int:
        """Return the columns inside a box that is as wide as the terminal."""
        return self.app.size.width - 4

    def opened(self) -> None:
        """Take the focus that this pane needs."""

"""3 Neurons: the chain, our neurons on it and the workloads behind them."""

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.model import earnings, log, neurons
from tui.model.picture import Picture
from tui.screens.pane import Pane
from tui.widgets.live_table import LiveTable
from tui.widgets.panel import Panel, TallPanel

_BY_DAY = "Earned by day  [$accent]▇[/] miner  [$primary]▇[/] validator"


class NeuronsPane(Pane):
    """Two tables under the state of the chain."""

    def compose(self) -> ComposeResult:
        """Make the three boxes."""
        yield TallPanel(neurons.network_head, title="Network", id="network", classes="box")
        with Vertical(classes="box", id="neurons-box") as box:
            box.border_title = "Our neurons"
            yield LiveTable(id="neurons")
        with Vertical(classes="box", id="workloads-box") as box:
            box.border_title = "Workloads"
            yield LiveTable(id="workloads")
        yield Panel(earnings.tao_by_day, title=_BY_DAY, id="tao", classes="box")
        yield Panel(log.network_events, title="On the network", id="chain-log", classes="box")

    def show(self, picture: Picture) -> None:
        """Show a picture."""
        if picture.view is not None:
            width = self.room
            table = neurons.neuron_table(picture.view, width)
            self.query_one("#neurons", LiveTable).show(table)
            table = neurons.workload_table(picture.view, width)
            self.query_one("#workloads", LiveTable).show(table)
        super().show(picture)

"""1 Overview: the whole site on one screen."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.model import control, day, earnings, energy, gpus, log, overview, why
from tui.screens.pane import Pane
from tui.widgets.panel import HeldPanel, Panel, TallPanel

_DAY = (
    "Today  [$warning]█[/] sun  [$foreground-muted]░[/] forecast  "
    "[$accent]━[/] rig, then its plan  [$foreground-muted]┊[/] now"
)


class OverviewPane(Pane):
    """Two arrangements of the same facts: wide, and one under the other."""

    def compose(self) -> ComposeResult:
        """Make both; the style sheet shows the one that fits."""
        with Vertical(classes="wide"):
            with Horizontal(id="overview-top"):
                yield Panel(energy.energy, title="Energy", id="energy", classes="box")
                yield Panel(control.control, title="Control", id="control", classes="box")
            with Horizontal(id="overview-middle"):
                yield Panel(day.day_chart, title=_DAY, id="day", classes="box")
                yield Panel(
                    earnings.earnings_today, title="Earnings today", id="earned", classes="box"
                )
            yield Panel(log.events, title="Events", id="events", classes="box")
        with Vertical(classes="compact"):
            yield TallPanel(
                energy.energy_compact, title="Energy now", id="energy-now", classes="box"
            )
            yield HeldPanel(why.strip, title="Control", id="control-now", classes="box")
            yield Panel(gpus.compact_cards, title="GPUs", id="cards-now", classes="box")
            yield Panel(overview.today, title="Today", id="today", classes="box")

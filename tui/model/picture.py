"""What the screens are painted from: the newest view of the site and our line to it."""

from dataclasses import dataclass

from solard.core.inputs import Override, OverrideKind
from solard.core.rig import Rig
from solard.core.view import SiteView


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Our line to the daemon; all times in real seconds."""

    socket: str = ""
    age_s: float | None = None
    """Since the newest view came; None before the first."""
    error: str | None = None
    """A sentence while the daemon does not answer."""
    lost_for_s: float = 0.0
    """How long it has not answered."""
    retry_in_s: float = 0.0
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything that a painter may look at."""

    view: SiteView | None = None
    link: Link = Link()

    @property
    def offline(self) -> bool:
        """Say whether what is shown is the last picture, not the present."""
        return self.link.error is not None


def active_override(view: SiteView) -> Override | None:
    """Return the operator's override that holds now; a pause goes before a run."""
    holding = [each for each in view.overrides if each.until_at > view.state.taken_at]
    holding.sort(key=lambda each: each.kind is not OverrideKind.PAUSE)
    return holding[0] if holding else None


def cards_on(view: SiteView) -> int:
    """Return how many cards are read and not parked."""
    return sum(not gpu.parked for gpu in view.state.gpus)


def least_w(rig: Rig) -> float:
    """Return the rig's draw at the wall with every card parked."""
    return rig.wall_w(sum(card.parked_w for card in rig.cards))


def most_w(rig: Rig) -> float:
    """Return the rig's draw at the wall with every card at its highest limit."""
    return rig.wall_w(sum(card.max_w for card in rig.cards))

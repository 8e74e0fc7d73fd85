"""What each card must, may and cannot draw, given its health and who uses it."""

from dataclasses import dataclass

from solard.core.bounds import PowerBounds
from solard.core.inputs import DecideInputs
from solard.core.rig import GpuCard, PowerTerms, Workload
from solard.core.state import CardHealth, GpuState


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLoad:
    """One card as the budget sees it, in W at the card."""

    card: GpuCard
    fixed_w: float | None
    """Draw that we must count and cannot change; None for a card that we steer."""
    least_w: float
    """The lowest limit at which its workloads still work."""
    most_w: float
    """The highest limit that it can be told, or what it draws where it takes none."""
    standby_w: float
    """What it takes while the rig only answers: parked, or the floor of a keep-alive workload."""
    must_run: bool = False
    """A job runs on it: it gets its least before other cards get anything."""

    @property
    def low_w(self) -> float:
        """Return the least this card can be brought to."""
        return self.card.parked_w if self.fixed_w is None else self.fixed_w

    @property
    def high_w(self) -> float:
        """Return the most this card may take."""
        return self.most_w if self.fixed_w is None else self.fixed_w

    @property
    def answers(self) -> bool:
        """Say whether the card stays awake at standby."""
        return self.fixed_w is None and self.standby_w > self.card.parked_w


def card_loads(inputs: DecideInputs) -> tuple[CardLoad, ...]:
    """Return every card of the rig with what it must and may draw."""
    awake = {
        workload.gpu_ids[0]: workload.at_least_w
        for workload in inputs.workloads
        if workload.keep_alive and workload.gpu_ids and workload.terms is PowerTerms.AT_LEAST
    }
    return tuple(
        _load(card, inputs.state.gpu(card.gpu_id), inputs.workloads, awake.get(card.gpu_id))
        for card in inputs.rig.cards
    )


def envelope(inputs: DecideInputs) -> PowerBounds:
    """Return everything the rig can draw at the wall while its host is up."""
    loads = card_loads(inputs)
    return PowerBounds(
        min_w=inputs.rig.wall_w(sum(load.low_w for load in loads)),
        max_w=inputs.rig.wall_w(sum(load.high_w for load in loads)),
    )


def standby_w(inputs: DecideInputs) -> float:
    """Return the rig's draw at the wall while it only answers."""
    loads = card_loads(inputs)
    cards_w = sum(load.standby_w if load.fixed_w is None else load.fixed_w for load in loads)
    return inputs.rig.wall_w(cards_w)


def _load(
    card: GpuCard, read: GpuState | None, workloads: tuple[Workload, ...], awake_w: float | None
) -> CardLoad:
    users = [workload for workload in workloads if card.gpu_id in workload.gpu_ids]
    floors = [user.at_least_w for user in users if user.at_least_w is not None]
    on_w = _on_w(card, read, users)
    least_w = max([card.min_w, *floors]) if on_w is None else on_w
    return CardLoad(
        card=card,
        fixed_w=None if on_w is not None else _fixed_w(card, read, users),
        least_w=least_w,
        most_w=card.max_w if on_w is None else on_w,
        standby_w=card.parked_w if awake_w is None else max(awake_w, card.min_w, on_w or 0.0),
        must_run=any(user.must_run for user in users),
    )


def _on_w(card: GpuCard, read: GpuState | None, users: list[Workload]) -> float | None:
    """Return what a card that takes no limit from us draws at work; None for any other.

    Its work can still be started and stopped: all of that power, or parked.
    """
    if any(user.terms is PowerTerms.HANDS_OFF for user in users) or not users:
        return None
    if read is None or read.health is not CardHealth.DENIED or read.power_w is None:
        return None
    return max(read.power_w, card.max_w if read.limit_w is None else read.limit_w)


def _fixed_w(card: GpuCard, read: GpuState | None, users: list[Workload]) -> float | None:
    hands_off = any(user.terms is PowerTerms.HANDS_OFF for user in users)
    if not hands_off and (read is None or read.health is CardHealth.OK):
        return None
    if read is None or read.power_w is None or read.health is CardHealth.LOST:
        return card.max_w  # nothing says what it takes: count the most it can
    return max(read.power_w, card.parked_w)

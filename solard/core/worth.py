"""What work is worth, per unit of work, from what the workloads state."""

from solard.core.curves import prior_curve
from solard.core.rig import GpuCard, Rig, Workload

NOMINAL_PER_KWH = 0.10
"""Where energy has no price (off-grid), work at the rig's best efficiency counts as this much per
kWh: only its relation to the plan's own prices matters, no money is meant."""
HAIR_PER_KWH = 2e-4
"""Where no workload states a worth, work counts by this much more than the export it displaces."""


def worth_per_work(rig: Rig, workloads: tuple[Workload, ...]) -> float | None:
    """Return money per unit of work, or None where no workload states a worth.

    A workload's `worth_per_h` is meant for all its cards at full power.
    """
    stated = [work for work in workloads if work.worth_per_h is not None and work.gpu_ids]
    money_per_h = sum(work.worth_per_h or 0.0 for work in stated)
    cards = [card for card in rig.cards if any(card.gpu_id in work.gpu_ids for work in stated)]
    full_rate = sum(full_work_rate(rig, card) for card in cards)
    return money_per_h / full_rate if full_rate > 0 else None


def full_work_rate(rig: Rig, card: GpuCard) -> float:
    """Return a card's work per hour at its highest limit."""
    curve = rig.curve(card.gpu_id) or prior_curve(
        min_w=card.min_w, max_w=card.max_w, default_w=card.default_w
    )
    return curve.work_at(card.max_w)

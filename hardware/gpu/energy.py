"""What a card has used: its own counter where it has one, power over time where not."""

from dataclasses import dataclass

LONGEST_GAP_S = 5.0
"""Between two readings further apart, an uncounted draw is unknown and not added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyCount:
    """Energy since the keeper first saw the card."""

    total_j: float = 0.0
    counter_j: float | None = None
    power_w: float | None = None
    read_s: float | None = None


def count(
    before: EnergyCount, *, counter_j: float | None, power_w: float | None, now_s: float
) -> EnergyCount:
    """Return the count after a reading; a counter that starts anew takes nothing back."""
    return EnergyCount(
        total_j=before.total_j + _used_j(before, counter_j, power_w, now_s),
        counter_j=counter_j,
        power_w=power_w,
        read_s=now_s,
    )


def _used_j(
    before: EnergyCount, counter_j: float | None, power_w: float | None, now_s: float
) -> float:
    if counter_j is not None and before.counter_j is not None and counter_j >= before.counter_j:
        return counter_j - before.counter_j
    if before.read_s is None or before.power_w is None or power_w is None:
        return 0.0
    gap_s = now_s - before.read_s
    return (before.power_w + power_w) / 2.0 * gap_s if 0.0 <= gap_s <= LONGEST_GAP_S else 0.0

"""A learned curve as lines of text: work, work per watt, and where a watt does the most."""

from solard.core.curves import WorkCurve
from solard.core.learning import LearnedCurve
from solard.core.rig import GpuCard

BAR = 40
"""Characters of the longest bar."""
ROWS = 12


def curve_lines(
    card: GpuCard, curve: WorkCurve, learned: LearnedCurve | None, host_share_w: float
) -> tuple[str, ...]:
    """Return the curve from its highest power down.

    `host_share_w` is the host's draw for each card: work per watt counts it, because a rig pays it.
    """
    powers = [card.min_w + (card.max_w - card.min_w) * row / (ROWS - 1) for row in range(ROWS)]
    full = curve.points[-1].work_rate or 1.0
    gains = {power_w: curve.work_at(power_w) / (power_w + host_share_w) for power_w in powers}
    best_w = max(powers, key=lambda power_w: gains[power_w])
    lines = [f"{'W':>6} {'work':>6} {'per W':>6}"]
    for power_w in reversed(powers):
        work = curve.work_at(power_w) / full
        gain = gains[power_w] / (gains[best_w] or 1.0)
        mark = " ◀ most work per watt" if power_w == best_w else ""
        measured = " ●" if _is_measured(power_w, powers[1] - powers[0], learned) else ""
        bar = "█" * round(work * BAR)
        lines.append(f"{power_w:6.0f} {work:6.0%} {gain:6.0%} {bar}{measured}{mark}")
    return tuple(lines)


def _is_measured(power_w: float, step_w: float, learned: LearnedCurve | None) -> bool:
    bins = () if learned is None else learned.bins
    return any(abs(one.power_w - power_w) <= step_w / 2 for one in bins)

"""Down at once, up slowly: the budget follows its target without chasing every cloud."""

from dataclasses import dataclass

from solard.core.bounds import PowerBounds

RISE_SHARE = 0.02
"""Of the rig's range: a smaller rise is not worth a write."""
RISE_AT_LEAST_W = 10.0
HOLD_S = 10.0
"""How long a rise must be asked for before it starts."""
SLEW_SHARE = 0.25
"""Of the rig's range, at most, in one rise."""
SLEW_EVERY_S = 15.0
"""Reported draw is a 1 s mean and settles in 2–3 s; site meters answer every few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RampMemory:
    """The last budget and the two timers of a rise."""

    budget_w: float | None = None
    rising_since_s: float | None = None
    rose_s: float | None = None


def ramp(target_w: float, room: PowerBounds, memory: RampMemory, now_s: float) -> RampMemory:
    """Return the budget for now (`budget_w`) and its timers.

    The first budget is the lower end of `room`: a rig starts low and rises. A falling target is
    followed at once; a rising one after `HOLD_S`, by at most a quarter of the range per 15 s.
    """
    before_w = room.min_w if memory.budget_w is None else room.clamp(memory.budget_w)
    if target_w <= before_w:
        return RampMemory(budget_w=target_w, rose_s=memory.rose_s)
    width_w = room.max_w - room.min_w
    if target_w - before_w < min(max(RISE_SHARE * width_w, RISE_AT_LEAST_W), width_w):
        return RampMemory(budget_w=before_w, rose_s=memory.rose_s)
    since_s = now_s if memory.rising_since_s is None else memory.rising_since_s
    waiting = now_s - since_s < HOLD_S
    resting = memory.rose_s is not None and now_s - memory.rose_s < SLEW_EVERY_S
    if waiting or resting:
        return RampMemory(budget_w=before_w, rising_since_s=since_s, rose_s=memory.rose_s)
    budget_w = min(target_w, before_w + SLEW_SHARE * width_w)
    return RampMemory(budget_w=budget_w, rising_since_s=since_s, rose_s=now_s)

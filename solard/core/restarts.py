"""When a program that died is started again, and when it no longer is."""

from dataclasses import dataclass, replace

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """How patient we are with a program that dies. Real seconds."""

    first_s: float = 1.0
    """Wait before the first new start; it doubles with each death."""
    last_s: float = 300.0
    healthy_after_s: float = 60.0
    """A program that ran so long starts again at once, and its wait begins anew."""
    park_after: int = 12
    """So many early deaths within an hour, and it stays down until its owner says `start`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartMemory:
    """What is remembered of a program's deaths. Real seconds of one clock."""

    wait_s: float | None = None
    """What the next short life will be followed by; None = the policy's first wait."""
    next_start_s: float = 0.0
    died_s: tuple[float, ...] = ()
    """Early deaths within the last hour."""
    parked: bool = False


def after_death(
    memory: RestartMemory, policy: RestartPolicy, *, now_s: float, lived_s: float
) -> RestartMemory:
    """Return what is remembered once a program has died after `lived_s`, or did not start."""
    died_s = tuple(moment for moment in memory.died_s if now_s - moment < HOUR_S)
    if lived_s > policy.healthy_after_s:
        return RestartMemory(next_start_s=now_s, died_s=died_s)
    died_s = (*died_s, now_s)
    wait_s = policy.first_s if memory.wait_s is None else memory.wait_s
    return RestartMemory(
        wait_s=min(2.0 * wait_s, policy.last_s),
        next_start_s=now_s + wait_s,
        died_s=died_s,
        parked=len(died_s) >= policy.park_after,
    )


def after_health(memory: RestartMemory, policy: RestartPolicy, *, lived_s: float) -> RestartMemory:
    """Return what is remembered while a program runs: a long life makes up for early deaths."""
    if lived_s <= policy.healthy_after_s or memory.wait_s is None:
        return memory
    return replace(memory, wait_s=None)

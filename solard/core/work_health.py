"""Whether a program works: failed looks in a row, and patience with one that has just started."""

from dataclasses import dataclass

from solard.core.work import HealthChecks


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthMemory:
    """What is remembered of the looks at one life of a program."""

    was_well: bool = False
    """Whether a look has gone well since its start."""
    fails: int = 0
    """In a row, the newest last."""
    fault: str | None = None
    """What the newest look found wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What people are told, and whether the program has to be started again."""

    text: str
    """`ok`, `starting`, or a sentence."""
    is_sick: bool = False


def after_look(memory: HealthMemory, faults: tuple[str, ...]) -> HealthMemory:
    """Return what is remembered after a look that found these faults."""
    if not faults:
        return HealthMemory(was_well=True)
    return HealthMemory(was_well=memory.was_well, fails=memory.fails + 1, fault="; ".join(faults))


def judge(memory: HealthMemory, checks: HealthChecks, *, lived_s: float) -> Health:
    """Return how a program that has lived for `lived_s` real seconds fares."""
    if memory.fails == 0:
        return Health(text="ok" if memory.was_well else "starting")
    if not memory.was_well and lived_s <= checks.starts_within_s:
        return Health(text="starting")
    if memory.fails < checks.fails:
        return Health(text=f"{memory.fault} ({memory.fails} of {checks.fails} looks)")
    return Health(text=str(memory.fault), is_sick=True)

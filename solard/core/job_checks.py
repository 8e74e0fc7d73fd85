"""What is wrong with a job before it is taken: one sentence, or nothing."""

import re
from datetime import datetime
from math import isfinite

from solard.core.job import JobSpec
from solard.core.wording import say_duration

NAME = re.compile(r"[a-z][a-z0-9-]{0,15}")
SIGNALS = frozenset({"SIGTERM", "SIGINT", "SIGUSR1", "SIGUSR2"})
LONGEST_S = 30 * 86400.0
MOST_W = 1e5
MOST_CARDS = 64
MOST_RETRIES = 100


def find_fault(spec: JobSpec, now_at: datetime) -> str | None:
    """Return what is wrong with a job that is to be added, or None."""
    faults = (
        _name_fault(spec),
        _size_fault(spec),
        _time_fault(spec, now_at),
        _terms_fault(spec),
    )
    return next((fault for fault in faults if fault is not None), None)


def _name_fault(spec: JobSpec) -> str | None:
    if NAME.fullmatch(spec.name) is None:
        return (
            f"{spec.name!r} is no name of a job: use at most 16 lower-case letters, digits and "
            "dashes, a letter first"
        )
    if not spec.command or not all(spec.command):
        return f"job {spec.name} has no command; say what it runs"
    return None


def _size_fault(spec: JobSpec) -> str | None:
    if not (isfinite(spec.duration_s) and 60.0 <= spec.duration_s <= LONGEST_S):
        return f"job {spec.name} cannot run {spec.duration_s:g} s: 1 min to 30 days"
    if not (isfinite(spec.power_w) and 1.0 <= spec.power_w <= MOST_W):
        return f"job {spec.name} cannot take {spec.power_w:g} W: 1 to {MOST_W:g}"
    if not 0 <= spec.cards <= MOST_CARDS:
        return f"job {spec.name} cannot take {spec.cards} cards: 0 to {MOST_CARDS}"
    return None


def _time_fault(spec: JobSpec, now_at: datetime) -> str | None:
    deadline = spec.deadline_at
    if deadline is None:
        return None
    starts_at = max(now_at, spec.earliest_at or now_at)
    window_s = (deadline - starts_at).total_seconds()
    if window_s <= 0.0:
        return f"job {spec.name}: its deadline is past before it may start"
    if window_s < spec.duration_s:
        return (
            f"job {spec.name} takes {say_duration(spec.duration_s)} and its window is "
            f"{say_duration(window_s)}; give it a later deadline"
        )
    return None


def _terms_fault(spec: JobSpec) -> str | None:
    if spec.mandatory and spec.deadline_at is None:
        return f"job {spec.name} is mandatory and has no deadline; give it one"
    if spec.value is not None and not (isfinite(spec.value) and 0.0 <= spec.value <= 1e4):
        return f"job {spec.name} cannot be worth {spec.value:g}: 0 to 10000"
    paid = spec.pay_at_most_per_kwh
    if paid is not None and not (isfinite(paid) and 0.0 <= paid <= 10.0):
        return f"job {spec.name} cannot pay {paid:g} per kWh: 0 to 10"
    if paid is not None and spec.mandatory:
        return f"job {spec.name} is mandatory, so it runs whatever energy costs; pay nothing more"
    if spec.checkpoint_signal not in SIGNALS:
        known = ", ".join(sorted(SIGNALS))
        return f"job {spec.name}: {spec.checkpoint_signal} is no checkpoint; use one of {known}"
    if not (isfinite(spec.grace_s) and 0.0 < spec.grace_s <= 3600.0):
        return f"job {spec.name}: a grace of {spec.grace_s:g} s is not within 1 h"
    if not 0 <= spec.retries <= MOST_RETRIES:
        return f"job {spec.name} cannot be tried {spec.retries} times more: 0 to {MOST_RETRIES}"
    return None

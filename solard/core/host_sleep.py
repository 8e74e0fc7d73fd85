"""Sleep of the whole machine: on what terms the plan may foresee it, and when it is time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from solard.core.modes import WorkMode
from solard.core.records import CycleRecord
from solard.core.state import SiteState
from solard.core.units import SECONDS_PER_HOUR
from solard.core.wording import say_duration, say_power, say_when

LEAST = timedelta(minutes=30)
"""A shorter sleep is not worth the wake-up."""
BLIND = timedelta(hours=1)
"""So long a machine without data sleeps before it looks again."""
AWAKE_BEFORE = timedelta(minutes=2)
"""So long before its work begins the machine is woken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSleep:
    """What the owner allows."""

    wake_for_s: float = SECONDS_PER_HOUR
    """Less planned work than this wakes nobody."""
    wake_by_minute: int | None = None
    """Of the local day: from then on, while there is sun, the machine stays awake."""
    asleep_w: float = 5.0
    """What it draws asleep, at the wall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nap:
    """A sleep that may begin now."""

    until_at: datetime
    why: str


def find_nap(
    record: CycleRecord, *, has_jobs: bool, blind_after_s: float | None = None
) -> Nap | None:
    """Return the sleep that the plan foresees for this moment; None while anything speaks against.

    Work, a job, an operator's request, sun that nobody expected, or a source that is silent: all
    of them keep the machine awake. Only where its owner says `blind_after_s` does a rig without
    data sleep, to look again in an hour.
    """
    inputs, decision = record.inputs, record.decision
    state, plan = inputs.state, inputs.plan
    if blind_after_s is not None and state.missing and not has_jobs and not inputs.overrides:
        return _blind(state, blind_after_s)
    if plan is None or not plan.is_fresh(state.taken_at) or has_jobs or inputs.overrides:
        return None
    works = decision.mode.rank > WorkMode.STANDBY.rank
    works = works and any(not limit.parked for limit in decision.limits)
    if works or state.missing or state.surplus_w is None or state.surplus_w > 0.0:
        return None
    wakes_at = plan.sleeps_until(state.taken_at)
    if wakes_at is None or wakes_at - AWAKE_BEFORE - state.taken_at < LEAST:
        return None
    until_at = wakes_at - AWAKE_BEFORE
    lasts = say_duration((until_at - state.taken_at).total_seconds())
    local = say_when(until_at + (state.local_at - state.taken_at), state.local_at)
    draws = "" if state.rig_w is None else f" {say_power(state.rig_w)} of idle rig are worth more."
    return Nap(
        until_at=until_at, why=f"The machine sleeps for {lasts}, until {local}: no work.{draws}"
    )


def _blind(state: SiteState, blind_after_s: float) -> Nap | None:
    if state.missing_for_s < blind_after_s:
        return None
    silent = ", ".join(sorted(state.missing))
    since = say_duration(state.missing_for_s)
    lasts = say_duration(BLIND.total_seconds())
    return Nap(
        until_at=state.taken_at + BLIND,
        why=f"Nothing from {silent} for {since}: the machine sleeps for {lasts} and looks again.",
    )

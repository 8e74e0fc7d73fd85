"""What a person is asked before anything is changed: watts, end time and what stands above it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from solard.core.errors import SolardError
from solard.core.inputs import OverrideKind
from solard.core.view import SiteView
from tui import format as words
from tui.model.picture import active_override, least_w, most_w

PAUSE_S = 2 * 3600.0
LONGEST_RUN_S = 24 * 3600.0
_ABOVE = "Safety, stale data, battery lines and grid limits still stand above it."


class AnswerInvalid(SolardError):
    """What was typed is no power or no time; says what would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question: what will happen, and the words on its two buttons."""

    title: str
    text: str
    yes: str
    no: str = "Cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a person typed for an override."""

    power_w: float
    duration_s: float


def pause_until(view: SiteView) -> datetime:
    """Return when a pause that starts now ends."""
    return view.state.taken_at + timedelta(seconds=PAUSE_S)


def pause_ask(view: SiteView) -> Ask:
    """Return the question before a pause."""
    until = words.day_and_clock(pause_until(view), view.state)
    draws, rest = words.watts(view.state.rig_w), words.watts(least_w(view.rig))
    return Ask(
        title=f"Pause the rig for {words.duration(PAUSE_S)}?",
        text=f"All cards park: the rig goes from {draws} to about {rest} (host and parked cards) "
        f"until {until}, then goes on by itself. u resumes earlier.{_observing(view)}",
        yes=f"Pause until {until}",
    )


def resume_ask(view: SiteView) -> Ask | None:
    """Return the question before the end of an override, or None when there is none."""
    override = active_override(view)
    if override is None:
        return None
    until = words.day_and_clock(override.until_at, view.state)
    paused = override.kind is OverrideKind.PAUSE
    what = "The pause" if paused else f"The run at {words.watts(override.power_w)}"
    plan = next((s for s in view.plan if s.starts_at <= view.state.taken_at < s.ends_at), None)
    expects = "" if plan is None else f" The plan has about {words.watts(plan.rig_w)} for now."
    return Ask(
        title="Resume?",
        text=f"{what} would end by itself at {until}. Resuming hands the rig back to policies and "
        f"plan now; it draws {words.watts(view.state.rig_w)}.{expects}",
        yes="Resume now",
    )


def live_ask(view: SiteView) -> Ask:
    """Return the question before solard starts or stops acting."""
    draws = words.watts(view.state.rig_w)
    if view.live:
        return Ask(
            title="Only observe from now on?",
            text=f"solard goes on deciding and explaining but sets no limit and no work mode until "
            f"it is live again; there is no end time. The rig draws {draws} now.",
            yes="Observe",
        )
    budget = None if view.decision is None else view.decision.budget_w
    would = "" if budget is None else f", and would give it {words.watts(budget)}"
    return Ask(
        title="Go live?",
        text=f"From the next tick solard sets limits and work modes, until you make it observe "
        f"again. The rig draws {draws} now{would}.",
        yes="Go live",
    )


def run_sentence(view: SiteView, request: RunRequest) -> str:
    """Return what an override would do."""
    until = words.day_and_clock(run_until(view, request), view.state)
    now = words.watts(view.state.rig_w)
    return (
        f"The rig goes from {now} to {words.watts(request.power_w)} at the wall until {until} "
        f"({words.duration(request.duration_s)}), then goes on by itself. {_ABOVE}"
        f"{_observing(view)}"
    )


def run_until(view: SiteView, request: RunRequest) -> datetime:
    """Return when an override that starts now ends."""
    return view.state.taken_at + timedelta(seconds=request.duration_s)


def read_run(view: SiteView, power: str, length: str) -> RunRequest:
    """Return what was typed as `600 W` and `3 h`; raise AnswerInvalid with a sentence."""
    power_w = _read_power(power)
    low_w, high_w = least_w(view.rig), most_w(view.rig)
    if not low_w <= power_w <= high_w:
        raise AnswerInvalid(
            f"{words.watts(power_w)} is outside what this rig can draw: "
            f"{words.watts(low_w)} to {words.watts(high_w)}"
        )
    duration_s = _read_duration(length)
    if not 60.0 <= duration_s <= LONGEST_RUN_S:
        raise AnswerInvalid(f"{length.strip()} is outside 1 min to 24 h")
    return RunRequest(power_w=power_w, duration_s=duration_s)


def _read_power(text: str) -> float:
    found = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*(k?w)?\s*", text, re.IGNORECASE)
    if found is None:
        raise AnswerInvalid(f"“{text.strip()}” is no power; write 600 W or 1.2 kW")
    unit = (found[2] or "W").lower()
    return float(found[1].replace(",", ".")) * (1000.0 if unit == "kw" else 1.0)


def _read_duration(text: str) -> float:
    found = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*(min|m|h)?\s*", text, re.IGNORECASE)
    if found is None:
        raise AnswerInvalid(f"“{text.strip()}” is no time; write 45 min or 3 h")
    unit = (found[2] or "h").lower()
    return float(found[1].replace(",", ".")) * (3600.0 if unit == "h" else 60.0)


def _observing(view: SiteView) -> str:
    return "" if view.live else " solard only observes now, so nothing changes until it is live."

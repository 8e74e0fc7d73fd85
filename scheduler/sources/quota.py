"""When a source may be asked again: it outlives the daemon, or restarts would eat the quota."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FIRST_PAUSE_S = 300.0
LONGEST_PAUSE_S = 6 * 3600.0
REFUSED_PAUSE_S = 3600.0
"""Least after a source that asked for patience, or a key that it does not know."""
LONGEST_ASKED_S = 24 * 3600.0
"""No source may silence itself for longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What was asked today, and how it went."""

    day: str = ""
    """UTC date that `asked` counts on."""
    asked: int = 0
    failures: int = 0
    """In a row."""
    last_at: datetime | None = None
    """Of the last answer that could be read."""
    not_before: datetime | None = None
    problem: str | None = None
    """Why the last try failed."""

    def may_ask(self, now: datetime, every_s: float, per_day: int) -> bool:
        """Say whether it is time to ask; a clock that stepped back does not lock a source out."""
        if self.not_before is not None and now < self.not_before <= now + _LONGEST:
            return False
        if self._asked_on(now) >= per_day:
            return False
        if self.last_at is None or self.last_at > now:
            return True
        return (now - self.last_at).total_seconds() >= every_s

    def count(self, now: datetime) -> "Quota":
        """Return it with one more request."""
        return replace(self, day=_day(now), asked=self._asked_on(now) + 1)

    def succeed(self, now: datetime) -> "Quota":
        """Return it after an answer."""
        return replace(self, failures=0, last_at=now, not_before=None, problem=None)

    def fail(self, now: datetime, problem: str, least_s: float | None) -> "Quota":
        """Return it after a failure: each one in a row doubles the pause."""
        pause_s = min(FIRST_PAUSE_S * 2.0 ** min(self.failures, 10), LONGEST_PAUSE_S)
        if least_s is not None:
            pause_s = max(pause_s, min(least_s, LONGEST_ASKED_S))
        until = now + timedelta(seconds=pause_s)
        return replace(self, failures=self.failures + 1, not_before=until, problem=problem)

    def say(self, now: datetime, per_day: int) -> str | None:
        """Return why there is nothing newer, or None where nothing is wrong."""
        if self.problem is not None:
            again = self.not_before
            at = f"; asked again at {again:%H:%M} UTC" if again and again > now else ""
            return f"{self.problem}{at}"
        if self._asked_on(now) >= per_day:
            return f"the {per_day} requests of today are used up"
        return None

    def _asked_on(self, now: datetime) -> int:
        return self.asked if self.day == _day(now) else 0


_LONGEST = timedelta(seconds=LONGEST_ASKED_S)


def _day(now: datetime) -> str:
    return now.date().isoformat()

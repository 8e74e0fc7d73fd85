"""Puts the machine to sleep when the plan foresees it and nothing speaks against it."""

import asyncio
from collections.abc import Callable

from solard.core.errors import SolardError
from solard.core.host_sleep import find_nap
from solard.core.records import CycleRecord
from solard.core.wording import say_duration
from solard.daemon.events import Events

QUIET_FOR_S = 300.0
"""Site seconds: time to look, or to say `solard run`."""
SleepFor = Callable[[float], float]
"""Sleeps so many seconds and returns how long it was; blocks, and may raise SolardError."""


class HostSleeper:
    """Looks at each decision; asks for a sleep once it has been time for a while."""

    def __init__(
        self, sleep_for: SleepFor | None, events: Events, *, blind_after_s: float | None = None
    ) -> None:
        """Make one; without `sleep_for` the machine never sleeps."""
        self._blind_after_s = blind_after_s
        self._sleep_for = sleep_for
        self._events = events
        self._quiet_since_s: float | None = None

    async def look(self, record: CycleRecord, *, live: bool, has_jobs: bool) -> bool:
        """Sleep if it is time; return whether the machine has slept."""
        nap = None
        if live and self._sleep_for is not None:
            nap = find_nap(record, has_jobs=has_jobs, blind_after_s=self._blind_after_s)
        now_s = record.inputs.state.taken_s
        if nap is None or self._sleep_for is None:
            self._quiet_since_s = None
            return False
        if self._quiet_since_s is None:
            self._quiet_since_s = now_s
        if now_s - self._quiet_since_s < QUIET_FOR_S:
            return False
        self._quiet_since_s = None
        self._events.tell("host", nap.why)
        seconds = (nap.until_at - record.inputs.state.taken_at).total_seconds()
        try:
            slept_s = await asyncio.to_thread(self._sleep_for, seconds)
        except SolardError as err:
            self._events.tell("host", f"No sleep until the next start: {err}", "alert")
            self._sleep_for = None
            return False
        self._events.tell("host", f"Awake again after {say_duration(slept_s)}.")
        return True

"""Processes that belong together: started, restarted when they die, ended one by one."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from solard.system.children import reap, spawn

BACKOFF_FIRST_S = 0.5
BACKOFF_LAST_S = 5.0
STEADY_AFTER_S = 10.0


@dataclass(slots=True)
class Member:
    """One process. Real seconds."""

    name: str
    command: list[str]
    pid: int | None = None
    started_s: float = 0.0
    start_at_s: float = 0.0
    backoff_s: float = BACKOFF_FIRST_S


class Members:
    """Keeps processes alive; this one has to be their reaper."""

    def __init__(
        self,
        members: list[Member],
        *,
        env: Mapping[str, str],
        logs: Path,
        say: Callable[[str], None],
    ) -> None:
        self._members = members
        self._env = env
        self._logs = logs
        self._say = say
        logs.mkdir(parents=True, exist_ok=True)

    def look_after(self) -> None:
        """Reap what has ended, start what is due."""
        ended, now = reap(), time.monotonic()
        for member in self._members:
            if member.pid in ended:
                self._note_death(member, now)
            if member.pid is None and now >= member.start_at_s:
                log = self._logs / f"{member.name}.log"
                member.pid = spawn(member.command, env=self._env, log=log)
                member.started_s = now
            elif now - member.started_s > STEADY_AFTER_S:
                member.backoff_s = BACKOFF_FIRST_S

    def pids(self) -> dict[str, int | None]:
        """Return the pid of each process, None while it is away."""
        return {member.name: member.pid for member in self._members}

    def end(self, name: str, grace_s: float) -> None:
        """Ask one process to end, and wait for it in real seconds."""
        member = next(member for member in self._members if member.name == name)
        if member.pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(member.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while member.pid not in reap() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _note_death(self, member: Member, now: float) -> None:
        self._say(f"{member.name} (pid {member.pid}) died; again in {member.backoff_s:g} s")
        member.pid = None
        member.start_at_s = now + member.backoff_s
        member.backoff_s = min(member.backoff_s * 2.0, BACKOFF_LAST_S)

"""A process that somebody else started, held so that its number cannot come to mean another."""

import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """A process and its pidfd."""

    pid: int
    descriptor: int

    @property
    def is_alive(self) -> bool:
        """Return whether it runs."""
        ready, _, _ = select.select([self.descriptor], [], [], 0)
        return not ready


class Holder:
    """Finds programs by name through `ask`, and asks again only once they are gone.

    One that was not found is believed to be gone for `again_s` real seconds: asking starts a
    process.
    """

    def __init__(self, ask: Callable[[str], int], again_s: float) -> None:
        self._ask = ask
        self._again_s = again_s
        self._held: dict[str, Held] = {}
        self._missed_s: dict[str, float] = {}

    def find(self, name: str) -> int | None:
        """Return the pid of a program while it lives."""
        known = self._held.get(name)
        if known is not None:
            if known.is_alive:
                return known.pid
            self.forget(name)
        missed_s = self._missed_s.get(name)
        if missed_s is not None and time.monotonic() - missed_s < self._again_s:
            return None
        return self.look(name)

    def look(self, name: str) -> int | None:
        """Ask now, and hold what is found."""
        self.forget(name)
        held = _hold(self._ask(name))
        if held is None:
            self._missed_s[name] = time.monotonic()
            return None
        self._held[name] = held
        return held.pid

    def forget(self, name: str) -> None:
        """Ask at the next question."""
        self._missed_s.pop(name, None)
        known = self._held.pop(name, None)
        if known is not None:
            os.close(known.descriptor)


def _hold(pid: int) -> Held | None:
    """Hold a living process; a zombie that nobody has collected is none."""
    try:
        held = Held(pid, os.pidfd_open(pid)) if pid > 0 else None
    except OSError:
        return None
    if held is None or held.is_alive:
        return held
    os.close(held.descriptor)
    return None

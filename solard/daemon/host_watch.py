"""Looks at the machine every few seconds, and says once when it runs short of something."""

import asyncio

from solard.core.host import HostState
from solard.core.wording import say_percent, say_temperature
from solard.daemon.events import Events
from solard.daemon.ports import ReadHost

EVERY_S = 5.0
"""Real seconds."""
FULL_SHARE = 0.95
CLEAR_SHARE = 0.90
"""Of memory or disk; said when one is passed, and again only after it was clear."""
HOT_C = 95.0
_BLIND = "looks"


class HostWatch:
    """Keeps the newest state of the machine."""

    def __init__(self, read: ReadHost, events: Events) -> None:
        self._read = read
        self._events = events
        self._short: set[str] = set()
        self.state: HostState | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._look()
            await asyncio.sleep(EVERY_S)

    async def _look(self) -> None:
        try:
            self.state = await asyncio.to_thread(self._read)
        except OSError as err:  # without a free descriptor not even /proc can be read
            self.state = None
            if _BLIND not in self._short:
                self._short.add(_BLIND)
                text = f"Running short: the machine cannot be looked at: {err.strerror}."
                self._events.tell("host", text, "alert")
            return
        self._short.discard(_BLIND)
        self._warn(self.state)

    def _warn(self, state: HostState) -> None:
        for name, share in (("memory", state.memory_share), ("disk", state.disk_share)):
            self._tell(name, share, f"{name} is {say_percent(share or 0.0)} full")
        heat_c = state.temperature_c
        share = None if heat_c is None else heat_c / HOT_C * FULL_SHARE
        self._tell("heat", share, f"the machine is at {say_temperature(heat_c or 0.0)}")

    def _tell(self, name: str, share: float | None, text: str) -> None:
        if share is not None and share >= FULL_SHARE and name not in self._short:
            self._short.add(name)
            self._events.tell("host", f"Running short: {text}.", "warning")
        elif share is not None and share < CLEAR_SHARE:
            self._short.discard(name)

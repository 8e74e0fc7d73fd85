"""What a person would want to know: kept, shown, and sent to the alert hook."""

import asyncio
import logging
from collections import deque

from solard.core.errors import SolardError
from solard.core.view import Event
from solard.daemon.ports import History, RunHook
from solard.system.clock import Clock

KEPT_IN_MEMORY = 200

log = logging.getLogger(__name__)


class Events:
    """A ring of the newest events; each also goes to the store, alerts to the owner's command."""

    def __init__(
        self,
        clock: Clock,
        history: History,
        hook: RunHook | None = None,
        before: tuple[Event, ...] = (),
    ) -> None:
        """Start with what happened before, newest first."""
        self._clock = clock
        self._history = history
        self._hook = hook
        self._ring: deque[Event] = deque(before, maxlen=KEPT_IN_MEMORY)
        self._alerts: asyncio.Queue[Event] = asyncio.Queue(maxsize=50)

    def tell(self, source: str, text: str, level: str = "info") -> None:
        """Record an event that happens now; `level` is info, warning or alert."""
        event = Event(happened_at=self._clock.now(), source=source, level=level, text=text)
        self._ring.appendleft(event)
        self._history.put_event(event)
        log.log({"info": 20, "warning": 30}.get(level, 40), "%s: %s", source, text)
        if level == "alert" and not self._alerts.full():
            self._alerts.put_nowait(event)

    def newest(self) -> tuple[Event, ...]:
        """Return what is in memory, newest first."""
        return tuple(self._ring)

    async def run(self) -> None:
        """Hand alerts to the hook, one after the other, until cancelled."""
        while True:
            event = await self._alerts.get()
            if self._hook is None:
                continue
            try:
                await self._hook(event)
            except SolardError as err:
                log.warning("alert hook failed: %s", err)

"""Where the TUI's pictures come from, and how it holds on to that: stream, backoff, reconnect."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Protocol

from solard.core.errors import SolardError
from solard.core.view import SiteView

FIRST_RETRY_S, LONGEST_RETRY_S = 0.2, 5.0


class ViewSource(Protocol):
    """What the TUI asks of the daemon's client."""

    def stream(self) -> AsyncIterator[SiteView]:
        """Yield each new picture until the daemon goes away."""
        ...

    async def pause(self, until: datetime) -> object:
        """Park the rig until a moment."""
        ...

    async def run(self, power_w: float, until: datetime) -> object:
        """Ask for a power until a moment."""
        ...

    async def resume(self) -> object:
        """End the override."""
        ...

    async def set_live(self, live: bool) -> object:
        """Act, or only observe."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


class DaemonWentAway(SolardError):
    """The stream ended without an error."""


async def follow(
    source: ViewSource,
    on_view: Callable[[SiteView], None],
    on_lost: Callable[[str, float], None],
) -> None:
    """Hand on every picture for ever; `on_lost` gets a sentence and the seconds to the next try."""
    retry_s = FIRST_RETRY_S
    while True:
        try:
            async for view in source.stream():
                retry_s = FIRST_RETRY_S
                on_view(view)
            raise DaemonWentAway("the daemon closed the stream")
        except (SolardError, OSError, TimeoutError) as err:
            on_lost(sentence(err), retry_s)
        await asyncio.sleep(retry_s)
        retry_s = min(LONGEST_RETRY_S, retry_s * 2)


def sentence(error: Exception) -> str:
    """Return an error as a sentence without its full stop."""
    text = str(error).strip() or type(error).__name__
    return text.rstrip(".")

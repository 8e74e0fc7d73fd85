"""Hands each new picture to whoever waits for one."""

import asyncio

from solard.core.view import SiteView


class Publisher:
    """Keeps the newest picture; readers wait for a newer one without asking again and again."""

    def __init__(self) -> None:
        self._news = asyncio.Condition()
        self.view: SiteView | None = None

    @property
    def next_seq(self) -> int:
        """Return the number of the next picture; the first is 1."""
        return 1 if self.view is None else self.view.seq + 1

    async def publish(self, view: SiteView) -> None:
        """Make a picture the newest, and wake those who wait."""
        async with self._news:
            self.view = view
            self._news.notify_all()

    async def wait(self, after_seq: int) -> SiteView:
        """Return the first picture whose number is above `after_seq`."""
        async with self._news:
            while self.view is None or self.view.seq <= after_seq:
                await self._news.wait()
            return self.view

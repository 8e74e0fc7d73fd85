"""Ask the daemon from code that is not asynchronous."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from solard.client.client import Client
from solard.core.view import SiteView

Answer = TypeVar("Answer")


def ask_view(socket_path: Path) -> SiteView:
    """Return the newest picture."""
    return ask(socket_path, lambda client: client.view())


def ask(socket_path: Path, question: Callable[[Client], Awaitable[Answer]]) -> Answer:
    """Return what one call of the client answers: `ask(path, lambda client: client.resume())`."""

    async def run() -> Answer:
        return await question(Client(socket_path))

    return asyncio.run(run())

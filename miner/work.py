"""The work socket: how the daemon tells a program its mode, drains it and asks how it is."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from solard.core.errors import SolardError
from solard.core.modes import WorkMode
from solard.system.lines import Handler


class RequestInvalid(SolardError):
    """A request on the work socket is not one that this program knows."""


class Work(Protocol):
    """A program with a mode."""

    mode: WorkMode

    def status(self) -> dict[str, Any]:
        """Return the fields of a `status` answer."""
        ...

    async def drain(self) -> None:
        """Finish what is under way and take nothing new."""
        ...


Verb = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


def handler_of(work: Work, more: Mapping[str, Verb] | None = None) -> Handler:
    """Return the function that answers `mode`, `drain`, `status` and `more` verbs."""

    async def set_mode(request: dict[str, Any]) -> dict[str, Any]:
        try:
            work.mode = WorkMode(request.get("mode", ""))
        except ValueError as err:
            modes = ", ".join(WorkMode)
            raise RequestInvalid(f"mode: {request.get('mode')!r} is none of {modes}") from err
        return {"mode": work.mode.value}

    async def drain(_: dict[str, Any]) -> dict[str, Any]:
        await work.drain()
        return {"drained": True}

    async def status(_: dict[str, Any]) -> dict[str, Any]:
        return work.status()

    verbs: dict[str, Verb] = {"mode": set_mode, "drain": drain, "status": status, **(more or {})}

    async def handle(request: dict[str, Any]) -> dict[str, Any]:
        verb = verbs.get(str(request.get("verb")))
        if verb is None:
            raise RequestInvalid(f"no verb {request.get('verb')!r}; there are {', '.join(verbs)}")
        return await verb(request)

    return handle

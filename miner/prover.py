"""The miner's side of `solard network prove`: a proof of work, while somebody asks for it."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

from miner.chain.client import NodeClient
from miner.chain.proving import Proving
from miner.keys import Keypair
from miner.presence import Presence
from miner.work import RequestInvalid
from solard.core.errors import SolardError

LEASE_S = 5.0
"""Real seconds for which one request keeps the search going."""


class Prover:
    """Registers the miner's own key by proof of work; one search at a time."""

    def __init__(
        self, backend: NodeClient, keypair: Keypair, presences: Sequence[Presence]
    ) -> None:
        self._backend = backend
        self._keypair = keypair
        self._presences = {one.subnet: one for one in presences}
        self._proving: Proving | None = None
        self._subnet = ""
        self._task: asyncio.Task[None] | None = None
        self._until_s = 0.0

    async def prove(self, request: dict[str, Any]) -> dict[str, Any]:
        """Keep the search for a subnet going; say its uid, or how far the search is."""
        presence = self._presences.get(str(request.get("subnet")))
        if presence is None:
            known = ", ".join(self._presences)
            raise RequestInvalid(
                f"this miner is not on {request.get('subnet')!r}; it is on {known}"
            )
        if presence.subnet != self._subnet:
            await self.rest({})
        if presence.neuron is not None:
            return {"uid": presence.neuron.uid}
        self._until_s = time.monotonic() + LEASE_S
        await self._look_after(presence)
        proving = self._proving
        hashes, difficulty = (proving.hashes, proving.difficulty) if proving else (0, None)
        return {"uid": None, "hashes": hashes, "difficulty": difficulty}

    async def rest(self, _: dict[str, Any]) -> dict[str, Any]:
        """End the search."""
        task, self._task, self._subnet = self._task, None, ""
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, SolardError):
                await task
        return {"rests": True}

    async def _look_after(self, presence: Presence) -> None:
        """Start a search, or raise why the last one ended."""
        task = self._task
        if task is not None and task.done():
            self._task = None
            task.result()
        elif task is None:
            self._subnet = presence.subnet
            self._task = asyncio.create_task(self._search(presence))

    async def _search(self, presence: Presence) -> None:
        netuid = await self._backend.netuid_of(presence.subnet)
        self._proving = Proving(self._backend, self._keypair, netuid)
        search = asyncio.ensure_future(self._proving.run())
        try:
            while not search.done() and (left_s := self._until_s - time.monotonic()) > 0.0:
                await asyncio.wait([search], timeout=left_s)
            if search.done():
                search.result()
                await presence.refresh()
        finally:
            search.cancel()
            with contextlib.suppress(asyncio.CancelledError, SolardError):
                await search

"""Holds cards at limits until it is told to stop: asks, renews, gives back. Opens no driver."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hardware.gpu.client import KeeperClient
from solard.core.decision import ApplyResult, Clamped, PowerLimit, Refused
from solard.core.errors import SolardError

LONGEST_PERIOD_S = 8.0
SHORTEST_PERIOD_S = 0.2
RENEWALS_PER_LEASE = 3.0
RETRY_S = 0.5
"""How often a keeper that is away is asked again, real seconds."""


class HoldImpossible(SolardError):
    """None of the cards can be held as asked."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is held, under which names, and how often it has to be said again."""

    limits: tuple[PowerLimit, ...]
    names: Mapping[str, str]
    period_s: float


class Holder:
    """One holder of limits; `say` gets a sentence whenever something changes."""

    def __init__(
        self, client: KeeperClient, wanted: Mapping[str, float], say: Callable[[str], None]
    ) -> None:
        self._client = client
        self._wanted = wanted
        self._say = say
        self._said: dict[str, str] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Hold until `stopping`, then give the cards back; raise SolardError only at the start."""
        held = await self._take()
        try:
            while not await _is_set(stopping, held.period_s):
                held = await self._renew(held, stopping)
        finally:
            await self._give_back(held)

    async def _take(self) -> Held:
        """Ask for every limit once; raise NoAnswer or HoldImpossible."""
        rows = (await self._client.list()).rows
        ids = {name: row.gpu_id for row in rows for name in (str(row.index), row.gpu_id)}
        unknown = sorted(name for name in self._wanted if name not in ids)
        if unknown:
            there = ", ".join(str(row.index) for row in rows) or "none"
            raise HoldImpossible(f"no card {', '.join(unknown)} here; there are {there}")
        limits = tuple(
            PowerLimit(gpu_id=ids[name], limit_w=watts, parked=False)
            for name, watts in self._wanted.items()
        )
        names = {ids[name]: name for name in self._wanted}
        results = await self._client.set(limits)
        self._tell(results, names)
        if all(isinstance(result, Refused) for result in results):
            raise HoldImpossible("no card takes its limit; nothing is held")
        return Held(limits, names, await self._period_s())

    async def _renew(self, held: Held, stopping: asyncio.Event) -> Held:
        """Say the limits again: it renews the lease, and a new keeper hears them too."""
        try:
            self._tell(await self._client.set(held.limits), held.names)
        except SolardError as err:  # gone, or just stopping: the next one is asked
            self._say(f"the keeper is away: {err}; asking again")
            while not await _is_set(stopping, RETRY_S):
                try:
                    self._tell(await self._client.set(held.limits), held.names)
                except SolardError:
                    continue
                self._say("the keeper is back; limits are held again")
                break
        return replace(held, period_s=await self._period_s())

    async def _period_s(self) -> float:
        """Return when to ask again: well inside the lease; another keeper may have shorter ones."""
        try:
            lease_s = (await self._client.read()).lease_left_s
        except SolardError:
            lease_s = None
        if lease_s is None:  # it went away just after it had said yes
            return RETRY_S
        return min(LONGEST_PERIOD_S, max(SHORTEST_PERIOD_S, lease_s / RENEWALS_PER_LEASE))

    async def _give_back(self, held: Held) -> None:
        try:
            await self._client.restore(tuple(held.names))
        except SolardError as err:
            self._say(f"not given back: {err}; the lease ends by itself")

    def _tell(self, results: tuple[ApplyResult, ...], names: Mapping[str, str]) -> None:
        for result in results:
            match result:
                case Refused(reason=reason):
                    text = f"refused: {reason}"
                case Clamped(asked_w=asked_w, limit_w=limit_w):
                    text = f"held at {limit_w:g} W; it does not take {asked_w:g} W"
                case _:
                    text = f"held at {result.limit_w:g} W"
            if self._said.get(result.gpu_id) != text:
                self._said[result.gpu_id] = text
                self._say(f"GPU {names[result.gpu_id]} {text}")


async def _is_set(event: asyncio.Event, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            return await event.wait()
    except TimeoutError:
        return False

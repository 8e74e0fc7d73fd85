"""Carries limits to the keeper and card readings back, in its own time: the tick never waits."""

import asyncio
import time
from dataclasses import replace

from solard.core.decision import ApplyResult, PowerLimit, Refused
from solard.core.errors import SolardError
from solard.core.rig import GpuCard
from solard.core.state import GpuState
from solard.core.view import KeeperView
from solard.core.wording import say_count
from solard.daemon.events import Events
from solard.daemon.ports import Keeper

WRITE_EVERY_S = 1.0
"""The keeper writes each card at most once a second."""
RENEW_EVERY_S = 8.0
"""Well inside the usual lease of 30 s."""
RENEWALS_PER_LEASE = 4.0
"""Of a shorter one."""
NO_KEEPER = KeeperView(backend="none", pid=None, note=None, error="waiting for the GPU keeper")


class Actuator:
    """Talks to the keeper: newest limits out, newest cards in. Real seconds."""

    def __init__(self, keeper: Keeper, events: Events) -> None:
        self._keeper = keeper
        self._events = events
        self._one_at_a_time = asyncio.Lock()
        self._wanted: tuple[PowerLimit, ...] | None = None
        self._told: tuple[PowerLimit, ...] | None = None
        self._hands_off: frozenset[str] = frozenset()
        self._told_hands_off: frozenset[str] | None = None
        self._told_at = 0.0
        self._lease_s: float | None = None
        """The longest that the keeper has said a lease still runs."""
        self._pid: int | None = None
        self._met: frozenset[str] = frozenset()
        self.cards: tuple[GpuCard, ...] = ()
        self.gpus: tuple[GpuState, ...] = ()
        self.results: tuple[ApplyResult, ...] = ()
        self.applied = 0
        self.view = NO_KEEPER

    @property
    def holds(self) -> bool:
        """Say whether every card is told a limit under a lease; true where there are none."""
        return self.view.error is None and (self._told is not None or not self.cards)

    def want(
        self, limits: tuple[PowerLimit, ...] | None, hands_off: frozenset[str] = frozenset()
    ) -> None:
        """Set what the cards are to be told; None = touch nothing (observe mode).

        Cards in `hands_off` stay as their owner has them, in failsafe too.
        """
        self._wanted = limits
        self._hands_off = hands_off

    async def run_once(self) -> None:
        """Read the cards and tell them what has changed, or renew their lease."""
        async with self._one_at_a_time:
            try:
                read = await self._keeper.read()
                seen = frozenset(gpu.gpu_id for gpu in read.gpus)
                if read.pid != self._pid or seen != self._met:
                    await self._meet(read.pid)
                    self._met = seen
                self.gpus = read.gpus
                self._note_lease(read.lease_left_s)
                await self._tell()
                self.view = replace(self.view, pid=read.pid, error=None)
            except SolardError as err:
                self._lose(str(err))

    async def release(self) -> None:
        """Give the owner's limits back, as far as the keeper answers."""
        self._wanted = None
        async with self._one_at_a_time:  # a limit on its way would hold a card after this
            self._told = None
            try:
                await self._keeper.restore()
            except SolardError as err:
                self._events.tell("gpu", f"Limits were not restored: {err}", "warning")

    async def _meet(self, pid: int) -> None:
        """Get to know a keeper that is new, or has come back, or sees other cards."""
        listed = await self._keeper.list()
        again = self._pid not in {None, pid}
        self._pid, self.cards, self._told = pid, listed.cards, None
        self._told_hands_off, self._lease_s = None, None
        self.view = KeeperView(backend=listed.backend, pid=pid, note=listed.note, error=None)
        if again:
            self._events.tell("gpu", f"The GPU keeper is back (pid {pid}); limits are told again.")
        else:
            self._events.tell(
                "gpu", listed.note or f"{say_count(len(self.cards), 'card')} ({listed.backend})."
            )

    def _note_lease(self, left_s: float | None) -> None:
        """Learn how long leases are; one that has ended is asked for again at once."""
        if left_s is None:
            self._told = None
        else:
            self._lease_s = max(left_s, self._lease_s or 0.0)

    @property
    def _renew_every_s(self) -> float:
        if self._lease_s is None:
            return RENEW_EVERY_S
        return min(RENEW_EVERY_S, self._lease_s / RENEWALS_PER_LEASE)

    def _lose(self, reason: str) -> None:
        if self.view.error is None:
            self._events.tell(
                "gpu",
                f"The GPU keeper is away: {reason}; its leases bring every card to failsafe.",
                "alert",
            )
        self.gpus = ()
        self.view = replace(self.view, pid=None, error=reason)

    async def _tell(self) -> None:
        wanted, hands_off, now = self._wanted, self._hands_off, time.monotonic()
        same = hands_off == self._told_hands_off
        if wanted is None or (not wanted and (same or not hands_off)):
            return
        wait_s = self._renew_every_s if wanted == self._told and same else WRITE_EVERY_S
        if now - self._told_at < wait_s:
            return
        before, self._told, self._told_at = self._told, None, now
        results = await self._keeper.set(wanted, hands_off)
        self._told, self._told_hands_off, self.results = wanted, hands_off, results
        if wanted != before:
            self._count(before or (), wanted, results)

    def _count(
        self,
        before: tuple[PowerLimit, ...],
        wanted: tuple[PowerLimit, ...],
        results: tuple[ApplyResult, ...],
    ) -> None:
        known = {limit.gpu_id: limit for limit in before}
        names = {card.gpu_id: f"gpu{card.index}" for card in self.cards}
        outcome = {result.gpu_id: result for result in results}
        for limit in wanted:
            old = known.get(limit.gpu_id)
            if old == limit:
                continue
            result = outcome.get(limit.gpu_id)
            name = names.get(limit.gpu_id, limit.gpu_id)
            if isinstance(result, Refused):
                self._events.tell(
                    name, f"{limit.limit_w:.0f} W refused: {result.reason}", "warning"
                )
                continue
            self.applied += 1
            if old is None or old.parked != limit.parked:
                text = "parked" if limit.parked else f"started at {limit.limit_w:.0f} W"
                self._events.tell(name, text)

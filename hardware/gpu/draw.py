"""Holds one card's draw to what it was told: a limit is a promise, the draw is the proof."""

import logging
from collections.abc import Callable

from hardware.gpu.backend import CardFacts, CardRefuses, ClockRange, GpuBackend, Telemetry
from hardware.gpu.clocks import (
    OVER_SHARE,
    STOP_SHARE,
    ClockLock,
    ClockNeed,
    is_exhausted,
    is_over,
    over_since_s,
    steer,
)
from hardware.gpu.journal import Journal, JournalUnwritable

logger = logging.getLogger(__name__)


class DrawHand:
    """Judges one card's draw and moves its clocks; works in the card's own lane only."""

    def __init__(
        self,
        facts: CardFacts,
        backend: GpuBackend,
        journal: Journal,
        now_s: Callable[[], float],
    ) -> None:
        self._facts = facts
        self._backend = backend
        self._journal = journal
        self._now_s = now_s
        self._clocks: ClockRange | None = facts.clocks
        self._lock = ClockLock()
        self._over_since_s: float | None = None
        original = journal.original(facts.gpu_id)
        self._is_inherited = original is not None and original.clocked
        """Whether a keeper before us may have locked its clocks; drivers cannot be asked."""

    @property
    def mhz(self) -> float | None:
        """Return the clock that the card is held at; None = free."""
        return self._lock.mhz

    @property
    def can_clock(self) -> bool:
        """Say whether the card's clocks have not been refused so far."""
        return self._clocks is not None

    def idle(self) -> None:
        """Lock the lowest clock: a card with a model resident otherwise idles at high clocks."""
        if self._clocks is not None and self._lock.mhz != self._clocks.min_mhz:
            lock = ClockLock(mhz=self._clocks.min_mhz, since_s=self._now_s())
            self._move(lock)

    def wake(self) -> None:
        """Let the clocks of a parked card go, also a killed keeper's; one that holds draw stays."""
        if self._is_inherited or (self._lock.mhz is not None and self._lock.want_w == 0.0):
            self.release()

    def release(self) -> None:
        """Let the clocks go, also those that a keeper before us may have locked."""
        if self._clocks is not None and (self._lock.mhz is not None or self._is_inherited):
            self._backend.lock_clocks(self._facts.gpu_id, None)
        self._is_inherited = False
        self._lock, self._over_since_s = ClockLock(), None

    def forget(self) -> None:
        """Take the clocks for free: the driver has started anew."""
        self._is_inherited = False
        self._lock, self._over_since_s = ClockLock(), None

    def hold(
        self, told_w: float, telemetry: Telemetry, *, has_limit: bool, written_s: float | None
    ) -> str | None:
        """Bring the draw to what was told; return a sentence where it does not get there."""
        now_s = self._now_s()
        self._over_since_s = over_since_s(
            self._over_since_s,
            draw_w=telemetry.power_w,
            told_w=told_w,
            written_s=self._lock.since_s if self._lock.mhz is not None else written_s,
            now_s=now_s,
            share=STOP_SHARE if self._clocks is None else OVER_SHARE,
        )
        need = ClockNeed(
            want_w=told_w,
            draw_w=telemetry.power_w,
            utilization=telemetry.utilization,
            idle_w=self._facts.parked_w,
            full_w=self._facts.default_w or told_w,
            is_over=is_over(self._over_since_s, now_s),
            has_limit=has_limit,
        )
        if self._clocks is None:
            return _too_much(need, "")
        if is_exhausted(self._lock, need, self._clocks):
            return _too_much(need, " at its lowest clock")
        self._move(steer(self._lock, need, self._clocks, now_s))
        return None

    def _move(self, lock: ClockLock) -> None:
        if lock.mhz == self._lock.mhz:
            self._lock = lock
            return
        gpu_id = self._facts.gpu_id
        if lock.mhz is not None:
            try:
                self._journal.record_clocks(gpu_id)
            except JournalUnwritable as err:  # nobody would know after a crash; a limit is in force
                logger.warning("clocks left alone card=%s error=%s", gpu_id, err)
                return
        try:
            self._backend.lock_clocks(gpu_id, lock.mhz)
        except CardRefuses as err:
            logger.warning("clocks cannot be locked card=%s reason=%s", gpu_id, err)
            self._clocks = None
            return
        logger.info("clock told card=%s mhz=%s for_w=%g", gpu_id, lock.mhz, lock.want_w)
        self._lock = lock


def _too_much(need: ClockNeed, where: str) -> str | None:
    if not need.is_over or need.draw_w is None:
        return None
    return (
        f"its limit does not hold: it draws {need.draw_w:.0f} W{where}, told {need.want_w:.0f} W; "
        "stop its work"
    )

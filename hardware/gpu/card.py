"""One kept card: brings it to what is wanted, checks that it obeys, gives it back as it was."""

import logging
from contextlib import suppress
from dataclasses import replace

from hardware.gpu.backend import (
    CardError,
    CardFacts,
    CardLost,
    CardRefuses,
    GpuBackend,
    Limits,
    Telemetry,
)
from hardware.gpu.draw import DrawHand
from hardware.gpu.energy import EnergyCount, count
from hardware.gpu.guard import (
    SAME_W,
    WRITE_GAP_S,
    Charge,
    Hold,
    Later,
    Leave,
    Memory,
    Stage,
    Write,
    choose,
    notice,
    wanted_w,
    wrote,
)
from hardware.gpu.journal import Journal, JournalUnwritable
from hardware.gpu.lane import Lane
from hardware.gpu.pace import Pace
from hardware.gpu.verdicts import (
    Outcome,
    Verdict,
    as_it_is,
    deferred,
    held_by_clock,
    judge,
    left_alone,
    refused,
)
from solard.core.state import CardHealth, GpuState

LOOK_PERIOD_S = 1.0
"""How often a card is looked at while nobody asks, real seconds."""
SHORT_WAIT_S = 0.15
"""A write that is due so soon is waited for: a holder that tells once a second sees no delay."""

_SAYS_NOTHING = Telemetry(power_w=None, temperature_c=None, utilization=None)

logger = logging.getLogger(__name__)


class KeptCard:
    """One card, and what its holder wants of it.

    `hold` and `is_hands_off` may be set by any thread; `bring` and `restore` run in the card's own
    lane only.
    """

    def __init__(
        self,
        facts: CardFacts,
        backend: GpuBackend,
        journal: Journal,
        *,
        failsafe_w: float | None,
        pace: Pace,
    ) -> None:
        self.facts = facts
        self.lane = Lane(str(facts.index))
        self.hold = Hold()
        self.is_hands_off = False
        """Its owner wants it left alone, in failsafe too."""
        self.due_s = 0.0
        """When the next look is due, real seconds."""
        self.looked_s: float | None = None
        self.state = unknown_state(facts.gpu_id)
        self._backend = backend
        self._journal = journal
        self._failsafe_w = failsafe_w
        self._pace = pace
        self._memory = Memory()
        self._hand = DrawHand(facts, backend, journal, pace.now_s)
        self._telemetry = _SAYS_NOTHING
        self._energy = EnergyCount()
        self._is_persistent = False
        """Whether we have turned its persistence mode on."""
        self._said: str | None = None

    @property
    def original_w(self) -> float | None:
        """Return the owner's own limit, journalled or still in force; None = unknown."""
        original = self._journal.original(self.facts.gpu_id)
        return self.state.limit_w if original is None else original.limit_w

    @property
    def stage(self) -> Stage:
        """Return how far the card is held back, or why it is not."""
        trouble = {health.value: Stage(health.value) for health in CardHealth if health != "ok"}
        if self.state.health is not CardHealth.OK:
            return trouble[self.state.health.value]
        if self.hold.charge is Charge.RELEASED:
            return Stage.RELEASED
        if self.hold.charge is Charge.FAILSAFE:
            return Stage.FAILSAFE
        if self.state.parked:
            return Stage.STOPPED if self._telemetry.processes == 0 else Stage.PARKED
        return Stage.LIMIT if self._hand.mhz is None else Stage.CLOCK

    def take(self, hold: Hold) -> None:
        """Want something else of the card from now on."""
        self.hold = hold
        self.due_s = 0.0

    def expect_reset(self) -> None:
        """Count the next change of its limit as the driver's, not as somebody's hand."""
        self._memory = replace(self._memory, reset_s=self._pace.now_s())
        self._hand.forget()

    def take_back(self) -> Outcome:
        """Forget that others set its limit, and bring it to what is wanted again."""
        self._memory = replace(self._memory, foreign_s=(), is_manual=False, written_s=None)
        return self.bring()

    def bring(self) -> Outcome:
        """Bring the card to what is wanted now, read it, and say what came of it."""
        self.due_s = self._pace.now_s() + LOOK_PERIOD_S  # first: a later wish is due at once
        hold = self.hold
        limits: Limits | None = None
        try:
            limits = self._limits()
            limits, outcome, health = self._obey(hold, limits)
        except CardError as err:
            health = CardHealth.LOST if isinstance(err, CardLost) else CardHealth.DENIED
            outcome = refused(self.facts.gpu_id, hold, limits, str(err))
        if health is CardHealth.LOST:  # whatever it is at when it comes back, nobody set it by hand
            self._memory = replace(self._memory, reset_s=self._pace.now_s())
        self._read(health)
        if hold.charge is not Charge.RELEASED and health is CardHealth.OK:
            outcome, health = self._hold_draw(hold, limits, outcome)
        self._publish(limits, health, parked=self._is_parked(limits, hold))
        self._say(outcome, health)
        return outcome

    def restore(self) -> Outcome:
        """Put the owner's own limit back and forget the card; raise CardError when it fails."""
        gpu_id = self.facts.gpu_id
        original = self._journal.original(gpu_id)
        memory, self._memory = self._memory, Memory()
        if original is not None and not memory.is_manual:
            if memory.written_s is not None:
                gap_s = memory.written_s + WRITE_GAP_S - self._pace.now_s()
                self._pace.sleep(min(gap_s, WRITE_GAP_S))
            if original.limit_w is not None and self.facts.envelope is not None:
                self._put_back(original.limit_w, parked=original.parked)
            self._hand.release()
            if original.persistence is False and self._backend.persistence(gpu_id):
                self._backend.write_persistence(gpu_id, on=False)
                self._is_persistent = False
        self._journal.forget(gpu_id)
        if original is not None:
            logger.info("card restored card=%s limit_w=%s", gpu_id, original.limit_w)
        return self.bring()

    def _put_back(self, limit_w: float, *, parked: bool) -> None:
        gpu_id = self.facts.gpu_id
        if abs(self._backend.limits(gpu_id).limit_w - limit_w) >= SAME_W:
            self._backend.write_limit(gpu_id, limit_w)
        self._backend.park(gpu_id, parked=parked)
        after = self._backend.limits(gpu_id)
        if abs(after.limit_w - limit_w) >= SAME_W:
            raise CardRefuses(
                f"{gpu_id}: still at {after.limit_w:g} W, its own limit is {limit_w:g} W; "
                "set it by hand"
            )

    def _limits(self) -> Limits | None:
        """Return the card's limits, or None where it has none to read."""
        try:
            return self._backend.limits(self.facts.gpu_id)
        except CardRefuses:
            if self.facts.envelope is None:
                return None
            raise

    def _obey(self, hold: Hold, limits: Limits | None) -> tuple[Limits | None, Outcome, CardHealth]:
        if hold.charge is Charge.RELEASED:
            steers = self.facts.envelope is not None or self._hand.can_clock
            health = CardHealth.OK if steers else CardHealth.DENIED
            return limits, as_it_is(self.facts.gpu_id, limits), health
        if self.facts.envelope is None or limits is None:
            return limits, self._obey_by_clock(hold, limits), CardHealth.OK
        return self._obey_limit(hold, limits)

    def _obey_by_clock(self, hold: Hold, limits: Limits | None) -> Outcome:
        """Answer for a card that takes no limit; its clocks follow when its draw is judged."""
        if not self._hand.can_clock:
            raise CardRefuses(
                f"{self.facts.gpu_id}: it takes neither a power limit nor a clock; "
                "stop its work instead"
            )
        self._record(hold, None if limits is None else limits.limit_w, parked=False)
        self._backend.park(self.facts.gpu_id, parked=bool(hold.parked))
        return held_by_clock(self.facts.gpu_id, hold)

    def _obey_limit(self, hold: Hold, limits: Limits) -> tuple[Limits, Outcome, CardHealth]:
        gpu_id = self.facts.gpu_id
        envelope = self._backend.envelope(gpu_id)
        self._record(hold, limits.limit_w, parked=limits.parked)
        want_w = wanted_w(hold, limits, envelope, self._failsafe_w)
        self._memory = notice(self._memory, limits, self._pace.now_s())
        match choose(
            self._memory,
            want_w=want_w,
            parked=hold.parked,
            limits=limits,
            envelope=envelope,
            now_s=self._pace.now_s(),
        ):
            case Write() as write:
                limits = self._write(hold, limits, write)
            case Later(due_s) if (wait_s := due_s - self._pace.now_s()) <= SHORT_WAIT_S:
                self._pace.sleep(wait_s)
                return self._obey_limit(hold, self._backend.limits(gpu_id))
            case Later(due_s):
                self.due_s = due_s
                wait_s = max(0.0, due_s - self._pace.now_s())
                return limits, deferred(gpu_id, hold, limits, wait_s), self.state.health
            case Leave() if self._memory.is_manual:
                times = len(self._memory.foreign_s)
                return limits, left_alone(self.facts, hold, limits, times), CardHealth.MANUAL
            case Leave():
                pass
        asked_w = limits.limit_w if want_w is None else want_w
        outcome = judge(gpu_id, asked_w, limits, envelope)
        obeys = outcome.outcome is not Verdict.REFUSED
        return limits, outcome, CardHealth.OK if obeys else CardHealth.DENIED

    def _hold_draw(
        self, hold: Hold, limits: Limits | None, outcome: Outcome
    ) -> tuple[Outcome, CardHealth]:
        """Park or steer its clocks, and say where its draw does not follow."""
        has_limit = self.facts.envelope is not None and limits is not None
        if self.facts.envelope is not None and self.facts.envelope.only_w:
            return outcome, CardHealth.OK  # a mode's name is no promise of watts to hold it to
        try:
            if self._is_parked(limits, hold):
                self._hand.idle()
                return outcome, CardHealth.OK
            if not has_limit and hold.charge is Charge.FAILSAFE:
                self._hand.idle()
                return outcome, CardHealth.OK
            if hold.charge is Charge.HELD:
                self._hand.wake()
            told_w = limits.limit_w if has_limit and limits is not None else hold.limit_w
            trouble = self._hand.hold(
                0.0 if told_w is None else told_w,
                self._telemetry,
                has_limit=has_limit,
                written_s=self._memory.written_s,
            )
        except CardError as err:
            trouble = str(err)
        if trouble is None:
            return outcome, CardHealth.OK
        return replace(outcome, outcome=Verdict.REFUSED, reason=trouble), CardHealth.DENIED

    def _is_parked(self, limits: Limits | None, hold: Hold) -> bool:
        if limits is None or self.facts.envelope is None:
            return bool(hold.parked)
        return limits.parked

    def _write(self, hold: Hold, before: Limits, write: Write) -> Limits:
        gpu_id = self.facts.gpu_id
        if abs(write.limit_w - before.limit_w) >= SAME_W:
            self._backend.write_limit(gpu_id, write.limit_w)
        if write.parked != before.parked:
            self._backend.park(gpu_id, parked=write.parked)
        after = self._backend.limits(gpu_id)
        self._memory = wrote(self._memory, after, self._pace.now_s())
        level = logging.DEBUG if hold.charge is Charge.HELD else logging.INFO
        logger.log(
            level,
            "limit written card=%s charge=%s before_w=%g limit_w=%g enforced_w=%s parked=%s",
            *(gpu_id, hold.charge, before.limit_w, after.limit_w, after.enforced_w, after.parked),
        )
        return after

    def _record(self, hold: Hold, limit_w: float | None, *, parked: bool) -> None:
        """Put the original on disk as soon as the card is in our charge.

        Even a wish for the limit that it has: after a crash the journal says that somebody must
        lower it.
        """
        gpu_id = self.facts.gpu_id
        persistence = self._backend.persistence(gpu_id)
        if persistence is False and self._is_persistent:
            # Only the driver turns off what we turned on: it has started anew, limits and all.
            self.expect_reset()
        try:
            self._journal.record(gpu_id, limit_w=limit_w, parked=parked, persistence=persistence)
        except JournalUnwritable as err:
            # Full power on a flat battery is worse than an original that is only in memory.
            if hold.charge is not Charge.FAILSAFE:
                raise CardRefuses(str(err)) from err
            logger.warning("failsafe without a journal card=%s error=%s", gpu_id, err)
        if persistence is False:
            self._is_persistent = False
            with suppress(CardRefuses):  # the limit matters more; it says the same if it must
                self._backend.write_persistence(gpu_id, on=True)
                self._is_persistent = bool(self._backend.persistence(gpu_id))

    def _read(self, health: CardHealth) -> None:
        """Read what the card does; one that is lost says nothing."""
        self._telemetry = _SAYS_NOTHING
        if health is CardHealth.LOST:
            return
        with suppress(CardError):
            self._telemetry = self._backend.telemetry(self.facts.gpu_id)
        self._energy = count(
            self._energy,
            counter_j=self._telemetry.energy_j,
            power_w=self._telemetry.power_w,
            now_s=self._pace.now_s(),
        )

    def _publish(self, limits: Limits | None, health: CardHealth, *, parked: bool) -> None:
        seen = self._telemetry
        self.state = replace(
            unknown_state(self.facts.gpu_id, health),
            limit_w=None if limits is None else limits.limit_w,
            enforced_w=None if limits is None else limits.enforced_w,
            power_w=seen.power_w,
            temperature_c=seen.temperature_c,
            utilization=seen.utilization,
            work_rate=seen.work_rate,
            energy_j=self._energy.total_j,
            parked=limits is not None and parked,
        )
        self.looked_s = self._pace.now_s()

    def _say(self, outcome: Outcome, health: CardHealth) -> None:
        """Log what is not as wished once, and once that it is again."""
        if outcome.is_deferred:
            return
        said = None if outcome.reason is None else f"{health}: {outcome.reason}"
        if said is not None and said != self._said:
            logger.warning("card=%s %s", self.facts.gpu_id, said)
        if said is None and self._said is not None:
            logger.info("card=%s obeys again", self.facts.gpu_id)
        self._said = said


def unknown_state(gpu_id: str, health: CardHealth = CardHealth.LOST) -> GpuState:
    """Return the state of a card of which nothing is known."""
    return GpuState(
        gpu_id=gpu_id,
        limit_w=None,
        enforced_w=None,
        power_w=None,
        temperature_c=None,
        utilization=None,
        parked=False,
        health=health,
    )

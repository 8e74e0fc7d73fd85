"""All kept cards: wishes in, leases watched, every card asked at once and none waited for long."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import TypeVar

from hardware.gpu.backend import CardError, CardFacts, GpuBackend
from hardware.gpu.card import KeptCard, unknown_state
from hardware.gpu.guard import WRITE_GAP_S, Charge, Hold
from hardware.gpu.journal import Journal
from hardware.gpu.pace import Pace, slept_seconds
from hardware.gpu.verdicts import Outcome, Verdict
from solard.core.errors import SolardError
from solard.core.state import GpuState

ANSWER_DEADLINE_S = 1.0
"""How long a card may take before its holder hears that it does not answer, real seconds."""
RESTORE_DEADLINE_S = ANSWER_DEADLINE_S + WRITE_GAP_S
WAKE_S = 2.0
"""Boot time that ran so much further than time awake: the machine has slept."""
OLD_S = 3.0
"""A reading older than this is no reading any more, real seconds."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


class KeeperStopping(SolardError):
    """The cards are being given back; nobody can hold them any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a holder asks of one card."""

    gpu_id: str
    limit_w: float
    parked: bool


class Cards:
    """The cards of one backend, their leases and their originals."""

    def __init__(
        self,
        backend: GpuBackend,
        journal: Journal,
        *,
        lease_s: float,
        failsafe_w: float | None = None,
        pace: Pace | None = None,
        slept_s: Callable[[], float] = slept_seconds,
        hands_off: frozenset[str] = frozenset(),
    ) -> None:
        self._backend = backend
        self._journal = journal
        self._failsafe_w = failsafe_w
        self._lease_s = lease_s
        self._pace = pace or Pace()
        self._slept_s = slept_s
        self._known_sleep_s = slept_s()
        self._holding = threading.Lock()
        self._is_closed = False
        self._hands_off = hands_off
        self._cards: dict[str, KeptCard] = {}
        self.add(backend.cards())

    def __len__(self) -> int:
        return len(self._cards)

    def add(self, found: Sequence[CardFacts]) -> tuple[KeptCard, ...]:
        """Keep cards that have answered for the first time; return them."""
        added = []
        for facts in found:
            card = KeptCard(
                facts,
                self._backend,
                self._journal,
                failsafe_w=self._failsafe_w,
                pace=self._pace,
            )
            card.is_hands_off = facts.gpu_id in self._hands_off
            added.append(card)
        with self._holding:  # a new dict: other threads walk over the old one
            self._cards = self._cards | {card.facts.gpu_id: card for card in added}
        return tuple(added)

    @property
    def kept(self) -> tuple[KeptCard, ...]:
        """Return every card, in the driver's order."""
        return tuple(sorted(self._cards.values(), key=lambda card: card.facts.index))

    def lease_left_s(self) -> float | None:
        """Return how long the first lease to end still runs; None when nothing is held."""
        ends = [card.hold.lease_ends_s for card in self.kept]
        left = [end_s - self._pace.now_s() for end_s in ends if end_s is not None]
        return max(0.0, min(left)) if left else None

    def read(self) -> tuple[GpuState, ...]:
        """Return every card as it is now; one that does not answer as unknown."""
        futures = [card.lane.submit(card.bring) for card in self.kept]
        _wait(futures, ANSWER_DEADLINE_S)
        return tuple(self._recent(card) for card in self.kept)

    def wish(self, wishes: Sequence[Wish]) -> tuple[Outcome, ...]:
        """Hold cards under a fresh lease; return what became of each wish."""
        ends_s = self._pace.now_s() + self._lease_s
        with self._holding:
            if self._is_closed:
                raise KeeperStopping("the GPU keeper is stopping; ask again when it is back")
            for wish in wishes:
                card = self._cards.get(wish.gpu_id)
                if card is not None and not card.is_hands_off:
                    card.take(
                        Hold(
                            charge=Charge.HELD,
                            limit_w=wish.limit_w,
                            parked=wish.parked,
                            lease_ends_s=ends_s,
                        )
                    )
        known = {wish.gpu_id: self._cards.get(wish.gpu_id) for wish in wishes}
        ours = [card for card in known.values() if card is not None and not card.is_hands_off]
        outcomes = {outcome.gpu_id: outcome for outcome in self._bring(ours)}
        return tuple(
            outcomes.get(wish.gpu_id) or _not_ours(wish, known[wish.gpu_id]) for wish in wishes
        )

    def renew(self) -> None:
        """Give every held card a fresh lease."""
        ends_s = self._pace.now_s() + self._lease_s
        with self._holding:
            for card in self.kept:
                hold = card.hold
                if hold.charge is Charge.HELD:
                    card.hold = Hold(
                        charge=Charge.HELD,
                        limit_w=hold.limit_w,
                        parked=hold.parked,
                        lease_ends_s=ends_s,
                    )

    def failsafe(self, cards: Sequence[KeptCard] | None = None) -> tuple[Outcome, ...]:
        """Put cards at their failsafe limit, all or those named, whoever held them.

        Hands-off cards stay as they are.
        """
        meant = self.kept if cards is None else cards
        steered = tuple(card for card in meant if not card.is_hands_off)
        with self._holding:
            for card in steered:
                card.take(Hold(charge=Charge.FAILSAFE))
        return self._bring(steered)

    def restore(self, gpu_ids: frozenset[str] | None = None) -> tuple[Outcome, ...]:
        """Give cards back as their owner left them, all or those named; say which could not be."""
        cards = [card for card in self.kept if gpu_ids is None or card.facts.gpu_id in gpu_ids]
        with self._holding:
            for card in cards:
                card.take(Hold())
        futures = [card.lane.submit(card.restore) for card in cards]
        _wait(futures, RESTORE_DEADLINE_S)
        return tuple(
            self._answer(card, future) for card, future in zip(cards, futures, strict=True)
        )

    def take(self, gpu_id: str) -> tuple[Outcome, ...]:
        """Steer a card again that was left to whoever kept changing its limit."""
        card = self._cards.get(gpu_id)
        if card is None:
            return (_no_such_card(gpu_id, None),)
        future = card.lane.submit(card.take_back)
        _wait([future], ANSWER_DEADLINE_S)
        return (self._answer(card, future),)

    def leave(self, gpu_ids: frozenset[str]) -> None:
        """Leave these cards to their owner from now on, in failsafe too; steer all others."""
        with self._holding:
            self._hands_off = gpu_ids
            for card in self.kept:
                card.is_hands_off = card.facts.gpu_id in gpu_ids
            given_up = [
                card
                for card in self.kept
                if card.is_hands_off and card.hold.charge is not Charge.RELEASED
            ]
            for card in given_up:
                card.take(Hold())
        for card in given_up:  # not waited for: its holder wants to hear of the other cards
            card.lane.submit(card.restore).add_done_callback(_log_failure)

    def close(self) -> tuple[Outcome, ...]:
        """Give every card back for good: no wish is taken any more."""
        with self._holding:
            self._is_closed = True
        return self.restore()

    def watch(self) -> None:
        """End leases and look at the cards that are due; never waits for a card."""
        now_s = self._pace.now_s()
        self._end_leases(now_s)
        if (slept_s := self._slept_s()) - self._known_sleep_s > WAKE_S:
            self._known_sleep_s = slept_s
            for card in self.kept:
                card.lane.submit(card.expect_reset)
        for card in self.kept:
            if now_s >= card.due_s and card.lane.is_idle:
                card.lane.submit(card.bring)

    def _end_leases(self, now_s: float) -> None:
        with self._holding:
            ended = [card for card in self.kept if card.hold.has_expired(now_s)]
            for card in ended:
                card.take(Hold(charge=Charge.FAILSAFE))
            # Nobody renews any more: a card that was never told anything is no safer than the rest.
            if ended and not any(card.hold.charge is Charge.HELD for card in self.kept):
                for card in self.kept:
                    if not card.is_hands_off:
                        card.take(Hold(charge=Charge.FAILSAFE))
        if ended:
            names = ",".join(card.facts.gpu_id for card in ended)
            logger.warning("lease ended lease_s=%g cards=%s: failsafe", self._lease_s, names)

    def _bring(self, cards: Sequence[KeptCard]) -> tuple[Outcome, ...]:
        futures = [card.lane.submit(card.bring) for card in cards]
        _wait(futures, ANSWER_DEADLINE_S)
        return tuple(
            self._answer(card, future) for card, future in zip(cards, futures, strict=True)
        )

    def _answer(self, card: KeptCard, future: Future[Outcome]) -> Outcome:
        reason = f"{card.facts.gpu_id}: no answer for {card.lane.busy_s:.0f} s; see `dmesg`"
        if future.done() and not future.cancelled():
            error = future.exception()
            if error is None:
                return future.result()
            if not isinstance(error, CardError):
                logger.error("card=%s", card.facts.gpu_id, exc_info=error)
            reason = str(error)
        return Outcome(
            gpu_id=card.facts.gpu_id,
            asked_w=card.hold.limit_w,
            limit_w=None,
            enforced_w=None,
            outcome=Verdict.REFUSED,
            reason=reason,
        )

    def _recent(self, card: KeptCard) -> GpuState:
        if card.looked_s is None or self._pace.now_s() - card.looked_s > OLD_S:
            return unknown_state(card.facts.gpu_id)
        return card.state


def _log_failure(future: Future[Outcome]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        logger.error("not restored: %s", error)


def _wait(futures: Sequence[Future[T]], deadline_s: float) -> None:
    """Wait for all, then drop what has not started: a late write of an old wish does harm."""
    for future in wait(futures, timeout=deadline_s).not_done:
        future.cancel()


def _not_ours(wish: Wish, card: KeptCard | None) -> Outcome:
    if card is None:
        return _no_such_card(wish.gpu_id, wish.limit_w)
    return Outcome(
        gpu_id=wish.gpu_id,
        asked_w=wish.limit_w,
        limit_w=card.state.limit_w,
        enforced_w=card.state.enforced_w,
        outcome=Verdict.REFUSED,
        reason=f"{wish.gpu_id}: its workload is `power: hands_off`",
    )


def _no_such_card(gpu_id: str, asked_w: float | None) -> Outcome:
    return Outcome(
        gpu_id=gpu_id,
        asked_w=asked_w,
        limit_w=None,
        enforced_w=None,
        outcome=Verdict.REFUSED,
        reason=f"no card {gpu_id} on this machine; see `solard gpu list`",
    )

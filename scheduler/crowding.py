"""Who goes first where jobs crowd: an order in which more of their worth finds cards.

A rehearsal on what each hour costs while no other job runs: cheap enough to try many orders, and
blind to the sun that jobs take from one another. So it only proposes; placing decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.dynamics import Array
from solard.core.job import JobDemand

TINY_H = 1e-6
ROUNDS = 2
"""How often those who were left out are tried in front of the others."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid:
    """A job, and what its hours would cost."""

    job: JobDemand
    owed: bool
    """It runs whatever it costs, and goes before those that do not."""
    worth: float
    """Money for having it done."""
    least_gain: float
    """Money that it must bring beyond its cost."""
    hours: Array
    """Of each step that lie in its window."""
    cost_per_h: Array
    """Money of an hour in each step; infinite where it cannot run at all."""

    @property
    def need_h(self) -> float:
        """Return the hours that it still needs."""
        return self.job.remaining_s / 3600.0

    @property
    def per_card_h(self) -> float:
        """Return what an hour of one of its cards brings."""
        return self.worth / (max(self.job.cards, 1) * max(self.need_h, TINY_H))


def find_order(bids: Sequence[Bid], cards: int) -> tuple[JobDemand, ...] | None:
    """Return an order in which more finds room than in the order given; None where there is none.

    Tried are: the nearest deadline first, the best pay for a card's hour first, and whoever is
    left out before all others.
    """
    owed = [bid for bid in bids if bid.owed]
    rest = [bid for bid in bids if not bid.owed]
    first = _rehearse([*owed, *rest], cards)
    best, order = first, rest
    for tried in (sorted(rest, key=_deadline_s), sorted(rest, key=lambda bid: -bid.per_card_h)):
        found = _rehearse([*owed, *tried], cards)
        if found.gain > best.gain + TINY_H:
            best, order = found, tried
    for _ in range(ROUNDS):
        left = [bid for bid in order if bid.job.job_id in best.left]
        for bid in sorted(left, key=lambda one: -one.worth):
            tried = [bid, *(one for one in order if one is not bid)]
            found = _rehearse([*owed, *tried], cards)
            if found.gain > best.gain + TINY_H:
                best, order = found, tried
    if best.gain <= first.gain + TINY_H:
        return None
    return tuple(bid.job for bid in (*owed, *order))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rehearsal:
    gain: float
    left: frozenset[str]
    """Jobs that pay where nobody else runs, and found no room."""


def _rehearse(bids: Sequence[Bid], cards: int) -> _Rehearsal:
    free = np.full(bids[0].hours.size, float(cards)) if bids else np.zeros(0)
    gain, left = 0.0, set[str]()
    for bid in bids:
        spot = _cheapest(bid, free >= bid.job.cards)
        if spot is None or not (bid.owed or bid.worth - spot[0] >= bid.least_gain):
            left.add(bid.job.job_id)
            continue
        gain += bid.worth - spot[0]
        free = np.where(spot[1], free - bid.job.cards, free)
    return _Rehearsal(gain=gain, left=frozenset(left))


def _cheapest(bid: Bid, has_cards: Flags) -> tuple[float, Flags] | None:
    """Return what a job costs in the cheapest steps that have cards for it, and those steps."""
    is_open = has_cards & (bid.hours > TINY_H) & np.isfinite(bid.cost_per_h)
    return _pieces(bid, is_open) if bid.job.interruptible else _block(bid, is_open)


def _pieces(bid: Bid, is_open: Flags) -> tuple[float, Flags] | None:
    steps = np.flatnonzero(is_open)
    steps = steps[np.argsort(bid.cost_per_h[steps], kind="stable")]
    before = np.cumsum(bid.hours[steps]) - bid.hours[steps]
    taken = np.clip(bid.need_h - before, 0.0, bid.hours[steps])
    if taken.sum() < bid.need_h - TINY_H:
        return None
    chosen = np.zeros(is_open.size, dtype=np.bool_)
    chosen[steps[taken > TINY_H]] = True
    return float(taken @ bid.cost_per_h[steps]), chosen


def _block(bid: Bid, is_open: Flags) -> tuple[float, Flags] | None:
    """Return the cheapest stretch that begins with a step and meets no closed one."""
    hours = np.where(is_open, bid.hours, 0.0)
    upto_h = np.concatenate(([0.0], np.cumsum(hours)))
    cost = np.concatenate(([0.0], np.cumsum(np.where(is_open, bid.cost_per_h, 0.0) * hours)))
    shut = np.concatenate(([0], np.cumsum(~is_open)))
    starts = np.flatnonzero(is_open)
    ends_h = upto_h[starts] + bid.need_h
    starts, ends_h = starts[ends_h <= upto_h[-1] + TINY_H], ends_h[ends_h <= upto_h[-1] + TINY_H]
    ends = np.searchsorted(upto_h, ends_h - TINY_H)
    whole = shut[ends] == shut[starts]
    if not whole.any():
        return None
    spent = np.where(whole, np.interp(ends_h, upto_h, cost) - cost[starts], np.inf)
    best = int(np.argmin(np.round(spent, 6)))
    chosen = np.zeros(is_open.size, dtype=np.bool_)
    chosen[starts[best] : ends[best]] = True
    return float(spent[best]), chosen


def _deadline_s(bid: Bid) -> float:
    deadline = bid.job.deadline_at
    return np.inf if deadline is None else deadline.timestamp()

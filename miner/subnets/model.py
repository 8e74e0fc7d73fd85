"""Forecast models of a sunlight miner: clear-sky index persistence, and a blend that learns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from miner.subnets.slots import SLOT, SLOTS_PER_DAY, SiteSlot, by_start, slot_of_day
from miner.subnets.sun import clear_sky_wh_m2

Location = tuple[float, float]
SMOOTH_SLOTS = 6
BACKTEST_DAYS = 7
BACKTEST_STEP = 4
"""Every how many slots of the last days a model has to prove itself."""
BACKTEST_HORIZON = 8
BRIGHT = 0.1
"""Of the best slot: below it parts of a forecast say nothing."""
LEAST_PARTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a miner learned from its own site."""

    best_wh: tuple[float, ...]
    """Largest energy seen by slot of the day; empty before any history."""
    mean_wh: tuple[float, ...]
    shares: tuple[tuple[float, ...], ...]
    """By slots ahead: weight of each model of `MODELS` in the blend, summing to 1."""
    spread: tuple[tuple[float, float], ...] = ()
    """By slots ahead: what came true as a part of the blend, its 10 % and its 90 % quantile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a model may look at."""

    recent: tuple[SiteSlot, ...]
    """The asked site's last slots, oldest first."""
    location: Location | None
    trained: Trained

    def reference_wh(self, starts_at: datetime) -> float | None:
        """Return the shape of a clear day in this slot, in any unit; None when nothing is known."""
        if self.location:
            return clear_sky_wh_m2(starts_at, *self.location)
        best = self.trained.best_wh
        return best[slot_of_day(starts_at)] if best else None


Model = Callable[[View, Sequence[datetime]], list[float]]
UNTRAINED = Trained(best_wh=(), mean_wh=(), shares=())


def persist(view: View, slots: Sequence[datetime]) -> list[float]:
    """Keep the last slot's share of a clear sky."""
    return _by_index(view, slots, 1)


def smooth(view: View, slots: Sequence[datetime]) -> list[float]:
    """Keep the last hour and a half's share of a clear sky."""
    return _by_index(view, slots, SMOOTH_SLOTS)


def resemble(view: View, slots: Sequence[datetime]) -> list[float]:
    """Take the mean of earlier days, scaled by how today went against it so far."""
    means = view.trained.mean_wh
    if not means:
        return smooth(view, slots)
    seen = [slot for slot in view.recent[-SMOOTH_SLOTS:] if not slot.is_throttled]
    usual_wh = sum(means[slot_of_day(slot.starts_at)] for slot in seen)
    level = sum(slot.pv_wh for slot in seen) / usual_wh if usual_wh > 1.0 else 1.0
    return [means[slot_of_day(starts_at)] * min(level, 3.0) for starts_at in slots]


def persist_shape(view: View, slots: Sequence[datetime]) -> list[float]:
    """Keep the last slot's share of the best this hour ever gave: knows trees and tilt."""
    return persist(_without_place(view), slots)


def smooth_shape(view: View, slots: Sequence[datetime]) -> list[float]:
    """Keep the last hour and a half's share of the best these hours ever gave."""
    return smooth(_without_place(view), slots)


MODELS: tuple[Model, ...] = (persist, smooth, persist_shape, smooth_shape, resemble)


def couple(view: View, slots: Sequence[datetime]) -> list[float]:
    """Meet halfway between the sky's shape and the site's own."""
    pairs = zip(persist(view, slots), persist_shape(view, slots), strict=True)
    return [(sky + own) / 2 for sky, own in pairs]


def blend(view: View, slots: Sequence[datetime]) -> list[float]:
    """Mix all models by how well each did on the miner's own site, so far ahead."""
    shares = view.trained.shares or ((1 / len(MODELS),) * len(MODELS),)
    answers = [model(view, slots) for model in MODELS]
    return [
        sum(
            share * answer[ahead]
            for share, answer in zip(shares[min(ahead, len(shares) - 1)], answers, strict=True)
        )
        for ahead in range(len(slots))
    ]


def spread_of(view: View, values: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return the 10 % and 90 % quantiles of a blend's values, as it strayed on the own site."""
    spread = view.trained.spread or ((1.0, 1.0),)
    parts = [spread[min(ahead, len(spread) - 1)] for ahead in range(len(values))]
    return (
        [value * part[0] for value, part in zip(values, parts, strict=True)],
        [value * part[1] for value, part in zip(values, parts, strict=True)],
    )


def train(history: Sequence[SiteSlot], location: Location | None) -> Trained:
    """Return what a site's history teaches; throttled slots teach nothing but a lower bound."""
    if not history:
        return UNTRAINED
    seen: list[list[float]] = [[] for _ in range(SLOTS_PER_DAY)]
    for slot in history:
        seen[slot_of_day(slot.starts_at)].append(slot.pv_wh)
    best = tuple(max(values, default=0.0) for values in seen)
    means = tuple(sum(values) / len(values) if values else 0.0 for values in seen)
    first = Trained(best_wh=_widen(best), mean_wh=means, shares=())
    tried = _backtest(history, location, first)
    shares = tuple(_merits(row) for row in _errors(tried))
    return replace(first, shares=shares, spread=_spread(tried, shares, max(best)))


def _by_index(view: View, slots: Sequence[datetime], count: int) -> list[float]:
    free = [slot for slot in view.recent if not slot.is_throttled] or list(view.recent)
    last = free[-count:]
    if not last:
        means = view.trained.mean_wh
        return [means[slot_of_day(at)] if means else 0.0 for at in slots]
    references = [view.reference_wh(slot.starts_at) for slot in last]
    known = sum(reference for reference in references if reference is not None)
    mean_wh = sum(slot.pv_wh for slot in last) / len(last)
    # Before dawn the share of a clear sky is 0/0; then the mean of earlier days is better.
    if known < 1.0:
        means = view.trained.mean_wh
        return [means[slot_of_day(at)] if means else mean_wh for at in slots]
    index = mean_wh * len(last) / known
    return [index * (view.reference_wh(at) or 0.0) for at in slots]


def _without_place(view: View) -> View:
    return replace(view, location=None) if view.trained.best_wh else view


def _widen(best: tuple[float, ...]) -> tuple[float, ...]:
    """Return each slot's best with its neighbours': a cloud each day at ten hides no sun."""
    last = len(best) - 1
    return tuple(
        max(best[place], (best[max(0, place - 1)] + best[min(last, place + 1)]) / 2)
        for place in range(len(best))
    )


Tried = list[list[tuple[tuple[float, ...], float]]]
"""By slots ahead: what each model said, and what came true, in Wh."""


def _backtest(history: Sequence[SiteSlot], location: Location | None, trained: Trained) -> Tried:
    known = by_start(history)
    start = history[-1].starts_at - timedelta(days=BACKTEST_DAYS)
    tried: Tried = [[] for _ in range(BACKTEST_HORIZON)]
    moments = [slot.starts_at for slot in history if slot.starts_at >= start][::BACKTEST_STEP]
    for moment in moments:
        targets = [moment + SLOT * ahead for ahead in range(BACKTEST_HORIZON)]
        before = [known.get(moment - SLOT * step) for step in range(SMOOTH_SLOTS, 0, -1)]
        recent = tuple(slot for slot in before if slot)
        view = View(recent=recent, location=location, trained=trained)
        answers = [model(view, targets) for model in MODELS]
        for ahead, target in enumerate(targets):
            truth = known.get(target)
            if truth is None or truth.is_throttled:
                continue
            tried[ahead].append((tuple(answer[ahead] for answer in answers), truth.pv_wh))
    return tried


def _errors(tried: Tried) -> list[list[float]]:
    """Return by slots ahead how far each model was off in all, in Wh."""
    return [
        [1.0 + sum(abs(said[place] - true) for said, true in row) for place in range(len(MODELS))]
        for row in tried
    ]


def _spread(
    tried: Tried, shares: Sequence[Sequence[float]], best_wh: float
) -> tuple[tuple[float, float], ...]:
    """Return by slots ahead between which parts of the blend eight of ten truths lay."""
    spread = []
    for row, share in zip(tried, shares, strict=True):
        mixed = [(sum(a * b for a, b in zip(share, said, strict=True)), true) for said, true in row]
        parts = sorted(true / said for said, true in mixed if said > BRIGHT * best_wh)
        if len(parts) < LEAST_PARTS:
            spread.append((1.0, 1.0))
            continue
        last = len(parts) - 1
        low, high = parts[round(0.1 * last)], parts[round(0.9 * last)]
        spread.append((min(low, 1.0), max(high, 1.0)))
    return tuple(spread)


def _merits(errors: Sequence[float]) -> tuple[float, ...]:
    """Return shares that fall with the cube of the error: near the best, without betting on it."""
    merits = [1.0 / error**3 for error in errors]
    return tuple(merit / sum(merits) for merit in merits)

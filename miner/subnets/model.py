"""Forecast models of a sunlight miner: clear-sky index persistence, and a blend that learns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from miner.subnets.slots import SLOT, SLOTS_PER_DAY, SiteSlot, by_start, slot_of_day
from miner.subnets.sun import clear_sky_wh_m2

Location = tuple[float, float]
SMOOTH_SLOTS = 6
BACKTEST_DAYS = 3
BACKTEST_STEP = 4
"""Every how many slots of the last days a model has to prove itself."""
BACKTEST_HORIZON = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a miner learned from its own site."""

    best_wh: tuple[float, ...]
    """Largest energy seen by slot of the day; empty before any history."""
    mean_wh: tuple[float, ...]
    shares: tuple[float, ...]
    """Weight of each model of `MODELS` in the blend, summing to 1."""


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


MODELS: tuple[Model, ...] = (persist, smooth, resemble)


def blend(view: View, slots: Sequence[datetime]) -> list[float]:
    """Mix all models by how well each did on the miner's own site."""
    shares = view.trained.shares or tuple(1 / len(MODELS) for _ in MODELS)
    answers = [model(view, slots) for model in MODELS]
    return [
        sum(share * answer[place] for share, answer in zip(shares, answers, strict=True))
        for place in range(len(slots))
    ]


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
    return Trained(best_wh=first.best_wh, mean_wh=means, shares=_backtest(history, location, first))


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


def _widen(best: tuple[float, ...]) -> tuple[float, ...]:
    """Return each slot's best with its neighbours': a cloud each day at ten hides no sun."""
    last = len(best) - 1
    return tuple(
        max(best[place], (best[max(0, place - 1)] + best[min(last, place + 1)]) / 2)
        for place in range(len(best))
    )


def _backtest(
    history: Sequence[SiteSlot], location: Location | None, trained: Trained
) -> tuple[float, ...]:
    known = by_start(history)
    end = history[-1].starts_at
    start = end - timedelta(days=BACKTEST_DAYS)
    errors = [1.0 for _ in MODELS]
    moments = [slot.starts_at for slot in history if slot.starts_at >= start][::BACKTEST_STEP]
    for moment in moments:
        targets = [moment + SLOT * step for step in range(BACKTEST_HORIZON)]
        truths = [known.get(target) for target in targets]
        before = [known.get(moment - SLOT * step) for step in range(SMOOTH_SLOTS, 0, -1)]
        view = View(
            recent=tuple(slot for slot in before if slot), location=location, trained=trained
        )
        for place, model in enumerate(MODELS):
            answer = model(view, targets)
            errors[place] += sum(
                abs(guess - truth.pv_wh)
                for guess, truth in zip(answer, truths, strict=True)
                if truth and not truth.is_throttled
            )
    merits = [1.0 / error**2 for error in errors]
    return tuple(merit / sum(merits) for merit in merits)

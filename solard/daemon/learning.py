"""Watches cards at work and learns what their watts do; hands out the curves that decisions use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from solard.core.curves import WorkCurve, prior_curve
from solard.core.learning import CardPart, LearnedCurve, attribute, curve_of, learn, scaled
from solard.core.rig import GpuCard, Workload
from solard.core.state import CardHealth, GpuState
from solard.daemon.ports import History

SETTLED_S = 30.0
"""Site seconds after a new limit before draw and rate count: clocks, fans, windows of rates."""
SAMPLE_S = 60.0
"""Site seconds in one sample."""
PUBLISH_S = 600.0
"""Site seconds between new curves: each is stored, and decisions must not chase their samples."""
SAME_W = 1.0


@dataclass(slots=True)
class _Watch:
    """One card since its limit last changed."""

    limit_w: float
    since_s: float
    seen_s: float
    power_ws: float = 0.0
    work: float = 0.0
    known_s: float = 0.0


@dataclass(slots=True)
class Learning:
    """Learned curves of one rig."""

    history: History
    learned: dict[tuple[str, str], LearnedCurve] = field(default_factory=dict)
    _watches: dict[str, _Watch] = field(default_factory=dict)
    _published_s: float = float("-inf")
    _curves: dict[tuple[str, str], WorkCurve] = field(default_factory=dict)
    _changed: bool = False

    def take(
        self,
        cards: tuple[GpuCard, ...],
        gpus: tuple[GpuState, ...],
        workloads: tuple[Workload, ...],
        rates: Mapping[str, float],
        now_at: datetime,
        now_s: float,
    ) -> None:
        """Look at every card; `rates` says how fast each workload says that it works."""
        read = {gpu.gpu_id: gpu for gpu in gpus}
        known = {gpu_id: gpu.work_rate for gpu_id, gpu in read.items() if gpu.work_rate is not None}
        for work in workloads:
            if work.name in rates:
                known = self._parts(work, cards, read, workloads, rates[work.name]) | known
        for card in cards:
            work_or_none = work_of(card.gpu_id, workloads)
            gpu = read.get(card.gpu_id)
            if gpu is None or work_or_none is None:
                self._watches.pop(card.gpu_id, None)
                continue
            sample = self._watch(card, gpu, known.get(card.gpu_id), now_s)
            if sample is not None:
                self._learn(card, work_or_none.name, *sample, now_at)

    def curves(
        self, cards: tuple[GpuCard, ...], workloads: tuple[Workload, ...], now_s: float
    ) -> tuple[tuple[str, WorkCurve], ...]:
        """Return each card's curve in comparable shares: learned, or assumed until then."""
        if now_s - self._published_s >= PUBLISH_S:
            self._publish(cards, now_s)
        works = {card.gpu_id: work_of(card.gpu_id, workloads) for card in cards}
        found = {
            card.gpu_id: curve
            for card in cards
            if (work := works[card.gpu_id]) is not None
            and (curve := self._curves.get((card.gpu_id, work.name))) is not None
        }
        fulls: dict[str, list[float]] = {}
        for gpu_id, curve in found.items():
            work = works[gpu_id]
            if work is not None:
                fulls.setdefault(work.name, []).append(curve.points[-1].work_rate)
        means = {name: sum(values) / len(values) for name, values in fulls.items()}
        return tuple((card.gpu_id, _curve(card, works, found, means)) for card in cards)

    def keep(self) -> None:
        """Hand what is new to the store."""
        if self._changed:
            self.history.put_curves(tuple(self.learned.values()))
        self._changed = False

    def _parts(
        self,
        work: Workload,
        cards: tuple[GpuCard, ...],
        read: Mapping[str, GpuState],
        workloads: tuple[Workload, ...],
        rate: float,
    ) -> dict[str, float]:
        """Return each working card's part of what a workload says for all of them.

        Nothing where a card is shared, unread or not under our limits: its part cannot be told.
        """
        own = [card for card in cards if card.gpu_id in work.gpu_ids]
        working = []
        for card in own:
            gpu = read.get(card.gpu_id)
            if gpu is None or _held_at(gpu) is None or work_of(card.gpu_id, workloads) is None:
                return {}
            if not gpu.parked:
                working.append((card, gpu))
        if len(own) < len(work.gpu_ids) or not working:
            return {}
        parts = tuple(self._part(work, card, gpu) for card, gpu in working)
        rates = attribute(rate, parts)
        return {card.gpu_id: part for (card, _), part in zip(working, rates, strict=True)}

    def _part(self, work: Workload, card: GpuCard, gpu: GpuState) -> CardPart:
        measured = self._curves.get((card.gpu_id, work.name))
        curve = measured or prior_curve(
            min_w=card.min_w, max_w=card.max_w, default_w=card.default_w
        )
        watch = self._watches.get(card.gpu_id)
        return CardPart(
            work_rate=curve.work_at(max(gpu.power_w or 0.0, card.min_w)),
            is_measured=measured is not None,
            changed_s=0.0 if watch is None else watch.since_s,
        )

    def _watch(
        self, card: GpuCard, gpu: GpuState, rate: float | None, now_s: float
    ) -> tuple[float, float, float] | None:
        """Add a look to a card's sample; return draw, rate and length of one that is full."""
        held = _held_at(gpu)
        if held is None or gpu.parked or rate is None:
            self._watches.pop(card.gpu_id, None)
            return None
        limit_w, power_w = held
        watch = self._watches.get(card.gpu_id)
        if watch is None or abs(watch.limit_w - limit_w) >= SAME_W:
            self._watches[card.gpu_id] = _Watch(limit_w, since_s=now_s, seen_s=now_s)
            return None
        passed_s, watch.seen_s = now_s - watch.seen_s, now_s
        if now_s - watch.since_s < SETTLED_S:
            return None
        watch.power_ws += power_w * passed_s
        watch.work += rate * passed_s
        watch.known_s += passed_s
        if watch.known_s < SAMPLE_S:
            return None
        sample = watch.power_ws / watch.known_s, watch.work / watch.known_s, watch.known_s
        watch.power_ws = watch.work = watch.known_s = 0.0
        return sample

    def _learn(
        self,
        card: GpuCard,
        workload: str,
        power_w: float,
        rate: float,
        duration_s: float,
        now_at: datetime,
    ) -> None:
        key = (card.gpu_id, workload)
        before = self.learned.get(key) or LearnedCurve(gpu_id=card.gpu_id, workload=workload)
        self.learned[key] = learn(
            before, card, power_w=power_w, rate=rate, duration_s=duration_s, now_at=now_at
        )
        self._changed = True

    def _publish(self, cards: tuple[GpuCard, ...], now_s: float) -> None:
        """Make curves of all samples, and keep the samples."""
        if not cards:
            return
        by_id = {card.gpu_id: card for card in cards}
        for key, learned in self.learned.items():
            card = by_id.get(key[0])
            curve = None if card is None else curve_of(learned, card)
            if curve is not None:
                self._curves[key] = curve
        self.keep()
        self._published_s = now_s


def work_of(gpu_id: str, workloads: tuple[Workload, ...]) -> Workload | None:
    """Return the one workload on a card; None where there is none, or where two share it."""
    users = [work for work in workloads if gpu_id in work.gpu_ids]
    return users[0] if len(users) == 1 else None


def _held_at(gpu: GpuState) -> tuple[float, float] | None:
    """Return the limit and the draw of a card that obeys us; None of any other."""
    if gpu.health is not CardHealth.OK or gpu.limit_w is None or gpu.power_w is None:
        return None
    return gpu.limit_w, gpu.power_w


def _curve(
    card: GpuCard,
    works: Mapping[str, Workload | None],
    found: Mapping[str, WorkCurve],
    means: Mapping[str, float],
) -> WorkCurve:
    work, curve = works[card.gpu_id], found.get(card.gpu_id)
    if work is None or curve is None or means[work.name] <= 0.0:
        return prior_curve(min_w=card.min_w, max_w=card.max_w, default_w=card.default_w)
    return scaled(curve, means[work.name])

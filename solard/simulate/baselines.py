"""What others do: one card all night and day, all cards, or as many as the surplus carries."""

from collections.abc import Callable, Sequence

from solard.core.units import clamp
from solard.simulate.site import SimSite
from solard.simulate.tasks import Task
from solard.simulate.world import Action, Sight

SHEDS_AFTER = 1
"""Ticks of too little surplus after which a card is shed: three minutes, rounded up."""


class Floor:
    """One card at its least; mandatory jobs on arrival, nothing else."""

    def __init__(self, site: SimSite) -> None:
        self._site = site

    def act(self, sight: Sight) -> Action:
        """Return the least that the rig must do."""
        jobs = first_come(self._site, sight, lambda task: task.job.mandatory)
        cards = min(1, self._site.cards - _cards_of(jobs))
        return Action(
            cards_on=cards,
            rig_w=self._site.least_w(cards),
            jobs=_indices(jobs),
            reason="floor: one card answers",
        )


class AlwaysOn:
    """Every card at full power, jobs on arrival."""

    def __init__(self, site: SimSite) -> None:
        self._site = site

    def act(self, sight: Sight) -> Action:
        """Return the most that the rig can do."""
        jobs = first_come(self._site, sight, lambda _task: True)
        cards = self._site.cards - _cards_of(jobs)
        return Action(
            cards_on=cards,
            rig_w=self._site.most_w(cards),
            jobs=_indices(jobs),
            reason="always on",
        )


class Threshold:
    """As chargers of cars do it: start when surplus covers the least, follow it, stop without it.

    Surplus is sun less house, whatever the battery would take of it. A job starts when surplus
    covers it, or at its latest.
    """

    def __init__(self, site: SimSite) -> None:
        self._site = site
        self._cards = 1
        self._short = 0

    def act(self, sight: Sight) -> Action:
        """Return what the surplus carries, and never less than one card at its least."""
        surplus_w = sight.row.pv_w - sight.row.load_w
        jobs = self._jobs(sight, surplus_w)
        left_w = surplus_w - sum(task.job.power_w for task in jobs)
        free = self._site.cards - _cards_of(jobs)
        covered = max((n for n in range(free + 1) if self._site.least_w(n) <= left_w), default=0)
        wanted = clamp(float(covered), float(min(1, free)), float(free))
        self._short = self._short + 1 if wanted < self._cards else 0
        keeps = wanted < self._cards and self._short <= SHEDS_AFTER
        self._cards = min(self._cards, free) if keeps else int(wanted)
        least_w, most_w = self._site.least_w(self._cards), self._site.most_w(self._cards)
        return Action(
            cards_on=self._cards,
            rig_w=clamp(left_w, least_w, most_w),
            jobs=_indices(jobs),
            reason="threshold: follows the surplus",
        )

    def _jobs(self, sight: Sight, surplus_w: float) -> tuple[Task, ...]:
        def may_start(task: Task) -> bool:
            covered = task.job.power_w + self._site.least_w(1) <= surplus_w
            latest = task.end - sight.book.left(task) <= sight.tick
            return covered or latest

        return first_come(self._site, sight, may_start)


def first_come(site: SimSite, sight: Sight, may_start: Callable[[Task], bool]) -> tuple[Task, ...]:
    """Return the jobs that run: those that do already, then by arrival as far as cards go."""
    open_now = sight.book.open_at(sight.tick)
    chosen = [task for task in open_now if task.index in sight.book.running]
    for task in open_now:
        fits = _cards_of(chosen) + task.job.cards <= site.cards
        if task not in chosen and fits and may_start(task):
            chosen.append(task)
    return tuple(chosen)


def _cards_of(tasks: Sequence[Task]) -> int:
    return sum(task.job.cards for task in tasks)


def _indices(tasks: Sequence[Task]) -> tuple[int, ...]:
    return tuple(task.index for task in tasks)

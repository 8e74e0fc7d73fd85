"""Live through a recording with a policy, tick by tick, as fast as the processor goes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from solard.simulate.recording import Recording
from solard.simulate.score import Score, score
from solard.simulate.site import SimSite
from solard.simulate.tasks import Task, TaskBook
from solard.simulate.world import Lived, Policy, Sight, live_tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A recording, lived through by one policy."""

    lived: tuple[Lived, ...]
    book: TaskBook
    score: Score


def live_through(
    site: SimSite,
    recording: Recording,
    tasks: tuple[Task, ...],
    policy: Policy,
    tell: Callable[[int], None] | None = None,
) -> Course:
    """Return what comes of a policy; `tell` hears the number of each tick that is over."""
    book = TaskBook(tasks=tasks, cards=site.cards)
    soc, cards = site.start_soc, 1
    lived: list[Lived] = []
    for tick, row in enumerate(recording.ticks):
        sight = Sight(tick=tick, row=row, soc=soc, cards_before=cards, book=book)
        one = _live(site, sight, policy, tasks)
        lived.append(one)
        soc, cards = one.soc, one.cards_on
        if tell is not None:
            tell(tick)
    book.close(len(recording.ticks))
    return Course(lived=tuple(lived), book=book, score=score(site, lived, book))


def _live(site: SimSite, sight: Sight, policy: Policy, tasks: Sequence[Task]) -> Lived:
    action = policy.act(sight)
    one = live_tick(site, sight, action, tasks)
    sight.book.run(sight.tick, action.jobs)
    return one

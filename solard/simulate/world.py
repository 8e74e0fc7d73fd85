"""One tick of the world: the battery serves itself, the meter turns, everything is counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scheduler.battery import serve
from solard.simulate.errors import SimulationImpossible
from solard.simulate.recording import TICK_H, TickRow
from solard.simulate.site import SimSite
from solard.simulate.tasks import Task, TaskBook

SLACK_W = 1e-6
SOC_DIGITS = 12
"""Of a state of charge: rounding must not look like a crossed line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a policy wants for one tick."""

    cards_on: int
    """Cards at work, those in jobs not counted."""
    rig_w: float
    jobs: tuple[int, ...] = ()
    """Jobs that run, by their row."""
    water_value: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the tick side sees: its own row, the battery, the jobs. The plan saw none of the row."""

    tick: int
    row: TickRow
    soc: float
    cards_before: int
    """At work in the tick before."""
    book: TaskBook


class Policy(Protocol):
    """Decides tick by tick; told afterwards what came of it."""

    def act(self, sight: Sight) -> Action:
        """Return what to do in this tick."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """One tick as it was: means in W with the signs of `SiteState`."""

    row: TickRow
    rig_w: float
    jobs_w: float
    grid_w: float
    battery_w: float
    soc_before: float
    soc: float
    """At its end."""
    cards_on: int
    job_cards: int
    work_rate: float
    water_value: float | None
    reason: str


def live_tick(site: SimSite, sight: Sight, action: Action, tasks: Sequence[Task]) -> Lived:
    """Return what comes of an action; raise where it is impossible."""
    running = [task for task in tasks if task.index in action.jobs]
    job_cards = sum(task.job.cards for task in running)
    jobs_w = sum(task.job.power_w for task in running)
    _check(site, action, job_cards)
    row = sight.row
    spare_w = row.pv_w - row.load_w - action.rig_w - jobs_w
    served = serve(site.battery, sight.soc, spare_w, TICK_H)
    return Lived(
        row=row,
        rig_w=action.rig_w,
        jobs_w=jobs_w,
        grid_w=served.charge_w - served.discharge_w - spare_w,
        battery_w=served.discharge_w - served.charge_w,
        soc_before=sight.soc,
        soc=round(served.soc, SOC_DIGITS),
        cards_on=action.cards_on,
        job_cards=job_cards,
        work_rate=site.work(action.cards_on, action.rig_w),
        water_value=action.water_value,
        reason=action.reason,
    )


def _check(site: SimSite, action: Action, job_cards: int) -> None:
    if not 0 <= action.cards_on <= site.cards - job_cards:
        raise SimulationImpossible(
            f"{action.cards_on} cards at work beside {job_cards} in jobs; there are {site.cards}"
        )
    least_w, most_w = site.least_w(action.cards_on), site.most_w(action.cards_on)
    if not least_w - SLACK_W <= action.rig_w <= most_w + SLACK_W:
        raise SimulationImpossible(
            f"{action.cards_on} cards cannot take {action.rig_w:g} W; {least_w:g} to {most_w:g} W"
        )

"""What a course of ticks was worth, and the gates that stand beside its worth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from solard.core.units import clamp
from solard.simulate.recording import TICK_H, TICKS_PER_DAY
from solard.simulate.site import SimSite
from solard.simulate.tasks import TaskBook
from solard.simulate.world import Lived

SMALLEST_PRIZE = 1.0
"""Where bound and floor lie closer, a share of the way between them means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """All that is counted, in the tariff's currency and in kWh."""

    value: float
    work: float
    uptime: float
    jobs: float
    imported: float
    exported: float
    wear: float
    outage: float
    starts_cost: float
    stored: float
    """Parts of `value`; they add up to it."""
    import_kwh: float
    export_kwh: float
    solar_share: float | None
    """Of what rig and jobs took; the rest was bought."""
    starts: int
    breach_kwh: float
    jobs_done: int
    jobs_missed: int
    mandatory_done: int
    mandatory_missed: int
    job_value_done: float


def score(site: SimSite, lived: Sequence[Lived], book: TaskBook) -> Score:
    """Return the score of a finished course."""
    starts = _starts(lived)
    finished = [task for task in book.tasks if task.index in book.finished]
    missed = [task for task in book.tasks if task.is_due and task.index not in book.finished]
    earned = sum(task.job.value for task in finished if not task.job.mandatory)
    battery = site.battery
    stored_kwh = (lived[-1].soc - lived[0].soc_before) * battery.capacity_wh / 1000.0
    through_kwh = _kwh(abs(one.battery_w) for one in lived)
    parts = {
        "work": site.worth_per_card_h * TICK_H * sum(one.work_rate for one in lived),
        "uptime": site.uptime_per_h * TICK_H * sum(one.cards_on for one in lived),
        "jobs": earned,
        "imported": -TICK_H
        * sum(max(0.0, one.grid_w) / 1000.0 * one.row.import_per_kwh for one in lived),
        "exported": TICK_H
        * sum(max(0.0, -one.grid_w) / 1000.0 * one.row.export_per_kwh for one in lived),
        "wear": -battery.wear_per_kwh / 2.0 * through_kwh,
        "outage": -site.outage_per_h
        * TICK_H
        * sum(max(0, 1 - one.cards_on - one.job_cards) for one in lived),
        "starts_cost": -site.start_cost * starts,
        "stored": site.stored_per_kwh * stored_kwh,
    }
    taken_kwh = _kwh(one.rig_w + one.jobs_w for one in lived)
    bought_kwh = _kwh(clamp(one.grid_w, 0.0, one.rig_w + one.jobs_w) for one in lived)
    return Score(
        value=sum(parts.values()),
        **parts,
        import_kwh=_kwh(max(0.0, one.grid_w) for one in lived),
        export_kwh=_kwh(max(0.0, -one.grid_w) for one in lived),
        solar_share=1.0 - bought_kwh / taken_kwh if taken_kwh > 0.0 else None,
        starts=starts,
        breach_kwh=_breach_kwh(site, lived),
        jobs_done=len(finished),
        jobs_missed=len(missed),
        mandatory_done=sum(task.job.mandatory for task in finished),
        mandatory_missed=sum(task.job.mandatory for task in missed),
        job_value_done=earned,
    )


def capture(value: float, floor: float, bound: float) -> float | None:
    """Return how much of the way from floor to bound a value goes; None where there is none."""
    return (value - floor) / (bound - floor) if bound - floor >= SMALLEST_PRIZE else None


def days_of(lived: Sequence[Lived]) -> float:
    """Return the length of a course in days."""
    return len(lived) / TICKS_PER_DAY


def _starts(lived: Sequence[Lived]) -> int:
    """Count cards that woke; one was awake before the first tick."""
    before, starts = 1, 0
    for one in lived:
        starts += max(0, one.cards_on - before)
        before = one.cards_on
    return starts


def _breach_kwh(site: SimSite, lived: Sequence[Lived]) -> float:
    """Return what the battery gave to work although it stood below the reserve."""
    idle_w = site.least_w(1)
    return _kwh(
        min(max(0.0, one.battery_w), max(0.0, one.rig_w + one.jobs_w - idle_w))
        for one in lived
        if one.soc_before < site.battery.reserve_soc - 1e-9
    )


def _kwh(powers_w: Iterable[float]) -> float:
    return sum(powers_w) / 1000.0 * TICK_H

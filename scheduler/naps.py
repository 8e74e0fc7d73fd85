"""When the machine had better sleep: nothing to do, and its idle draw worth more than answering."""

from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from scheduler.backward import Search
from scheduler.case import PlanCase
from scheduler.placing import Placed
from solard.core.host_sleep import LEAST, HostSleep
from solard.core.units import clamp

SUN_W = 20.0
"""Less is dusk."""


def find_naps(search: Search, placed: Placed) -> frozenset[int]:
    """Return the steps that the machine sleeps through; none where its owner allows none."""
    case, terms = search.case, search.case.request.sleep
    if terms is None:
        return frozenset()
    rests = [_rests(search, placed, index) for index in range(len(case.steps))]
    rests = [rest and not _must_be_awake(case, terms, index) for index, rest in enumerate(rests)]
    asleep = _slept_through(case, terms, placed, rests)
    long = [run for run in _runs(asleep) if asleep[run[0]] and _lasts(case, run) >= LEAST]
    return frozenset(index for run in long for index in run)


def with_naps(case: PlanCase, naps: frozenset[int]) -> PlanCase:
    """Return the case with a machine that sleeps in some steps: less load, and no work."""
    saved_w = _saved_w(case)
    steps = tuple(
        replace(step, house_w=step.house_w - saved_w) if index in naps else step
        for index, step in enumerate(case.steps)
    )
    return replace(case, steps=steps, naps=naps, nap_saves_w=saved_w)


def _saved_w(case: PlanCase) -> float:
    asleep_w = 0.0 if case.request.sleep is None else case.request.sleep.asleep_w
    return max(0.0, 1000.0 * case.fleet.idle_kw - asleep_w)


def _rests(search: Search, placed: Placed, index: int) -> bool:
    """Say whether nothing is done in a step and its idle draw is worth more than answering."""
    fleet, loads = search.case.fleet, placed.loads
    if placed.path.cards[index] > fleet.standby_cards:
        return False
    if loads.cards[index] > 0.0 or loads.powers_kw[index] > 0.0:
        return False
    saved_kw = fleet.standby_kw - fleet.idle_kw + _saved_w(search.case) / 1000.0
    return saved_kw * _energy_per_kwh(search, placed, index) > fleet.outage_per_h


def _energy_per_kwh(search: Search, placed: Placed, index: int) -> float:
    """Return what a kWh is worth in a step: stored, or where nothing is, bought or sold."""
    case, charges = search.case, search.charges_kwh
    if charges.size < 2:
        dark = search.median_kw[index] < case.fleet.standby_kw
        return case.import_per_kwh[index] if dark else case.export_per_kwh[index]
    gap = float(charges[1] - charges[0])
    place = (placed.path.stored_kwh[index + 1] - float(charges[0])) / gap - 0.5
    low = int(clamp(round(place), 0, charges.size - 2))
    row = placed.worths[index + 1][min(placed.path.cards[index], search.options.levels - 1)]
    return max(0.0, float(row[low + 1] - row[low]) / gap)


def _must_be_awake(case: PlanCase, terms: HostSleep, index: int) -> bool:
    """Say whether a step lies in the part of the day in which its owner wants it awake."""
    step = case.steps[index]
    if terms.wake_by_minute is None or step.pv_w < SUN_W:
        return False
    local = step.starts_at.astimezone(ZoneInfo(case.request.timezone))
    return local.hour * 60 + local.minute >= terms.wake_by_minute


def _slept_through(
    case: PlanCase, terms: HostSleep, placed: Placed, rests: list[bool]
) -> list[bool]:
    """Return the rests, with work between two of them that is too short to wake for."""
    asleep = list(rests)
    runs = _runs(rests)
    for before, run, after in zip(runs, runs[1:], runs[2:], strict=False):
        has_jobs = any(placed.loads.powers_kw[index] > 0.0 for index in run)
        awake = has_jobs or any(_must_be_awake(case, terms, index) for index in run)
        is_work = not rests[run[0]] and rests[before[0]] and rests[after[0]]
        if is_work and not awake and _lasts(case, run).total_seconds() < terms.wake_for_s:
            for index in run:
                asleep[index] = True
    return asleep


def _runs(flags: list[bool]) -> list[list[int]]:
    """Return neighbouring steps that are alike, in order."""
    return [
        [index for index, _ in group] for _, group in groupby(enumerate(flags), lambda one: one[1])
    ]


def _lasts(case: PlanCase, run: list[int]) -> timedelta:
    return case.steps[run[-1]].ends_at - case.steps[run[0]].starts_at

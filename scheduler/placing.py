"""Put jobs where the energy that they take is worth least, and leave out those that do not pay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from scheduler.backward import Loads, Search, find_worths
from scheduler.crowding import Bid, find_order
from scheduler.dynamics import NEVER, SLACK, Array, Rows
from scheduler.forward import Choices, Path, Places, choose, follow
from solard.core.job import JobDemand, JobWindow
from solard.core.units import SECONDS_PER_HOUR

LEAST_GAIN = 0.01
"""Money that an optional job must bring beyond what its energy is worth elsewhere."""
INTERRUPTION_COST = 0.01
"""Of stopping a job and going on later: a model is loaded again, twice."""
REPRICE_KWH = 2.0
"""Of jobs placed since stored energy was last priced: more of it moves the prices."""
TINY_H = 1e-6
HAIR = 0.02
"""By which a job of unstated value beats the work that it displaces."""
TINY_COST = 1e-6
OWED_WORTH = 1000.0
"""Of a job that must run, where two orders are compared: more than any energy costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """All jobs in their places."""

    loads: Loads
    worths: Array
    path: Path
    windows: tuple[JobWindow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """Hours of a job in each step, and where that is in time."""

    hours: Array
    windows: tuple[tuple[datetime, datetime], ...]
    cost: float
    """Money that the time is worth otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unoccupied:
    """What the time is worth while no job runs."""

    worths: Array
    path: Path


def place_jobs(search: Search) -> Placed:
    """Return the jobs of a request in their places, fixed ones first, then mandatory ones.

    Where one that would pay finds no room, another order is tried, and kept if it brings more.
    """
    loads = Loads.none(len(search.terms))
    worths = find_worths(search, loads)
    base = _Unoccupied(worths=worths, path=follow(search, loads, worths))
    jobs = sorted(search.case.request.jobs, key=_order)
    placed = _place(search, base, jobs)
    done = {window.job_id for window in placed.windows}
    if all(job.job_id in done for job in jobs):
        return placed
    bids = [_bid(search, base, job) for job in jobs]
    order = find_order(bids, search.options.levels - 1)
    if order is None:
        return placed
    other = _place(search, base, order)
    worth = {bid.job.job_id: OWED_WORTH if bid.owed else bid.worth for bid in bids}
    return max((placed, other), key=lambda one: _total(one, worth))


def _total(placed: Placed, worth: Mapping[str, float]) -> float:
    """Return the money of a course and of the jobs in it."""
    done = {window.job_id for window in placed.windows}
    return placed.path.worths[0] + sum(worth[job_id] for job_id in done)


def _bid(search: Search, base: _Unoccupied, job: JobDemand) -> Bid:
    """Return what the hours of a job cost while no other job runs."""
    first, last = _window(search, job)
    hours = _overlap_h(search, first, last)
    per_h = np.full(hours.size, np.inf)
    room = np.flatnonzero(hours > TINY_H)
    if room.size:
        costs = _costs_per_h(search, Loads.none(hours.size), base.worths, base.path, job, hours)
        per_h[room] = np.where(costs > -NEVER / 100.0, np.inf, costs)
    worth, least_gain = job.value, LEAST_GAIN
    if worth is None:
        worth, least_gain = _unstated_worth(search, job), 0.0
    return Bid(
        job=job,
        owed=_is_owed(job),
        worth=worth,
        least_gain=least_gain,
        hours=hours,
        cost_per_h=per_h,
    )


def _place(search: Search, base: _Unoccupied, jobs: Sequence[JobDemand]) -> Placed:
    """Return the jobs in their places, one after the other."""
    loads = Loads.none(len(search.terms))
    worths, path = base.worths, base.path
    windows: list[JobWindow] = []
    unpriced_kwh = 0.0
    # The course is followed anew only when another job asks for it, and from where it changes.
    changed: int | None = None
    for job in jobs:
        if unpriced_kwh >= REPRICE_KWH:
            worths, unpriced_kwh = find_worths(search, loads), 0.0
            path, changed = follow(search, loads, worths), None
        elif changed is not None:
            path, changed = follow(search, loads, worths, path, changed), None
        spot = _find_spot(search, loads, worths, path, job)
        if spot is None or not (_is_owed(job) or _pays(search, job, spot.cost)):
            continue
        loads = _with(search, loads, job, spot.hours)
        unpriced_kwh += job.power_w * job.remaining_s / 3.6e6
        changed = int(np.argmax(spot.hours > TINY_H))
        windows += [
            JobWindow(job_id=job.job_id, starts_at=first, ends_at=last)
            for first, last in spot.windows
        ]
    if unpriced_kwh > 0.0 or changed is not None:
        worths = find_worths(search, loads)
        path = follow(search, loads, worths)
    ordered = tuple(sorted(windows, key=lambda one: (one.starts_at, one.job_id)))
    return Placed(loads=loads, worths=worths, path=path, windows=ordered)


def _pays(search: Search, job: JobDemand, cost: float) -> bool:
    """Say whether an optional job is worth the time that it takes."""
    if job.value is not None:
        return job.value - cost >= LEAST_GAIN
    return cost <= _unstated_worth(search, job)


def _unstated_worth(search: Search, job: JobDemand) -> float:
    """Return what the rig's best work makes of a job's energy, and a hair."""
    tariff = search.case.request.tariff
    best_per_kwh = max(search.case.fleet.best_per_kwh, tariff.export_per_kwh or 0.0)
    return job.power_w * job.remaining_s / 3.6e6 * best_per_kwh * (1.0 + HAIR) + TINY_COST


def _is_owed(job: JobDemand) -> bool:
    return job.mandatory or _is_fixed(job)


def _is_fixed(job: JobDemand) -> bool:
    """Say whether a job runs and would lose all that it has done."""
    return job.is_running and not job.interruptible


def _order(job: JobDemand) -> tuple[bool, bool, float, str]:
    energy = max(job.power_w, 1.0) * max(job.remaining_s, 1.0)
    urgent = 0.0 if job.deadline_at is None else -1.0
    density = -(job.value or 0.0) / energy if not job.mandatory else urgent
    return not _is_fixed(job), not job.mandatory, density, job.job_id


def _find_spot(
    search: Search, loads: Loads, worths: Array, path: Path, job: JobDemand
) -> _Spot | None:
    begins = [one.starts_at for one in search.case.steps]
    need = timedelta(seconds=job.remaining_s)
    first, last = _window(search, job)
    if _is_fixed(job):
        return _block(search, loads, worths, path, job, [first])
    if last - first < need - timedelta(milliseconds=1):
        return None
    starts = {first, last - need, *(at for at in begins if first <= at <= last - need)}
    block = _block(search, loads, worths, path, job, sorted(starts))
    if not job.interruptible:
        return block
    pieces = _pieces(search, loads, worths, path, job, first, last)
    return min((one for one in (block, pieces) if one is not None), key=_whole_cost, default=None)


def _whole_cost(spot: _Spot) -> float:
    """Return the cost of a spot, each interruption counted: cards go, come back and must start."""
    return spot.cost + INTERRUPTION_COST * (len(spot.windows) - 1)


def _window(search: Search, job: JobDemand) -> tuple[datetime, datetime]:
    """Return from when to when a job may run, as far as the plan reaches."""
    steps = search.case.steps
    first = max(search.case.request.forecast.issued_at, steps[0].starts_at)
    last = steps[-1].ends_at
    if _is_fixed(job):
        return first, max(last, first + timedelta(seconds=job.remaining_s))
    if job.earliest_at is not None:
        first = max(first, job.earliest_at)
    return first, last if job.deadline_at is None else min(job.deadline_at, last)


def _block(
    search: Search,
    loads: Loads,
    worths: Array,
    path: Path,
    job: JobDemand,
    starts: Sequence[datetime],
) -> _Spot | None:
    """Return the best start for a job in one run; the earliest of equals."""
    need = timedelta(seconds=job.remaining_s)
    overlaps = np.array([_overlap_h(search, at, at + need) for at in starts])
    before = np.cumsum([0.0, *path.money])
    first = np.argmax(overlaps > TINY_H, axis=1)
    last = overlaps.shape[1] - np.argmax(overlaps[:, ::-1] > TINY_H, axis=1)
    stored = np.array(path.stored_kwh)[first]
    cards = np.array(path.cards_before)[first]
    worth = np.zeros(len(starts))
    lengths = last - first
    for reach in range(int(lengths.max())):
        live = np.flatnonzero(reach < lengths)
        at = first[live] + reach
        taken = overlaps[live, at]
        chosen = _with_job(search, loads, worths, job, at, taken, cards[live], stored[live])
        stored[live], cards[live] = chosen.stored_kwh, chosen.cards
        done = reach == lengths[live] - 1
        # At its end the job hands over to a rig without it: what follows is known.
        worth[live] += np.where(done, chosen.worth, chosen.money)
    alone = before[last - 1] - before[first] + np.array(path.worths)[last - 1]
    costs = alone - worth
    best = int(np.argmin(np.round(costs, 6)))
    if costs[best] > -NEVER / 2.0 and not _is_fixed(job):
        return None
    at = starts[best]
    return _Spot(hours=overlaps[best], windows=((at, at + need),), cost=float(costs[best]))


def _pieces(
    search: Search,
    loads: Loads,
    worths: Array,
    path: Path,
    job: JobDemand,
    first: datetime,
    last: datetime,
) -> _Spot | None:
    """Return the cheapest steps for a job that may be interrupted."""
    hours = _overlap_h(search, first, last)
    room = np.flatnonzero(hours > TINY_H)
    per_h = _costs_per_h(search, loads, worths, path, job, hours)
    if job.is_running and room.size:
        per_h[0] -= search.case.fleet.start_cost * max(job.cards, 1)
    left, taken, cost = job.remaining_s / SECONDS_PER_HOUR, np.zeros(hours.size), 0.0
    for place in np.lexsort((room, np.round(per_h, 5))):
        if left <= TINY_H or per_h[place] > -NEVER / 100.0:
            break
        piece = min(left, hours[room[place]])
        taken[room[place]] = piece
        left, cost = left - piece, cost + piece * per_h[place]
    if left > TINY_H:
        return None
    return _Spot(hours=taken, windows=_windows(search, job, taken, first), cost=float(cost))


def _costs_per_h(
    search: Search, loads: Loads, worths: Array, path: Path, job: JobDemand, hours: Array
) -> Array:
    """Return what an hour of a job costs in each of the steps in which it has hours."""
    room = np.flatnonzero(hours > TINY_H)
    cards = np.array(path.cards_before)[room]
    stored = np.array(path.stored_kwh)[room]
    zero = np.zeros(room.size)
    idle = _with_job(search, loads, worths, job, room, zero, cards, stored)
    busy = _with_job(search, loads, worths, job, room, hours[room], cards, stored)
    per_h: Array = (idle.worth - busy.worth) / hours[room]
    return per_h


def _windows(
    search: Search, job: JobDemand, taken: Array, first: datetime
) -> tuple[tuple[datetime, datetime], ...]:
    """Return the steps as stretches of time; steps that follow one another are one stretch.

    Where only a part of a step is taken it lies beside its neighbours: a gap of minutes would be
    an interruption that nobody has asked for. A job that runs goes on from now.
    """
    windows: list[tuple[datetime, datetime]] = []
    steps = search.case.steps
    chosen = np.flatnonzero(taken > TINY_H)
    for run in np.split(chosen, np.flatnonzero(np.diff(chosen) > 1) + 1):
        if not run.size:
            continue
        head = steps[run[0]]
        starts_at = max(head.starts_at, first)
        if run.size > 1 and not job.is_running:
            head_taken = timedelta(hours=float(taken[run[0]]))
            starts_at = max(starts_at, head.ends_at - head_taken)
        windows.append((starts_at, starts_at + timedelta(hours=float(taken[run].sum()))))
    return tuple(windows)


def _with_job(
    search: Search,
    loads: Loads,
    worths: Array,
    job: JobDemand,
    at: Rows,
    hours: Array,
    cards: Rows,
    stored: Array,
) -> Choices:
    """Return the best choices where a job takes so many hours of each step."""
    lengths = np.array([search.terms[index].hours for index in at])
    share = hours / lengths
    beside = loads.cards[at]
    job_cards = np.where(share > TINY_H, job.cards, 0.0) + beside
    places = Places(
        steps=at,
        jobs_kw=loads.powers_kw[at] + job.power_w / 1000.0 * share,
        job_cards=np.minimum(job_cards, search.options.levels - 1),
        cards_before=cards,
        stored_kwh=stored,
    )
    chosen = choose(search, worths, places)
    crowded = job_cards > search.options.levels - 1 + TINY_H
    if search.owners is not None:
        bounds = search.owners.bounds(search.owners.places(at, stored))
        taken_kw = search.site.standby_kw + places.jobs_kw
        crowded |= (share > TINY_H) & (taken_kw > bounds.most_kw + SLACK)
    chosen.money[crowded] += NEVER
    chosen.worth[crowded] += NEVER
    return chosen


def _overlap_h(search: Search, first: datetime, last: datetime) -> Array:
    """Return the hours of each step that lie between two moments."""
    begins_s = np.maximum(search.begins_s, first.timestamp())
    ends_s = np.minimum(search.ends_s, last.timestamp())
    overlap: Array = np.maximum(0.0, ends_s - begins_s) / SECONDS_PER_HOUR
    return overlap


def _with(search: Search, loads: Loads, job: JobDemand, hours: Array) -> Loads:
    lengths = np.array([one.hours for one in search.terms])
    share = hours / lengths
    taken = np.where(share > TINY_H, float(job.cards), 0.0)
    return Loads(
        powers_kw=loads.powers_kw + job.power_w / 1000.0 * share,
        cards=np.minimum(loads.cards + taken, search.options.levels - 1),
    )

"""From the horizon back to now: what every charge and every count of working cards is worth.

Dynamic programming: exact for a battery that serves itself, for whole cards and for what a start
costs, each of which a linear program can only approximate. Three courses run side by side: little
sun and a hungry house (P10 and P90), both as expected, and the contrary. They mix as time goes on:
what is cloudy now tends to stay so.
"""

from dataclasses import dataclass, replace

import numpy as np

from scheduler.case import PlanCase
from scheduler.dynamics import NEVER, Array, Options, Site, Terms, make_options, make_site, step
from scheduler.owners import Owners, make_owners

SKY_WEIGHTS = np.array((0.3, 0.4, 0.3))
"""Of P10, P50 and P90: the moments of a normal error (Swanson's rule)."""
SKY_LASTS_H = 4.0
SPREAD = 0.4
"""Of the way from P50 to P10 and P90: hours spread less than the quarter hours forecast do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loads:
    """What planned jobs take in each step."""

    powers_kw: Array
    cards: Array

    @staticmethod
    def none(steps: int) -> "Loads":
        """Return no jobs at all."""
        return Loads(powers_kw=np.zeros(steps), cards=np.zeros(steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A case as arrays."""

    case: PlanCase
    site: Site
    options: Options
    charges_kwh: Array
    owners: Owners | None
    """What the owner's rules leave; None = everything."""
    skies_kw: Array
    """Sun less house by sky and step."""
    median_kw: Array
    terms: tuple[Terms, ...]
    start_costs: Array
    """From so many cards to so many."""
    begins_s: Array
    ends_s: Array
    """Of each step, seconds since 1970."""

    def level_values(self, values_per_h: Array, job_cards: float) -> Array:
        """Return values with the outage of a rig on which nothing answers (axis -3 is cards)."""
        outage = self.case.fleet.outage_per_h
        if outage <= 0.0 or job_cards > 0.0:
            return values_per_h
        changed = values_per_h.copy()
        changed[..., 0, :, :] -= outage
        return changed

    def barred(self, job_cards: float, can_work: int | None = None) -> Array:
        """Return what each count of cards is forbidden with: NEVER or 0."""
        counts = np.arange(self.options.levels)
        most = self.options.levels - 1 - round(job_cards)
        if can_work is not None:
            most = min(most, can_work)
        least = min(self.case.fleet.standby_cards, most)
        return np.where((counts < least) | (counts > max(most, 0)), NEVER, 0.0)


def make_search(case: PlanCase) -> Search:
    """Return the arrays of a case."""
    owners = make_owners(case)
    options = make_options([case.fleet]) if owners is None else owners.options
    counts = np.arange(options.levels)
    house = np.array([one.house_w for one in case.steps]) / 1000.0
    skies = np.array([[one.pv_low_w, one.pv_w, one.pv_high_w] for one in case.steps]).T / 1000.0
    strays = np.array([one.house_spread_w for one in case.steps]) / 1000.0
    surplus = skies[1] + SPREAD * (skies - skies[1]) - house - np.outer((1.0, 0.0, -1.0), strays)
    if np.array_equal(surplus[0], surplus[1]) and np.array_equal(surplus[1], surplus[2]):
        surplus = surplus[1:2]
    return Search(
        case=case,
        site=(site := make_site(case)),
        options=options,
        charges_kwh=site.charges(),
        owners=owners,
        skies_kw=surplus,
        median_kw=np.array([one.pv_w for one in case.steps]) / 1000.0 - house,
        terms=tuple(
            Terms(hours=one.hours, import_per_kwh=bought, export_per_kwh=sold)
            for one, bought, sold in zip(
                case.steps, case.import_per_kwh, case.export_per_kwh, strict=True
            )
        ),
        begins_s=np.array([one.starts_at.timestamp() for one in case.steps]),
        ends_s=np.array([one.ends_at.timestamp() for one in case.steps]),
        start_costs=case.fleet.start_cost * np.maximum(0, counts[None, :] - counts[:, None]),
    )


def find_worths(search: Search, loads: Loads) -> Array:
    """Return money by step, cards that worked before it, and charge at its start.

    The last row is the worth at the horizon.
    """
    steps, levels = len(search.terms), search.options.levels
    charges = search.charges_kwh
    skies = search.skies_kw.shape[0]
    weights = SKY_WEIGHTS if skies > 1 else np.ones(1)
    worths = np.empty((steps + 1, levels, charges.size))
    missing = _missing(search)
    end = np.array(search.case.end_worths(charges.tolist())) - missing[steps]
    later = np.broadcast_to(end, (skies, levels, charges.size)).copy()
    worths[steps] = later[0]
    for index in range(steps - 1, -1, -1):
        terms = search.terms[index]
        stays = np.exp(-terms.hours / SKY_LASTS_H)
        mixed = stays * later + (1.0 - stays) * np.tensordot(weights, later, 1)
        reached = _best_power(search, index, loads, mixed)
        # reached[sky, cards now, charge]; a start is paid by those who had fewer.
        options = reached[:, None, :, :] - search.start_costs[None, :, :, None]
        later = options.max(axis=2) - missing[index]
        worths[index] = np.tensordot(weights, later, 1)
    return worths


def _missing(search: Search) -> Array:
    """Return what each charge lacks at the start of each step where it should be full, in money."""
    lacks = np.zeros((len(search.terms) + 1, search.charges_kwh.size))
    for index in search.case.full_steps:
        gap_kwh = search.site.full_kwh - search.charges_kwh
        lacks[index + 1] = search.case.full_kwh_worth * gap_kwh
    return lacks


def _best_power(search: Search, index: int, loads: Loads, later: Array) -> Array:
    """Return the worth of the best power for each sky, count of cards and charge."""
    owners = search.owners
    if owners is None:
        return _best_of(search, index, loads, later, search.charges_kwh)
    parts = []
    for band, charges in owners.bands(search.charges_kwh):
        if charges.size:
            parts.append(_best_of(search, index, loads, later, charges, owners.place(index, band)))
    return np.concatenate(parts, axis=-1)


def _best_of(
    search: Search,
    index: int,
    loads: Loads,
    later: Array,
    charges_kwh: Array,
    place: int | None = None,
) -> Array:
    """Return the same for some charges; `place` says which of the owner's rules hold there."""
    job_kw = float(loads.powers_kw[index])
    surplus = search.skies_kw[:, index] - job_kw
    terms, options, can_work = replace(search.terms[index], jobs_kw=job_kw), search.options, None
    spare = surplus[:, None]
    if search.site.export_kw < np.inf:
        # Below it sun is throttled: what it feeds costs nothing.
        spare = np.stack((surplus, surplus - search.site.export_kw), axis=-1)
    if search.owners is not None and place is not None:
        bounds = search.owners.bounds(place)
        options, terms = search.owners.options_at(place), replace(terms, bounds=bounds)
        can_work = int(options.most_cards)
        corners = np.stack(bounds.corners_kw(surplus, job_kw), axis=-1)
        spare = np.concatenate((spare, corners), axis=-1)
    if index in search.case.naps:
        can_work = 0
    powers, values = options.filled(spare)
    values = search.level_values(values[..., None], loads.cards[index])
    money, after = step(
        search.site,
        terms,
        surplus[:, None, None, None],
        powers[..., None],
        values,
        charges_kwh,
    )
    money = money + search.barred(loads.cards[index], can_work)[:, None, None]
    total: Array = (money + over_charge(search.charges_kwh, later, after)).max(axis=2)
    return total


def over_charge(charges_kwh: Array, worths: Array, stored_kwh: Array) -> Array:
    """Return worths[sky, cards, charge] at stored_kwh[sky, cards, power, any], linear between."""
    if charges_kwh.size < 2:
        found: Array = np.broadcast_to(worths[:, :, None, :1], stored_kwh.shape)
        return found
    count = charges_kwh.size
    place = (stored_kwh - charges_kwh[0]) / (charges_kwh[1] - charges_kwh[0])
    low = np.clip(place.astype(np.intp), 0, count - 2)
    share = place - low
    rows = np.arange(worths.shape[0] * worths.shape[1]).reshape(*worths.shape[:2], 1, 1)
    flat, at = worths.ravel(), low + rows * count
    first = flat.take(at)
    between: Array = first + share * (flat.take(at + 1) - first)
    return between

"""From now on under the median sky: the best choice in each step, given what later is worth."""

from dataclasses import dataclass, replace

import numpy as np

from scheduler.backward import Loads, Search, over_charge
from scheduler.dynamics import Array, Bounds, Rows, Terms, battery_room_kw, fused_kw, step


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A course that follows the worths; an entry for each step."""

    cards: tuple[int, ...]
    powers_kw: tuple[float, ...]
    money: tuple[float, ...]
    worths: tuple[float, ...]
    """Of each step and all that follows, over all skies."""
    stored_kwh: tuple[float, ...]
    """At each step's start, and at the end of the last."""
    cards_before: tuple[int, ...]

    @property
    def total(self) -> float:
        """Return the money of all steps."""
        return sum(self.money)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Several moments at once, each with what holds there."""

    steps: Rows
    """Index of the step."""
    jobs_kw: Array
    job_cards: Array
    cards_before: Rows
    stored_kwh: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The best that can be done in each place."""

    cards: Rows
    powers_kw: Array
    money: Array
    """Of the step, a start included."""
    stored_kwh: Array
    """Afterwards."""
    worth: Array
    """Of step and all that follows."""


def choose(search: Search, worths: Array, places: Places) -> Choices:
    """Return the best choice in each place under the median sky."""
    at = places.steps
    surplus = search.median_kw[at] - places.jobs_kw
    terms = _terms(search, places)
    takes, gives = battery_room_kw(
        search.site, places.stored_kwh, np.reshape(terms.hours, places.stored_kwh.shape)
    )
    bought = surplus + gives + search.site.buys_kw
    spare: tuple[Array, ...] = (surplus, surplus - takes, bought)
    if search.site.export_kw < np.inf:
        spare = (*spare, surplus - takes - search.site.export_kw)
    options = search.options
    can_work: list[int | None] = [None] * len(at)
    if search.owners is not None:
        where = search.owners.places(at, places.stored_kwh)
        bounds, options = search.owners.bounds(where), search.owners.options_at(where)
        terms = replace(terms, bounds=_deep(bounds))
        can_work = [int(count) for count in options.most_cards]
        within = surplus + gives + bounds.import_kw
        spare = (*spare, within, *bounds.corners_kw(surplus, places.jobs_kw))
    naps = search.case.naps
    can_work = [0 if step in naps else most for step, most in zip(at, can_work, strict=True)]
    if search.site.fuse_kw < np.inf:
        spare = (*spare, fused_kw(search.site, surplus, gives, places.jobs_kw))
    powers, values = options.filled(np.stack(spare, axis=-1))
    values[:, 0] -= np.where(places.job_cards > 0.0, 0.0, search.case.fleet.outage_per_h)[:, None]
    money, after = step(
        search.site,
        terms,
        surplus[:, None, None],
        powers,
        values,
        places.stored_kwh[:, None, None],
    )
    barred = np.array([search.barred(*one) for one in zip(places.job_cards, can_work, strict=True)])
    money = money + barred[:, :, None] - search.start_costs[places.cards_before][:, :, None]
    later = over_charge(search.charges_kwh, worths[at + 1], after[..., None])[..., 0]
    total = (money + later).reshape(len(at), -1)
    best = np.argmax(total, axis=1)
    row = np.arange(len(at))
    return Choices(
        cards=best // powers.shape[-1],
        powers_kw=powers.reshape(len(at), -1)[row, best],
        money=money.reshape(len(at), -1)[row, best],
        stored_kwh=after.reshape(len(at), -1)[row, best],
        worth=total[row, best],
    )


def _deep(bounds: Bounds) -> Bounds:
    """Return bounds of several places with room for cards and powers behind them."""
    most, least, bought, battery = (
        np.asarray(one)[:, None, None]
        for one in (bounds.most_kw, bounds.least_kw, bounds.import_kw, bounds.battery_kw)
    )
    return Bounds(most_kw=most, least_kw=least, import_kw=bought, battery_kw=battery)


def _terms(search: Search, places: Places) -> Terms:
    def spread(values: list[float]) -> Array:
        return np.array(values)[:, None, None]

    terms = [search.terms[index] for index in places.steps]
    return Terms(
        hours=spread([one.hours for one in terms]),
        import_per_kwh=spread([one.import_per_kwh for one in terms]),
        export_per_kwh=spread([one.export_per_kwh for one in terms]),
        jobs_kw=places.jobs_kw[:, None, None],
    )


def follow(
    search: Search, loads: Loads, worths: Array, known: Path | None = None, first: int = 0
) -> Path:
    """Return the course from now on; before step `first` it is as `known` says."""
    case = search.case
    most = search.options.levels - 1
    stored = case.soc * search.site.full_kwh
    # Where nobody knows what runs, nothing must be woken.
    cards = most if case.request.cards_on is None else min(case.request.cards_on, most)
    path = Path(cards=(), powers_kw=(), money=(), worths=(), stored_kwh=(stored,), cards_before=())
    if known is not None and first > 0:
        path = _beginning(known, first)
        stored, cards = path.stored_kwh[-1], path.cards[-1]
    chosen: list[Choices] = []
    stored_kwh, cards_before = list(path.stored_kwh), list(path.cards_before)
    for index in range(len(path.cards), len(search.terms)):
        places = Places(
            steps=np.array([index]),
            jobs_kw=loads.powers_kw[index : index + 1],
            job_cards=loads.cards[index : index + 1],
            cards_before=np.array([cards]),
            stored_kwh=np.array([stored]),
        )
        one = choose(search, worths, places)
        cards_before.append(cards)
        stored, cards = float(one.stored_kwh[0]), int(one.cards[0])
        stored_kwh.append(stored)
        chosen.append(one)
    return Path(
        cards=path.cards + tuple(int(one.cards[0]) for one in chosen),
        powers_kw=path.powers_kw + tuple(float(one.powers_kw[0]) for one in chosen),
        money=path.money + tuple(float(one.money[0]) for one in chosen),
        worths=path.worths + tuple(float(one.worth[0]) for one in chosen),
        stored_kwh=tuple(stored_kwh),
        cards_before=tuple(cards_before),
    )


def _beginning(path: Path, steps: int) -> Path:
    return Path(
        cards=path.cards[:steps],
        powers_kw=path.powers_kw[:steps],
        money=path.money[:steps],
        worths=path.worths[:steps],
        stored_kwh=path.stored_kwh[: steps + 1],
        cards_before=path.cards_before[:steps],
    )

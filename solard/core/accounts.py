"""Turn ticks into minutes and quarter hours, by monotonic time: a value in, a value out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from solard.core.growing import OpenMinute, OpenSlot, Terms
from solard.core.history import HistoryRows
from solard.core.site_slot import SLOT_S
from solard.core.state import SiteState

MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """What is being counted; hand the result of each `add_tick` to the next."""

    longest_s: float = 60.0
    """A longer time between two ticks is a gap: it counts as unknown, not as energy."""
    publish_s: float = 10.0
    """How much time may pass before the growing slot is handed out again."""
    minute: OpenMinute | None = None
    slot: OpenSlot | None = None
    next_minute: int = 0
    next_slot: int = 0
    unpublished_s: float = 0.0


def add_tick(
    accounts: Accounts, state: SiteState, duration_s: float, terms: Terms
) -> tuple[Accounts, HistoryRows]:
    """Count `state` as held for the `duration_s` monotonic site seconds before it was taken.

    Returns the new accounts and the rows to store: finished minutes and quarter hours, and every
    `publish_s` the quarter hour that is still growing, so that a crash costs no more than that.
    """
    rows = HistoryRows()
    if not 0.0 < duration_s <= accounts.longest_s:
        return accounts, rows
    for begins_at, piece_s in _pieces(state.taken_at, duration_s):
        accounts, finished = _roll(accounts, begins_at, state.utc_offset_s)
        accounts = _count(accounts, state, piece_s, terms)
        rows = rows.plus(finished)
    if accounts.unpublished_s >= accounts.publish_s and accounts.slot is not None:
        rows = rows.plus(accounts.slot.rows)
        accounts = replace(accounts, unpublished_s=0.0)
    return accounts, rows


def open_rows(accounts: Accounts) -> HistoryRows:
    """Return the minute and the slot that are still growing, for a clean stop."""
    rows = accounts.slot.rows if accounts.slot else HistoryRows()
    return replace(rows, samples=(accounts.minute.row,)) if accounts.minute else rows


def _pieces(ends_at: datetime, duration_s: float) -> Iterator[tuple[datetime, float]]:
    """Cut the time before `ends_at` at whole minutes."""
    begins_at = ends_at - timedelta(seconds=duration_s)
    while begins_at < ends_at:
        cut_at = min(ends_at, _floor(begins_at, MINUTE_S) + timedelta(seconds=MINUTE_S))
        yield begins_at, (cut_at - begins_at).total_seconds()
        begins_at = cut_at


def _roll(accounts: Accounts, moment: datetime, utc_offset_s: int) -> tuple[Accounts, HistoryRows]:
    """Close the minute and the slot that do not hold `moment`, and open those that do."""
    rows = HistoryRows()
    minute_at, slot_at = _floor(moment, MINUTE_S), _floor(moment, SLOT_S)
    if accounts.minute is None or accounts.minute.starts_at != minute_at:
        if accounts.minute is not None:
            rows = rows.plus(HistoryRows(samples=(accounts.minute.row,)))
        minute = OpenMinute(seq=accounts.next_minute, starts_at=minute_at)
        accounts = replace(accounts, minute=minute, next_minute=accounts.next_minute + 1)
    if accounts.slot is None or accounts.slot.starts_at != slot_at:
        if accounts.slot is not None:
            rows = rows.plus(accounts.slot.rows)
        day = (slot_at + timedelta(seconds=utc_offset_s)).date().isoformat()
        slot = OpenSlot(seq=accounts.next_slot, day=day, starts_at=slot_at)
        accounts = replace(accounts, slot=slot, next_slot=accounts.next_slot + 1)
    return accounts, rows


def _count(accounts: Accounts, state: SiteState, duration_s: float, terms: Terms) -> Accounts:
    if accounts.minute is None or accounts.slot is None:  # pragma: no cover - _roll opened both
        return accounts
    return replace(
        accounts,
        minute=accounts.minute.plus(state, duration_s),
        slot=accounts.slot.plus(state, duration_s, terms),
        unpublished_s=accounts.unpublished_s + duration_s,
    )


def _floor(moment: datetime, step_s: int) -> datetime:
    """Return the start of the whole step of the UTC day that holds `moment`."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    steps = (moment - midnight) // timedelta(seconds=step_s)
    return midnight + steps * timedelta(seconds=step_s)

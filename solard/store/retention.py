"""What is kept for how long: roll up, then delete."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, delete, func, select, union_all

from solard.store import tables
from solard.store.rows import HEAVY
from solard.store.writing import Row, write_rows

PLANS_KEPT = timedelta(days=7)
FORECASTS_ALL_KEPT = timedelta(days=7)
"""Older forecasts are thinned to the first of each hour: lead times stay covered."""
FORECASTS_KEPT = timedelta(days=400)
EVENTS_KEPT = timedelta(days=400)
JOBS_KEPT = timedelta(days=90)
"""After their end."""

_DAYS_ROLLED_UP = timedelta(days=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How long what grows fastest is kept."""

    decisions: timedelta = timedelta(hours=48)
    minutes: timedelta = timedelta(days=30)
    quarter_hours: timedelta = timedelta(days=3 * 365)
    """With their ledger."""


def retain(connection: Connection, now: datetime, kept: Kept) -> int:
    """Roll finished days up and delete what is too old; return how many rows went.

    `now` is the site's time. Run at least once a week, or days are missing from the `day` table.
    """
    _roll_days_up(connection, now)
    ages: list[tuple[Column[Any], timedelta]] = [
        (tables.cycle.c.decided_at, kept.decisions),
        (tables.sample_1min.c.starts_at, kept.minutes),
        (tables.plan_issued.c.made_at, PLANS_KEPT),
        (tables.forecast_issued.c.issued_at, FORECASTS_KEPT),
        (tables.event.c.happened_at, EVENTS_KEPT),
        (tables.job.c.ended_at, JOBS_KEPT),
        (tables.site_15min.c.starts_at, kept.quarter_hours),
        (tables.ledger_15min.c.starts_at, kept.quarter_hours),
    ]
    gone = sum(
        connection.execute(delete(column.table).where(column < now - age)).rowcount
        for column, age in ages
    )
    return gone + _thin_forecasts(connection, now) + _drop_contents(connection)


def _roll_days_up(connection: Connection, now: datetime) -> None:
    """Write the sums of the last days; days that were rolled up before are written again."""
    slots = tables.site_15min
    names = [name for name in tables.day.columns.keys() if name != "day"]  # noqa: SIM118
    oldest = (now - _DAYS_ROLLED_UP).date().isoformat()
    statement = (
        select(slots.c.day, *(func.sum(slots.c[name]).label(name) for name in names))
        .where(slots.c.day >= oldest)
        .group_by(slots.c.day)
    )
    rows = [dict(row._mapping) for row in connection.execute(statement)]
    write_rows(connection, [Row(tables.day, values, replace=True) for values in rows])


def _thin_forecasts(connection: Connection, now: datetime) -> int:
    issued = tables.forecast_issued
    old = issued.c.issued_at < now - FORECASTS_ALL_KEPT
    hour = func.substr(issued.c.issued_at, 1, 13)
    first = select(func.min(issued.c.issued_at)).where(old).group_by(hour)
    return connection.execute(delete(issued).where(old, issued.c.issued_at.not_in(first))).rowcount


def _drop_contents(connection: Connection) -> int:
    """Delete contents that no cycle and no plan refers to any more."""
    used = union_all(
        *(select(tables.cycle.c[part]) for part in HEAVY), select(tables.plan_issued.c.plan)
    )
    content = tables.content
    return connection.execute(delete(content).where(content.c.hash.not_in(used))).rowcount

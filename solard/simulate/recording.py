"""A recording: what sun and house did, on a grid of 5 min ticks."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from solard.core.tariff import Tariff
from solard.core.units import clamp
from solard.simulate.errors import RecordingInvalid
from solard.simulate.table import moment, number_or_none, read_rows

TICK = timedelta(minutes=5)
TICK_S = 300.0
TICK_H = TICK_S / 3600.0
TICKS_PER_DAY = 288
STEP_AT_MOST = timedelta(hours=1)
DAY = timedelta(days=1)
LONGEST_DAYS = 800
UNKNOWN_IMPORT_PER_KWH = 0.30
MOST_W = 1e7
"""A larger figure is no home's: it is read as missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the file: means over the period that starts at `starts_at`; None = missing."""

    starts_at: datetime
    pv_w: float | None
    load_w: float | None
    pv_forecast_w: float | None = None
    import_per_kwh: float | None = None
    export_per_kwh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRow:
    """One tick as it is lived through."""

    starts_at: datetime
    pv_w: float
    """Missing counts as 0."""
    load_w: float
    """The house without the rig; missing is interpolated."""
    pv_known: bool
    load_known: bool
    pv_forecast_w: float | None
    """As issued for this time; None = the file has none."""
    import_per_kwh: float
    export_per_kwh: float
    has_price: bool
    """Whether the file itself states one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Whole days of ticks, and the ticks before them that only teach."""

    before: tuple[TickRow, ...]
    """History: what the file holds before the first day that is lived through."""
    ticks: tuple[TickRow, ...]
    step: timedelta
    """Of the file's rows."""
    has_forecast: bool
    notices: tuple[str, ...]
    """What was odd about the file, in sentences."""


def read_recording(
    path: Path,
    tariff: Tariff,
    timezone: str,
    *,
    begins_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Recording:
    """Return the whole days between two moments (the file's own ends where they are None)."""
    rows, notices = _ordered(_read(path), path)
    notices = (*notices, *_missing(rows, _step(rows, path)))
    step = _step(rows, path)
    first = _floor(rows[0].starts_at) if begins_at is None else _floor(begins_at)
    last = rows[-1].starts_at + step if ends_at is None else ends_at
    days = (last - first) // DAY
    if days < 1:
        raise RecordingInvalid(f"{path}: no whole day between {first:%F %R} and {last:%F %R} UTC")
    if days > LONGEST_DAYS:
        raise RecordingInvalid(f"{path}: {days} days; at most {LONGEST_DAYS}, see --from and --to")
    file_end = rows[-1].starts_at + step
    if first < _floor(rows[0].starts_at) or first + days * DAY > file_end + DAY:
        raise RecordingInvalid(
            f"{path}: holds {rows[0].starts_at:%F %R} to {file_end:%F %R} UTC, "
            f"not {first:%F} to {first + days * DAY:%F}"
        )
    lead = (first - _floor(rows[0].starts_at)) // TICK
    count = lead + days * TICKS_PER_DAY
    ticks = _ticks(rows, step, first - lead * TICK, count, _prices(tariff, ZoneInfo(timezone)))
    return Recording(
        before=ticks[:lead],
        ticks=ticks[lead:],
        step=step,
        has_forecast=any(tick.pv_forecast_w is not None for tick in ticks[lead:]),
        notices=notices,
    )


def _read(path: Path) -> list[Row]:
    optional = ("pv_fc_w", "import_price", "export_price")
    rows = []
    for where, cells in read_rows(path, ("time_utc", "pv_w", "load_w"), optional):
        figures = {
            name: number_or_none(cells.get(name, ""), where, name)
            for name in ("pv_w", "load_w", *optional)
        }
        rows.append(
            Row(
                starts_at=moment(cells["time_utc"], where),
                pv_w=_power(figures["pv_w"]),
                load_w=_power(figures["load_w"]),
                pv_forecast_w=_power(figures["pv_fc_w"]),
                import_per_kwh=figures["import_price"],
                export_per_kwh=figures["export_price"],
            )
        )
    return rows


def _power(value: float | None) -> float | None:
    """Return a power that a home can have; sensors that drift below zero mean zero."""
    return None if value is None or value > MOST_W else max(0.0, value)


def _ordered(rows: list[Row], path: Path) -> tuple[list[Row], tuple[str, ...]]:
    """Return the rows in order of time, the last of those that share a stamp."""
    if len(rows) < 2:
        raise RecordingInvalid(f"{path}: a recording needs at least two rows")
    by_stamp = {row.starts_at: row for row in rows}
    ordered = [by_stamp[stamp] for stamp in sorted(by_stamp)]
    notices = []
    if len(ordered) < len(rows):
        notices.append(f"{len(rows) - len(ordered)} rows repeat a stamp: the last of each counts")
    if any(one.starts_at > other.starts_at for one, other in pairwise(rows)):
        notices.append("rows were not in order of time")
    return ordered, tuple(notices)


def _missing(rows: Sequence[Row], step: timedelta) -> Iterator[str]:
    """Yield what the file leaves open, and what becomes of it."""
    no_sun = sum(row.pv_w is None for row in rows)
    no_load = sum(row.load_w is None for row in rows)
    gaps = sum((later.starts_at - row.starts_at) // step - 1 for row, later in pairwise(rows))
    if no_sun:
        yield f"{no_sun} of {len(rows)} rows have no pv_w that can be: they count as 0 W"
    if no_load:
        said = "taken from their neighbours"
        yield f"{no_load} of {len(rows)} rows have no load_w that can be: {said}"
    if gaps > 0:
        yield f"{gaps} rows are missing: no sun in them, and the load of their neighbours"


def _step(rows: Sequence[Row], path: Path) -> timedelta:
    """Return the distance of most neighbours."""
    gaps = Counter(later.starts_at - row.starts_at for row, later in pairwise(rows))
    step = min(gaps, key=lambda gap: (-gaps[gap], gap))
    if step > STEP_AT_MOST:
        raise RecordingInvalid(f"{path}: rows are {step} apart; at most {STEP_AT_MOST}")
    return step


Prices = Callable[[datetime, Row | None], tuple[float, float]]


def _prices(tariff: Tariff, zone: ZoneInfo) -> Prices:
    """Return import and export price at a moment: the row's own, else the tariff's."""

    def at(starts_at: datetime, row: Row | None) -> tuple[float, float]:
        local = starts_at.astimezone(zone)
        stated = tariff.import_at(local.hour * 60 + local.minute)
        bought = UNKNOWN_IMPORT_PER_KWH if stated is None else stated
        sold = tariff.export_per_kwh or 0.0
        if row is not None and row.import_per_kwh is not None:
            bought = row.import_per_kwh
        if row is not None and row.export_per_kwh is not None:
            sold = row.export_per_kwh
        return bought, sold

    return at


def _ticks(
    rows: Sequence[Row], step: timedelta, first: datetime, count: int, prices: Prices
) -> tuple[TickRow, ...]:
    loads = _filled_loads(rows, step)
    ticks, place = [], 0
    for index in range(count):
        starts_at = first + index * TICK
        while place < len(rows) and rows[place].starts_at + step <= starts_at:
            place += 1
        inside = []
        at = place
        while at < len(rows) and rows[at].starts_at < starts_at + TICK:
            inside.append((rows[at], _overlap_s(rows, at, step, starts_at)))
            at += 1
        ticks.append(_tick(starts_at, [each for each in inside if each[1] > 0.0], loads, prices))
    return tuple(ticks)


def _overlap_s(rows: Sequence[Row], at: int, step: timedelta, starts_at: datetime) -> float:
    """Return for how long a row holds inside a tick: until its step ends or the next begins."""
    begins_at = rows[at].starts_at
    ends_at = begins_at + step
    if at + 1 < len(rows):
        ends_at = min(ends_at, rows[at + 1].starts_at)
    return (min(ends_at, starts_at + TICK) - max(begins_at, starts_at)).total_seconds()


def _tick(
    starts_at: datetime,
    inside: Sequence[tuple[Row, float]],
    load_at: Callable[[datetime], float],
    prices: Prices,
) -> TickRow:
    pv_w = _mean([(row.pv_w, seconds) for row, seconds in inside])
    load_w = _mean([(row.load_w, seconds) for row, seconds in inside])
    first = inside[0][0] if inside else None
    import_per_kwh, export_per_kwh = prices(starts_at, first)
    return TickRow(
        starts_at=starts_at,
        pv_w=pv_w or 0.0,
        load_w=load_at(starts_at) if load_w is None else load_w,
        pv_known=pv_w is not None,
        load_known=load_w is not None,
        pv_forecast_w=_mean([(row.pv_forecast_w, seconds) for row, seconds in inside]),
        import_per_kwh=import_per_kwh,
        export_per_kwh=export_per_kwh,
        has_price=first is not None
        and (first.import_per_kwh is not None or first.export_per_kwh is not None),
    )


def _mean(parts: Sequence[tuple[float | None, float]]) -> float | None:
    """Return the mean over the seconds in which something is known."""
    known = [(value, seconds) for value, seconds in parts if value is not None]
    total_s = sum(seconds for _, seconds in known)
    if total_s <= 0.0:
        return None
    return sum(value * seconds for value, seconds in known) / total_s


def _filled_loads(rows: Sequence[Row], step: timedelta) -> Callable[[datetime], float]:
    """Return the load of a step where none was measured: on the line between its neighbours."""
    known = [(row.starts_at, row.load_w) for row in rows if row.load_w is not None]

    def at(starts_at: datetime) -> float:
        if not known:
            return 0.0
        # The grid of the file's own steps: a missing row is one step, held constant like any other.
        origin = rows[0].starts_at
        slot_at = origin + ((starts_at - origin) // step) * step
        low, high = 0, len(known)
        while low < high:
            middle = (low + high) // 2
            if known[middle][0] <= slot_at:
                low = middle + 1
            else:
                high = middle
        if low == 0:
            return known[0][1] or 0.0
        if low == len(known):
            return known[-1][1] or 0.0
        (before_at, before_w), (after_at, after_w) = known[low - 1], known[low]
        share = clamp((slot_at - before_at) / (after_at - before_at), 0.0, 1.0)
        return (before_w or 0.0) * (1.0 - share) + (after_w or 0.0) * share

    return at


def _floor(stamp: datetime) -> datetime:
    """Return the start of the tick that holds a moment."""
    midnight = stamp.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + ((stamp - midnight) // TICK) * TICK

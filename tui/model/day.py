"""Today's sun: what was, what is forecast, and the rig's draw across it."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from solard.core.forecast import ForecastSlot
from solard.core.plan import PlanSlot
from solard.core.view import SiteView, TracePoint
from tui import format as words
from tui.chart import Column, Tick, Tones, area_chart, axis_labels, nice_top, spark
from tui.model.energy import full_power_w
from tui.model.picture import Picture
from tui.text import Line, Lines, Span, Tone, cut, line, muted

DAY_S = 86_400.0
_CHART_ROWS, _LABEL_CELLS = 7, 8


def day_chart(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return the chart of today from midnight to midnight, local at the site."""
    view = picture.view
    if view is None:
        return (line(muted("The day's sun is drawn here once the daemon answers.")),)
    rows = max(4, height or 12)
    top = nice_top(full_power_w(view))
    label = axis_labels(rows - 2, top)
    columns = _columns(view, width - label.width - 1)
    ticks = _hour_ticks(len(columns))
    return area_chart(columns, height=rows, top=top, label=label, ticks=ticks, tones=Tones())


def day_rows(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return the chart of today, or where rows are few one each for sun and rig."""
    view = picture.view
    rows = height or 3
    if view is None:
        return (line(muted("Today's sun and earnings are drawn here once the daemon answers.")),)
    if rows >= _CHART_ROWS + 1:
        return (*day_chart(picture, width, rows - 1), _legend(view, width))
    columns = _columns(view, max(10, width - 8))
    full_w = full_power_w(view)
    now = next((index for index, column in enumerate(columns) if column.marked), len(columns) - 1)
    past = [column.solid for column in columns[: now + 1]]
    later = [column.shade for column in columns[now + 1 :]]
    sun = (*spark(past, full_w, Tone.SUN), *spark(later, full_w, Tone.MUTED))
    rig = [column.line for column in columns]
    sun_row = (Span("sun   ", Tone.SUN), *sun)
    rig_row = (
        Span("rig   ", Tone.RIG),
        *spark(rig[: now + 1], full_w, Tone.RIG),
        *spark(rig[now + 1 :], full_w, Tone.MUTED),
    )
    return (sun_row, rig_row)[: max(1, rows)]


def _legend(view: SiteView, width: int) -> Line:
    now = words.clock(view.state.taken_at, view.state)
    text = line(
        Span("█", Tone.SUN),
        muted(" sun so far   ░ forecast   "),
        Span("━", Tone.RIG),
        muted(f" rig, then its plan   ┊ now {now}"),
    )
    return cut(text, width)


def _columns(view: SiteView, width: int) -> tuple[Column, ...]:
    midnight = _midnight(view)
    step = timedelta(seconds=DAY_S / width)
    now = view.state.taken_at
    made = []
    for index in range(width):
        starts, ends = midnight + index * step, midnight + (index + 1) * step
        past = starts <= now
        made.append(
            Column(
                solid=_mean(view.trace, starts, ends, lambda p: p.pv_w) if past else None,
                shade=None if ends <= now else _forecast_w(view.forecast, starts, ends),
                line=_mean(view.trace, starts, ends, lambda p: p.rig_w)
                if past
                else _planned_w(view.plan, starts, ends),
                marked=starts <= now < ends,
            )
        )
    return _bridge(tuple(made), view.trace, step)


def _midnight(view: SiteView) -> datetime:
    local = view.state.local_at
    since = timedelta(
        hours=local.hour,
        minutes=local.minute,
        seconds=local.second,
        microseconds=local.microsecond,
    )
    return view.state.taken_at - since


def _mean(
    trace: Iterable[TracePoint],
    starts: datetime,
    ends: datetime,
    take: Callable[[TracePoint], float | None],
) -> float | None:
    found = [take(point) for point in trace if starts <= point.at < ends]
    known = [value for value in found if value is not None]
    return sum(known) / len(known) if known else None


def _bridge(
    columns: tuple[Column, ...], trace: tuple[TracePoint, ...], step: timedelta
) -> tuple[Column, ...]:
    """Fill columns that fell between two trace points, never a real gap in the data."""
    if len(trace) < 2:
        return columns
    spacing = (trace[-1].at - trace[0].at) / (len(trace) - 1)
    reach = int(1.5 * spacing / step)
    filled = list(columns)
    for index, column in enumerate(columns):
        if column.solid is not None or column.shade is not None:
            continue
        for back in range(1, reach + 1):
            near = columns[index - back] if index >= back else None
            if near is not None and near.solid is not None:
                filled[index] = Column(solid=near.solid, line=near.line, marked=column.marked)
                break
    return tuple(filled)


def _forecast_w(slots: Iterable[ForecastSlot], starts: datetime, ends: datetime) -> float | None:
    middle = starts + (ends - starts) / 2
    return next((slot.pv_w for slot in slots if slot.starts_at <= middle < slot.ends_at), None)


def _planned_w(slots: Iterable[PlanSlot], starts: datetime, ends: datetime) -> float | None:
    middle = starts + (ends - starts) / 2
    return next((slot.rig_w for slot in slots if slot.starts_at <= middle < slot.ends_at), None)


def _hour_ticks(width: int) -> tuple[Tick, ...]:
    every = 3 if width >= 48 else 6
    return tuple(
        Tick(column=hour * width // 24, text=f"{hour:02d}") for hour in range(0, 24, every)
    )

"""Today's sun: what was, what is forecast, and the rig's draw across it."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from solard.core.forecast import ForecastSlot
from solard.core.plan import PlanSlot
from solard.core.view import SiteView, TracePoint
from tui import format as words
from tui.chart import Column, Tick, Tones, area_chart, axis_labels, nice_top, spark
from tui.model.energy import full_power_w
from tui.model.picture import Picture
from tui.text import Line, Lines, Span, Tone, as_many_as_fit, line, muted

DAY_S = 86_400.0
SPEAKS_FOR = timedelta(minutes=5)
"""How long a lone point of the trace stands for its time; else 1.5 times the spacing before it."""
_CHART_ROWS, _LABEL_CELLS = 7, 8


def day_chart(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return the chart of today from midnight to midnight, local at the site."""
    view = picture.view
    if view is None or _knows_nothing(view):
        return _nothing(view)
    rows = max(4, height or 12)
    top = nice_top(_highest_w(view))
    label = axis_labels(rows - 2, top)
    columns = _columns(view, width - label.width - 1)
    ticks = _hour_ticks(len(columns))
    return area_chart(columns, height=rows, top=top, label=label, ticks=ticks, tones=Tones())


def day_rows(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return the chart of today, or where rows are few one each for sun and rig."""
    view = picture.view
    rows = height or 3
    if view is None or _knows_nothing(view):
        return _nothing(view)
    if rows >= _CHART_ROWS + 1:
        return (*day_chart(picture, width, rows - 1), _legend(view, width))
    columns = _columns(view, max(10, width - 6))
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


def rig_chart(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return the rig's draw of today under the sun of today."""
    view = picture.view
    if view is None or _knows_nothing(view):
        return _nothing(view)
    rows = max(4, height or 10)
    top = nice_top(_highest_w(view))
    label = axis_labels(rows - 2, top)
    columns = tuple(
        Column(
            solid=each.shade if each.solid is None else each.solid,
            over=each.line,
            marked=each.marked,
        )
        for each in _columns(view, width - label.width - 1)
    )
    tones = Tones(solid=Tone.HIDDEN_SUN)
    ticks = _hour_ticks(len(columns))
    return area_chart(columns, height=rows, top=top, label=label, ticks=ticks, tones=tones)


def _knows_nothing(view: SiteView) -> bool:
    return not view.trace and not view.forecast


def _nothing(view: SiteView | None) -> Lines:
    if view is None:
        return (line(muted("The day is drawn here once the daemon answers.")),)
    return (line(muted("Nothing is known of today's sun yet.")),)


def _highest_w(view: SiteView) -> float:
    """Return the highest power that the chart has to hold."""
    seen = [power_w for point in view.trace for power_w in (point.pv_w, point.rig_w)]
    later = [slot.rig_w for slot in view.plan]
    sun = [slot.pv_w for slot in view.forecast]
    return max([*(power_w for power_w in seen if power_w is not None), *later, *sun, 100.0])


def _legend(view: SiteView, width: int) -> Line:
    now = words.clock(view.state.taken_at, view.state)
    groups = (
        line(Span("█", Tone.SUN), muted(" sun so far")),
        line(muted("░ forecast")),
        line(Span("━", Tone.RIG), muted(" rig, then its plan")),
        line(muted(f"┊ now {now}")),
    )
    return as_many_as_fit(groups, width, gap=2)


def _columns(view: SiteView, width: int) -> tuple[Column, ...]:
    midnight = _midnight(view)
    step = timedelta(seconds=DAY_S / width)
    now = view.state.taken_at
    made = []
    for index in range(width):
        starts, ends = midnight + index * step, midnight + (index + 1) * step
        if starts <= now:
            seen = _seen(view.trace, starts, ends)
            if not seen and now < ends:
                seen = (_present(view),)
            pv_w, rig_w = _mean(seen, lambda p: p.pv_w), _mean(seen, lambda p: p.rig_w)
        else:
            pv_w, rig_w = None, _planned_w(view.plan, starts, ends)
        made.append(
            Column(
                solid=pv_w,
                shade=None if ends <= now else _forecast_w(view.forecast, starts, ends),
                line=rig_w,
                marked=starts <= now < ends,
            )
        )
    return tuple(made)


def _present(view: SiteView) -> TracePoint:
    """Return this moment as a point of the trace, which may lag a little."""
    state = view.state
    return TracePoint(
        at=state.taken_at, pv_w=state.pv_w, house_w=state.house_w, rig_w=state.rig_w, soc=None
    )


def _seen(
    trace: tuple[TracePoint, ...], starts: datetime, ends: datetime
) -> tuple[TracePoint, ...]:
    """Return the points inside a column, or the newest before it that still speaks for it."""
    first = bisect_left(trace, starts, key=lambda point: point.at)
    inside = trace[first : bisect_left(trace, ends, key=lambda point: point.at)]
    if inside or first == 0:
        return inside
    last = trace[first - 1]
    spacing = last.at - trace[first - 2].at if first > 1 else SPEAKS_FOR
    return (last,) if starts - last.at <= 1.5 * spacing else ()


def _midnight(view: SiteView) -> datetime:
    local = view.state.local_at
    since = timedelta(
        hours=local.hour,
        minutes=local.minute,
        seconds=local.second,
        microseconds=local.microsecond,
    )
    return view.state.taken_at - since


def _mean(seen: Iterable[TracePoint], take: Callable[[TracePoint], float | None]) -> float | None:
    known = [value for value in map(take, seen) if value is not None]
    return sum(known) / len(known) if known else None


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

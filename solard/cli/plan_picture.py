"""The plan as a picture: power, jobs, charge and price on one axis of the site's time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from solard.cli.picture_colours import style
from solard.cli.svg import (
    LEFT,
    RIGHT,
    WIDTH,
    Panel,
    Step,
    TimeAxis,
    band,
    box,
    document,
    nice_ticks,
    shape,
    stairs,
    words,
)
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.plan import PlanSlot
from solard.core.view import JobView, SiteView

LONGEST = timedelta(days=2)
HEAD, GAP, FOOT = 84.0, 22.0, 58.0
POWER_H, CHARGE_H, PRICE_H, LANE_H = 250.0, 84.0, 66.0, 26.0
LANES_AT_MOST = 8
WORDS_FROM_PX = 84.0
"""A stretch as wide as this has room for words."""
LETTER_PX = 6.8
SOON_PX = 24.0
LEGEND = (
    ("sun area", "sun, P10–P90"),
    ("house mark", "house"),
    ("rig mark", "rig"),
    ("jobs mark", "its jobs"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """What every part of the picture needs."""

    view: SiteView
    axis: TimeAxis
    slots: tuple[PlanSlot, ...]
    sky: tuple[ForecastSlot, ...]

    def steps(self, value: Callable[[PlanSlot], float]) -> list[Step]:
        """Return something of each slot of the plan."""
        return [(one.starts_at, one.ends_at, value(one)) for one in self.slots]

    def sun(self, value: Callable[[ForecastSlot], float]) -> list[Step]:
        """Return something of each slot of the forecast, in kW."""
        begins_at, ends_at = self.axis.begins_at, self.axis.ends_at
        return [
            (max(one.starts_at, begins_at), min(one.ends_at, ends_at), value(one) / 1000.0)
            for one in self.sky
        ]


def draw_plan(view: SiteView, forecast: Forecast | None) -> str | None:
    """Return the next two days as an SVG document; None where there is no plan for them."""
    now_at = view.state.taken_at
    until_at = now_at + LONGEST
    slots = tuple(one for one in view.plan if now_at < one.ends_at and one.starts_at < until_at)
    if not slots:
        return None
    begins_at, ends_at = slots[0].starts_at, slots[-1].ends_at
    axis = TimeAxis(
        begins_at=begins_at,
        ends_at=ends_at,
        offset=timedelta(seconds=view.state.utc_offset_s),
    )
    known = () if forecast is None else forecast.slots
    sky = tuple(one for one in known if one.ends_at > begins_at and one.starts_at < ends_at)
    sheet = _Sheet(view=view, axis=axis, slots=slots, sky=sky)
    title = f"{view.site}: the plan from {axis.local(now_at):%a %d %b %Y, %H:%M}"
    parts, base = _panels(sheet)
    head = [words(LEFT, 36.0, title, "title"), *_legend()]
    return document(base + FOOT, title, style(), [*head, *parts, *_times(sheet, base)])


def _panels(sheet: _Sheet) -> tuple[list[str], float]:
    """Return all panels from the top down, and where the last one ends."""
    parts, base = _power(sheet), HEAD + POWER_H
    jobs = [job for job in sheet.view.jobs if _windows(sheet, job)][:LANES_AT_MOST]
    if jobs:
        parts += _lanes(sheet, jobs, base + GAP)
        base += GAP + LANE_H * len(jobs)
    if sheet.view.state.battery is not None:
        parts += _charge(sheet, Panel(top=base + GAP, height=CHARGE_H, low=0.0, high=100.0))
        base += GAP + CHARGE_H
    if any(one.import_per_kwh is not None for one in sheet.slots):
        parts += _price(sheet, base + GAP)
        base += GAP + PRICE_H
    return parts, base


def _power(sheet: _Sheet) -> list[str]:
    rig = sheet.steps(lambda one: one.rig_w / 1000.0)
    with_jobs = sheet.steps(lambda one: (one.rig_w + one.jobs_w) / 1000.0)
    house = sheet.steps(lambda one: one.house_w / 1000.0)
    low = sheet.sun(lambda one: one.pv_low_w)
    high = sheet.sun(lambda one: one.pv_high_w)
    middle = sheet.sun(lambda one: one.pv_w) or sheet.steps(lambda one: one.pv_w / 1000.0)
    ticks = nice_ticks(0.0, max(value for *_, value in (*with_jobs, *house, *high, *middle)))
    panel = Panel(top=HEAD, height=POWER_H, low=0.0, high=ticks[-1])
    flat = [(begins_at, ends_at, 0.0) for begins_at, ends_at, _ in rig]
    parts = _frame(panel, ("power",), [(tick, f"{tick:g} kW") for tick in ticks])
    parts += _naps(sheet, panel)
    parts += [shape(band(sheet.axis, panel, low, high), "sun area")] if low else []
    parts.append(shape(band(sheet.axis, panel, flat, rig), "rig area"))
    if any(one.jobs_w > 0.0 for one in sheet.slots):
        parts.append(shape(band(sheet.axis, panel, rig, with_jobs), "jobs area"))
    parts.append(shape(stairs(sheet.axis, panel, house), "house thin"))
    parts.append(shape(stairs(sheet.axis, panel, with_jobs), "rig thin"))
    parts.append(shape(stairs(sheet.axis, panel, middle), "sun thick"))
    return parts


def _naps(sheet: _Sheet, panel: Panel) -> list[str]:
    """Return the hours in which the whole machine sleeps."""
    parts = []
    for asleep, run in groupby(sheet.slots, key=lambda one: one.asleep):
        slots = list(run)
        x, until = sheet.axis.x(slots[0].starts_at), sheet.axis.x(slots[-1].ends_at)
        if not asleep:
            continue
        parts.append(box(x, panel.top, until - x, panel.height, "nap"))
        if until - x >= WORDS_FROM_PX:
            parts.append(words((x + until) / 2.0, panel.top + 18.0, "asleep", "label", "middle"))
    return parts


def _lanes(sheet: _Sheet, jobs: Sequence[JobView], top: float) -> list[str]:
    parts = []
    for index, job in enumerate(jobs):
        y = top + index * LANE_H
        parts.append(box(LEFT, y, WIDTH - LEFT - RIGHT, LANE_H - 4.0, "panel"))
        parts.append(words(LEFT - 10.0, y + 15.5, job.job_id, "label", "end"))
        parts += _blocks(sheet.axis, _windows(sheet, job), y)
    return parts


def _blocks(axis: TimeAxis, windows: Sequence[tuple[datetime, datetime]], y: float) -> list[str]:
    """Return a job's blocks, with their times in them or beside them, where there is room."""
    parts, unsaid = [], list[str]()
    ends_x = [*(axis.x(begins_at) for begins_at, _ in windows[1:]), WIDTH - RIGHT]
    for (begins_at, ends_at), next_x in zip(windows, ends_x, strict=True):
        x, until = axis.x(begins_at), axis.x(ends_at)
        parts.append(box(x, y, until - x, LANE_H - 4.0, "jobs block", 4.0))
        times = f"{axis.local(begins_at):%H:%M}–{axis.local(ends_at):%H:%M}"
        if until - x >= WORDS_FROM_PX:
            parts.append(words((x + until) / 2.0, y + 15.5, times, "on", "middle"))
            continue
        unsaid.append(times)
        text = ", ".join(unsaid)
        if next_x - until >= LETTER_PX * len(text) + 12.0:
            parts.append(words(until + 7.0, y + 15.5, text, "quiet"))
            unsaid = []
    return parts


def _windows(sheet: _Sheet, job: JobView) -> list[tuple[datetime, datetime]]:
    """Return when a job runs within the picture."""
    begins_at, ends_at = sheet.axis.begins_at, sheet.axis.ends_at
    return [
        (max(one.starts_at, begins_at), min(one.ends_at, ends_at))
        for one in job.planned
        if one.starts_at < ends_at and one.ends_at > begins_at
    ]


def _charge(sheet: _Sheet, panel: Panel) -> list[str]:
    battery = sheet.view.state.battery
    begins = sheet.slots[0].soc if battery is None or battery.soc is None else battery.soc
    known = [(sheet.axis.begins_at, begins), *((one.ends_at, one.soc) for one in sheet.slots)]
    points = [f"{sheet.axis.x(at):.1f} {panel.y(100.0 * soc):.1f}" for at, soc in known]
    line = "M" + "L".join(points)
    closed = f"{line}V{panel.base:.1f}H{LEFT:.1f}Z"
    frame = _frame(panel, ("battery",), [(tick, f"{tick:g} %") for tick in (0.0, 50.0, 100.0)])
    return [*frame, shape(closed, "charge area"), shape(line, "charge thin")]


def _price(sheet: _Sheet, top: float) -> list[str]:
    known = [
        (one.starts_at, one.ends_at, one.import_per_kwh)
        for one in sheet.slots
        if one.import_per_kwh is not None
    ]
    values = [value for *_, value in known]
    ticks = nice_ticks(min(0.0, *values), max(0.0, *values))
    panel = Panel(top=top, height=PRICE_H, low=ticks[0], high=ticks[-1])
    labels = [(tick, f"{tick:g}") for tick in ticks]
    name = ("import", f"{sheet.view.currency or 'money'}/kWh")
    return [*_frame(panel, name, labels), shape(stairs(sheet.axis, panel, known), "price thin")]


def _frame(panel: Panel, name: Sequence[str], ticks: Sequence[tuple[float, str]]) -> list[str]:
    """Return a panel's ground, its scale and its name."""
    parts = [box(LEFT, panel.top, WIDTH - LEFT - RIGHT, panel.height, "panel")]
    last_y = float("inf")
    for value, text in ticks:
        y = panel.y(value)
        parts.append(shape(f"M{LEFT:.1f} {y:.1f}H{WIDTH - RIGHT:.1f}", "grid"))
        if last_y - y >= SOON_PX / 2.0:
            parts.append(words(LEFT - 10.0, y + 4.0, text, "quiet", "end"))
            last_y = y
    lines = [words(20.0, panel.top + 12.0 + 16.0 * n, text) for n, text in enumerate(name)]
    return [*parts, *lines]


def _times(sheet: _Sheet, base: float) -> list[str]:
    """Return the hours below the panels and a line through all of them at midnight."""
    axis, parts = sheet.axis, []
    day_x = LEFT
    parts.append(words(LEFT, base + 42.0, f"{axis.local(axis.begins_at):%A}", "label"))
    for moment in axis.hours():
        x, local = axis.x(moment), axis.local(moment)
        if local.hour == 0:
            parts.append(shape(f"M{x:.1f} {HEAD:.1f}V{base:.1f}", "midnight"))
            if x - day_x >= WORDS_FROM_PX and x <= WIDTH - RIGHT - WORDS_FROM_PX:
                parts.append(words(x, base + 42.0, f"{local:%A}", "label", "middle"))
        parts.append(words(x, base + 20.0, f"{local:%H:%M}", "quiet", "middle"))
    return parts


def _legend() -> list[str]:
    parts, x = [], LEFT
    for kind, text in LEGEND:
        parts.append(box(x, 56.0, 14.0, 10.0, kind, 2.0))
        parts.append(words(x + 20.0, 65.0, text, "quiet"))
        x += 20.0 + LETTER_PX * len(text) + 24.0
    return parts

"""Where the power goes now, and what today has brought so far."""

from dataclasses import dataclass

from solard.core.state import Supply
from solard.core.view import SiteView
from solard.core.work_energy import idle_w
from tui import format as words
from tui.chart import bar
from tui.model.picture import Picture, cards_on, most_w
from tui.model.totals import self_use, totals_table, totals_words
from tui.text import (
    BLANK,
    Line,
    Lines,
    Span,
    Tone,
    as_many_as_fit,
    cut,
    flow,
    line,
    line_cells,
    longest_that_fits,
    muted,
    pad,
    strong,
)

FULL_SOC = 0.99
_BRANCH_CELLS, _NAME_CELLS, _POWER_CELLS, _LEAST_NOTE_CELLS = 7, 10, 8, 22


def full_power_w(view: SiteView) -> float:
    """Return the power at which every bar is full: the most that sun or rig can do today."""
    sun = [slot.pv_high_w for slot in view.forecast]
    seen = [point.pv_w for point in view.trace if point.pv_w is not None]
    return max([*sun, *seen, most_w(view.rig), view.state.pv_w or 0.0, 1.0])


def sky_now_w(view: SiteView) -> float | None:
    """Return what the forecast says the panels could give now."""
    now = view.state.taken_at
    slot = next((s for s in view.forecast if s.starts_at <= now < s.ends_at), None)
    return None if slot is None else slot.pv_w


def battery_note(view: SiteView, width: int) -> str:
    """Return state of charge, direction and when it will be full, as far as `width` allows."""
    battery = view.state.battery
    if battery is None:
        return longest_that_fits(("no battery known",), width)
    soc = words.percent(battery.soc)
    if battery.max_charge_w == 0 and (battery.soc or 0.0) < FULL_SOC:
        return longest_that_fits((f"{soc}, refuses charge", soc), width)
    full_at = next((s.ends_at for s in view.plan if s.soc >= FULL_SOC), None)
    if battery.soc is not None and battery.soc >= FULL_SOC:
        return longest_that_fits((f"{soc}, full", soc), width)
    if (battery.power_w or 0.0) < 0 and full_at is not None:
        at = words.day_and_clock(full_at, view.state)
        return longest_that_fits((f"{soc}, full at {at}", f"{soc}, full {at}", soc), width)
    doing = {True: "gives", False: "charges", None: ""}[_gives(battery.power_w)]
    return longest_that_fits((f"{soc} {doing}".rstrip(), soc), width)


def _gives(power_w: float | None) -> bool | None:
    if power_w is None or abs(power_w) < 1:
        return None
    return power_w > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flow:
    name: str
    tone: Tone
    power_w: float | None
    feeds: bool
    """Whether power comes from it rather than goes to it."""
    note: str


def energy(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return the energy flow and today's kWh."""
    view = picture.view
    if view is None:
        return (line(muted("No picture of the site yet.")),)
    spare = width - _BRANCH_CELLS - _NAME_CELLS - _POWER_CELLS - 2
    bars = max(6, min(24, spare - _LEAST_NOTE_CELLS))
    note = spare - bars
    full_w = full_power_w(view)
    flows = _flows(view, note - 1)
    rows = [_sun_row(view, full_w, bars, note)]
    if height is None or height >= len(flows) + 7:
        rows.append(line(muted("  │")))
    rows += [_flow_row(flow, full_w, bars, note, last=flow is flows[-1]) for flow in flows]
    today, notes = totals_table(view, width), _notes(view, width)
    for more in (today, notes):
        gap = height is None or height > len(rows) + len(more)
        rows += [*([BLANK] if gap else []), *more]
    return tuple(rows[:height])


def _notes(view: SiteView, width: int) -> Lines:
    """Return what is worth knowing beside the flow: own use of the sun, and what idling costs."""
    groups: list[Line] = []
    share = self_use(view.today)
    if share is not None and view.state.supply is Supply.GRID:
        groups.append(line(muted("self-use "), words.percent(share)))
    idling_w = idle_w(view.state, view.rig)
    a_day = words.energy(24.0 * idling_w)
    groups.append(line(muted("idle "), words.power(idling_w), muted(f", {a_day} a day")))
    if view.earnings:
        groups.append(line(muted("today "), words.energy(view.earnings[0].idle_wh)))
    return (as_many_as_fit(groups, width),)


def _sun_row(view: SiteView, full_w: float, bars: int, note: int) -> Line:
    name = pad(line(Span("SUN", Tone.SUN)), _BRANCH_CELLS + _NAME_CELLS)
    tail, tone = _sun_note(view, note - 1)
    power = _power(view.state.pv_w)
    return (*name, *power, *bar(view.state.pv_w, full_w, bars, Tone.SUN), Span(f" {tail}", tone))


def _sun_note(view: SiteView, width: int) -> tuple[str, Tone]:
    sky_w = sky_now_w(view)
    if view.state.pv_throttled:
        more = sky_w is not None and sky_w > (view.state.pv_w or 0.0)
        sky = f" of {words.power(sky_w)}" if more else ""
        return longest_that_fits((f"held back{sky}", "held back"), width), Tone.WARN
    if sky_w is None:
        return "", Tone.MUTED
    sky = words.power(sky_w)
    return longest_that_fits((f"forecast {sky}", sky), width), Tone.MUTED


def _flows(view: SiteView, note: int) -> list[_Flow]:
    state = view.state
    battery_w = None if state.battery is None else state.battery.power_w
    flows = [
        _Flow(name="HOUSE", tone=Tone.HOUSE, power_w=state.house_w, feeds=False, note=""),
        _Flow(
            name="RIG", tone=Tone.RIG, power_w=state.rig_w, feeds=False, note=_rig_note(view, note)
        ),
        _Flow(
            name="BATTERY",
            tone=Tone.BATTERY,
            power_w=battery_w,
            feeds=_gives(battery_w) is True,
            note=battery_note(view, note),
        ),
    ]
    if state.supply is Supply.GENERATOR or (state.generator_w or 0.0) > 0:
        flows.append(
            _Flow(
                name="GENERATOR",
                tone=Tone.GENERATOR,
                power_w=state.generator_w,
                feeds=True,
                note="runs",
            )
        )
    else:
        flows.append(_grid_flow(view))
    return flows


def _grid_flow(view: SiteView) -> _Flow:
    state = view.state
    if state.supply is Supply.ISLAND:
        return _Flow(name="GRID", tone=Tone.GRID, power_w=None, feeds=False, note="none: island")
    imports = _gives(state.grid_w)
    doing = {True: "import", False: "export", None: ""}[imports]
    return _Flow(
        name="GRID", tone=Tone.GRID, power_w=state.grid_w, feeds=imports is True, note=doing
    )


def _rig_note(view: SiteView, width: int) -> str:
    if view.decision is None:
        return ""
    budget = words.kilowatts(view.decision.budget_w)
    cards = f"{cards_on(view)}/{len(view.state.gpus)} on"
    return longest_that_fits((f"budget {budget} · {cards}", f"budget {budget}", cards), width)


def _flow_row(flow: _Flow, full_w: float, bars: int, note: int, *, last: bool) -> Line:
    branch = "  └" if last else "  ├"
    arrow = "◀── " if flow.feeds else "──▶ "
    power_w = None if flow.power_w is None else abs(flow.power_w)
    name = pad(line(Span(flow.name, flow.tone)), _NAME_CELLS)
    tail = cut(line(muted(flow.note)), note - 1)
    return (
        muted(branch + arrow),
        *name,
        *_power(power_w),
        *bar(flow.power_w, full_w, bars, flow.tone),
        Span(" "),
        *tail,
    )


def _power(power_w: float | None) -> Line:
    return line(strong(f"{words.power(power_w):>{_POWER_CELLS}}"), " ")


def energy_compact(picture: Picture, width: int) -> Lines:
    """Return the energy flow in three rows, more where the terminal is narrow."""
    view = picture.view
    if view is None:
        return (line(muted("No picture of the site yet.")),)
    state, full_w = view.state, full_power_w(view)
    bars = 12 if width >= 70 else 8
    soc = None if state.battery is None else state.battery.soc
    sun = line(
        Span("SUN   ", Tone.SUN),
        strong(f"{words.power(state.pv_w):<8}"),
        *bar(state.pv_w, full_w, bars, Tone.SUN),
    )
    battery = line(
        Span("BAT   ", Tone.BATTERY),
        strong(f"{words.percent(soc):<8}"),
        *bar(soc, 1.0, bars, Tone.BATTERY),
    )
    house = _arrow("house", state.house_w, Tone.HOUSE)
    rig = _arrow("rig", state.rig_w, Tone.RIG)
    room = width - line_cells(sun) - line_cells(house) - line_cells(rig) - 6
    note, tone = _sun_note(view, max(room, _LEAST_NOTE_CELLS) if room < 9 else room)
    first = (sun, house, rig, *([line(Span(note, tone))] if note else []))
    second = (battery, _battery_arrow(view), _supply_arrow(view))
    today = totals_words(view)
    return tuple(
        row
        for groups, gap in ((first, 2), (second, 2), (today, 2))
        for row in flow(groups, width, indent=6, gap=gap)
    )


def _arrow(name: str, power_w: float | None, tone: Tone) -> Line:
    arrow = "◀" if tone in (Tone.GRID, Tone.BATTERY) and _gives(power_w) else "▶"
    power = words.power(None if power_w is None else abs(power_w))
    return line(muted(f"{arrow} "), Span(name, tone), f" {power}")


def _battery_arrow(view: SiteView) -> Line:
    battery = view.state.battery
    if battery is None:
        return line(muted("no battery known"))
    note = battery_note(view, 24).partition(", ")[2]
    tail = muted(f", {note}") if note else muted("")
    return (*_arrow("battery", battery.power_w, Tone.BATTERY), tail)


def _supply_arrow(view: SiteView) -> Line:
    state = view.state
    if state.supply is Supply.GENERATOR:
        power = words.power(state.generator_w)
        return line(muted("◀ "), Span("generator", Tone.GENERATOR), f" {power}")
    if state.supply is Supply.ISLAND:
        return line(muted("no grid: island"))
    return _arrow("grid", state.grid_w, Tone.GRID)

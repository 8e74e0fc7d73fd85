"""The plan hour by hour, and the jobs that it has time for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from solard.core.job import JobState
from solard.core.plan import PlanSlot
from solard.core.units import SECONDS_PER_HOUR, energy_wh
from solard.core.view import JobView, SiteView
from tui import format as words
from tui.model.picture import Picture
from tui.model.table import Field, Table, table_of
from tui.text import Line, Lines, Span, Tone, flow, line, muted, strong

_TONES = {
    JobState.RUNNING: Tone.GOOD,
    JobState.PAUSED: Tone.WARN,
    JobState.FAILED: Tone.BAD,
    JobState.MISSED: Tone.BAD,
    JobState.DONE: Tone.MUTED,
    JobState.CANCELLED: Tone.MUTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedHour:
    """Means over an hour of the plan, in W; `soc` and the price stand at its end."""

    starts_at: datetime
    pv_w: float
    house_w: float
    rig_w: float
    battery_w: float
    grid_w: float
    soc: float
    cards_on: int
    water_value_per_kwh: float


def plan_head(picture: Picture, width: int) -> Lines:
    """Return when the plan was made, and what it expects of sun and rig."""
    view = picture.view
    if view is None:
        return (line(muted("No picture of the plan yet.")),)
    if view.plan_made_at is None:
        return (line(muted("No plan yet: until there is one, only surplus is used.")),)
    age_s = (view.state.taken_at - view.plan_made_at).total_seconds()
    later = [slot for slot in view.plan if slot.ends_at > view.state.taken_at]
    facts: list[Line] = [
        line(muted("made "), words.clock(view.plan_made_at, view.state)),
        line(muted("age "), words.duration(max(0.0, age_s))),
        line(muted("sun ahead "), Span(words.energy(_energy_wh(later, _pv_w)), Tone.SUN)),
        line(muted("rig "), Span(words.energy(_energy_wh(later, _rig_w)), Tone.RIG)),
        line(muted("held back "), words.energy(_energy_wh(later, _throttled_w))),
    ]
    return flow(tuple(facts), width)


def hours_table(view: SiteView, width: int) -> Table:
    """Return one row for each hour from now on."""
    fields: tuple[Field[PlannedHour], ...] = (
        Field(label="hour", width=9, right=False, cell=lambda h: strong(_hour(h, view))),
        Field(label="sun kW", width=7, cell=lambda h: Span(_kw(h.pv_w), Tone.SUN)),
        Field(label="house", width=6, rank=2, cell=lambda h: Span(_kw(h.house_w))),
        Field(label="rig", width=6, cell=lambda h: Span(_kw(h.rig_w), Tone.RIG)),
        Field(label="battery", width=7, rank=1, cell=lambda h: _flow(h.battery_w)),
        Field(label="grid", width=6, rank=3, cell=lambda h: _flow(h.grid_w)),
        Field(label="SoC", width=5, cell=lambda h: Span(words.percent(h.soc))),
        Field(label="cards", width=5, rank=4, cell=lambda h: Span(str(h.cards_on))),
        Field(label="kWh worth", width=10, rank=5, cell=lambda h: _worth(h, view)),
    )
    return table_of(fields, planned_hours(view), key=lambda h: h.starts_at.isoformat(), width=width)


def jobs_table(view: SiteView, width: int) -> Table:
    """Return one row for each job, open ones first, each with why it is where it is."""
    fields: tuple[Field[JobView], ...] = (
        Field(label="job", width=18, right=False, cell=lambda j: strong(j.job_id)),
        Field(label="state", width=9, right=False, cell=_state),
        Field(label="done", width=5, cell=_done),
        Field(label="takes", width=8, rank=2, cell=lambda j: Span(words.power(j.power_w))),
        Field(label="cards", width=5, rank=3, cell=lambda j: Span(str(j.cards))),
        Field(label="deadline", width=10, rank=1, cell=lambda j: _deadline(j, view)),
        Field(label="why", width=20, right=False, stretch_to=90, cell=lambda j: muted(j.note)),
    )
    return table_of(fields, view.jobs, key=lambda j: j.job_id, width=width)


def planned_hours(view: SiteView) -> tuple[PlannedHour, ...]:
    """Return the plan from now on, hour by hour of the site's clock."""
    groups: dict[datetime, list[PlanSlot]] = {}
    for slot in view.plan:
        if slot.ends_at > view.state.taken_at:
            groups.setdefault(_hour_start(slot.starts_at, view), []).append(slot)
    return tuple(_mean(starts_at, slots) for starts_at, slots in groups.items())


def _hour_start(moment: datetime, view: SiteView) -> datetime:
    local = words.local(moment, view.state)
    return moment - timedelta(minutes=local.minute, seconds=local.second)


def _mean(starts_at: datetime, slots: Sequence[PlanSlot]) -> PlannedHour:
    hours = sum(_seconds(slot) for slot in slots) / SECONDS_PER_HOUR
    return PlannedHour(
        starts_at=starts_at,
        pv_w=_energy_wh(slots, _pv_w) / hours,
        house_w=_energy_wh(slots, _house_w) / hours,
        rig_w=_energy_wh(slots, _rig_w) / hours,
        battery_w=_energy_wh(slots, _battery_w) / hours,
        grid_w=_energy_wh(slots, _grid_w) / hours,
        soc=slots[-1].soc,
        cards_on=max(slot.cards_on for slot in slots),
        water_value_per_kwh=slots[-1].water_value_per_kwh,
    )


def _seconds(slot: PlanSlot) -> float:
    return (slot.ends_at - slot.starts_at).total_seconds()


def _energy_wh(slots: Sequence[PlanSlot], power_w: Callable[[PlanSlot], float]) -> float:
    return sum(energy_wh(power_w(slot), _seconds(slot)) for slot in slots)


_pv_w = attrgetter("pv_w")
_house_w = attrgetter("house_w")
_battery_w = attrgetter("battery_w")
_grid_w = attrgetter("grid_w")
_throttled_w = attrgetter("throttled_w")


def _rig_w(slot: PlanSlot) -> float:
    """Return what the rig draws, its jobs included."""
    return slot.rig_w + slot.jobs_w


def _hour(hour: PlannedHour, view: SiteView) -> str:
    return words.weekday_and_clock(hour.starts_at, view.state)


def _kw(power_w: float) -> str:
    return f"{power_w / 1000.0:.2f}"


def _flow(power_w: float) -> Span:
    """Return a flow with its sign: what comes in is plus, what goes away is minus."""
    if abs(power_w) < 5.0:
        return muted("0.00")
    return Span(f"{power_w / 1000.0:+.2f}", Tone.WARN if power_w > 0.0 else Tone.GOOD)


def _worth(hour: PlannedHour, view: SiteView) -> Span:
    return Span(words.money(hour.water_value_per_kwh, view.currency))


def _state(job: JobView) -> Span:
    return Span(job.state.value, _TONES.get(job.state, Tone.PLAIN))


def _done(job: JobView) -> Span:
    share = 1.0 if job.state is JobState.DONE else min(1.0, job.ran_s / job.duration_s)
    return Span(words.percent(share))


def _deadline(job: JobView, view: SiteView) -> Span:
    if job.deadline_at is None:
        return muted(words.DASH)
    return Span(words.weekday_and_clock(job.deadline_at, view.state))

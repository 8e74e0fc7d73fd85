"""The daemon's picture as lines of text."""

from datetime import datetime, timedelta
from itertools import groupby
from statistics import fmean

from solard.core.forecast import Forecast, ForecastSlot
from solard.core.skill import Skill
from solard.core.units import RAO_PER_TAO, SECONDS_PER_HOUR, clamp
from solard.core.view import SiteView
from solard.core.wording import (
    UNKNOWN,
    say_energy,
    say_idle,
    say_percent,
    say_power,
    say_temperature,
    say_time,
)

BLOCKS = " ▁▂▃▄▅▆▇█"
BLOCKS_AT_MOST = 48
HALF_HOUR = timedelta(minutes=30)
STORAGE = "storage: "
"""How the daemon's picture says that its history cannot be written."""
NOTHING = "—"
"""In a table, where there was nothing to compare."""


def say_status(view: SiteView) -> str:
    """Return the state of the rig in a few lines."""
    state, decision = view.state, view.decision
    mode = "live" if view.live else "observing only"
    lines = [
        f"{view.site}: {mode}, {state.local_at:%Y-%m-%d %H:%M}, supply {state.supply.value}",
        f"PV {_power(state.pv_w)}  house {_power(state.house_w)}  rig {_power(state.rig_w)}  "
        f"grid {_power(state.grid_w)}  {_battery(view)}",
    ]
    lines += [_host(view)] if view.host is not None else []
    if decision is not None:
        lines += [f"WHY   {decision.why}", f"NEXT  {decision.next}"]
        lines += [
            f"{'gpu' + str(card.index):6}{card.name:30}" + _limit(view, card.gpu_id)
            for card in view.rig.cards
        ]
    lines += [f"!     {sentence}" for sentence in view.degraded]
    return "\n".join(lines)


def say_unkept(view: SiteView) -> str | None:
    """Return why a restart would forget what was just asked for; None where it is kept."""
    problem = next((one for one in view.degraded if one.startswith(STORAGE)), None)
    return None if problem is None else f"!     {problem}; a restart forgets this"


def say_plan(view: SiteView) -> str:
    """Return the plan as a table; without battery columns where there is no battery."""
    if not view.plan:
        return "There is no plan yet."
    offset = timedelta(seconds=view.state.utc_offset_s)
    battery, priced = _has_battery(view), len({slot.import_per_kwh for slot in view.plan}) > 1
    head = f"{'from':10}{'sun':>10}{'house':>10}{'rig':>10}"
    head += f"{'battery':>10}{'grid':>10}{'SoC':>7}" if battery else f"{'grid':>10}"
    head += f"{'import ' + (view.currency or ''):>12}" if priced else ""
    rows = []
    for slot in view.plan:
        rig = "asleep" if slot.asleep else say_power(slot.rig_w)
        powers = [say_power(slot.pv_w), say_power(slot.house_w), rig]
        powers += [say_power(slot.battery_w)] if battery else []
        row = f"{slot.starts_at + offset:%a %H:%M} "
        row += "".join(f"{power:>10}" for power in (*powers, say_power(slot.grid_w)))
        row += f"{say_percent(slot.soc):>7}" if battery else ""
        rows.append(row + (_price(slot.import_per_kwh) if priced else ""))
    return "\n".join([say_plan_blocks(view), "", head, *rows])


def _has_battery(view: SiteView) -> bool:
    """Say whether the plan has a battery: one that is empty for two days is none."""
    return any(slot.battery_w or slot.soc for slot in view.plan)


def _price(per_kwh: float | None) -> str:
    return f"{NOTHING if per_kwh is None else format(per_kwh, '.3f'):>12}"


def say_plan_blocks(view: SiteView) -> str:
    """Return sun, rig and charge as rows of blocks, one for each half hour of the next day."""
    offset = timedelta(seconds=view.state.utc_offset_s)
    begins, ends = view.plan[0].starts_at, view.plan[-1].ends_at
    count = max(1, min(BLOCKS_AT_MOST, int((ends - begins) / HALF_HOUR)))
    moments = [begins + index * HALF_HOUR for index in range(count)]
    slots = [
        next(slot for slot in view.plan if slot.starts_at <= moment < slot.ends_at)
        for moment in moments
    ]
    most_w = max(1.0, *(max(slot.pv_w, slot.rig_w) for slot in slots))
    rows = (
        ("sun", [slot.pv_w / most_w for slot in slots], say_power(most_w)),
        ("rig", [slot.rig_w / most_w for slot in slots], say_power(most_w)),
        ("charge", [slot.soc for slot in slots], "100 %"),
    )
    shown = rows if _has_battery(view) else rows[:-1]
    lines = [f"{name:8}{blocks(shares)} {scale}" for name, shares, scale in shown]
    last = say_time(moments[-1] + HALF_HOUR + offset)
    axis = f"{say_time(begins + offset):<{max(6, count - len(last))}}{last}"
    return "\n".join([*lines, f"{'':8}{axis}"])


def blocks(shares: list[float]) -> str:
    """Return shares, 0..1, as a row of blocks."""
    return "".join(BLOCKS[round(clamp(share, 0.0, 1.0) * (len(BLOCKS) - 1))] for share in shares)


def say_forecast(forecast: Forecast | None, utc_offset_s: float) -> str:
    """Return the next two days hour by hour, how they were made, and what is wrong with it."""
    if forecast is None:
        return "There is no forecast yet."
    offset = timedelta(seconds=utc_offset_s)
    lines = [f"{forecast.source}, issued {say_time(forecast.issued_at + offset)}"]
    if forecast.problem is not None:
        lines.append(f"!     {forecast.problem}")
    lines.append(f"{'from':10}{'P10':>10}{'P50':>10}{'P90':>10}{'house':>10}{'provider':>10}")
    hours = groupby(forecast.slots, key=lambda slot: (slot.starts_at + offset).replace(minute=0))
    return "\n".join([*lines, *(_hour(local, list(slots)) for local, slots in hours)])


def _hour(local: datetime, slots: list[ForecastSlot]) -> str:
    told = [slot.told_w for slot in slots if slot.told_w is not None]
    powers_w = (
        fmean(slot.pv_low_w for slot in slots),
        fmean(slot.pv_w for slot in slots),
        fmean(slot.pv_high_w for slot in slots),
        fmean(slot.house_w for slot in slots),
    )
    columns = [*map(say_power, powers_w), say_power(fmean(told)) if told else NOTHING]
    return f"{local:%a %H:%M} " + "".join(f"{column:>10}" for column in columns)


def say_skill(skill: Skill) -> str:
    """Return how good forecasts were, a line per band of leads."""
    if skill.first_at is None or skill.last_at is None or skill.mean_pv_w is None:
        return "Nothing to compare yet: a forecast must have come true first."
    mean_w = skill.mean_pv_w
    head = ("lead", "error", "of mean", "yesterday", "one index", "provider", "corrected")
    lines = [
        f"{skill.forecasts} forecasts from {skill.first_at:%Y-%m-%d %H:%M} to "
        f"{skill.last_at:%Y-%m-%d %H:%M} UTC; the sun gave {say_power(mean_w)} on the mean, "
        "day and night",
        "".join(f"{name:>11}" for name in head) + f"{'P10–P90':>11}  winter spring summer autumn",
    ]
    for row in skill.rows:
        errors = (
            NOTHING if row.mae_w is None else say_power(row.mae_w),
            _part(row.mae_w, mean_w),
            _part(row.yesterday_mae_w, mean_w),
            _part(row.index_mae_w, mean_w),
            NOTHING if row.told_mae_w is None else say_power(row.told_mae_w),
            _change(row.corrected_mae_w, row.told_mae_w),
        )
        seasons = " ".join(f"{_percent(each):>6}" for each in row.season_covered_share)
        lines.append(
            f"{f'{row.from_h:g}–{row.until_h:g} h':>11}"
            + "".join(f"{each:>11}" for each in errors)
            + f"{_percent(row.covered_share):>11}  {seasons}"
        )
    return "\n".join(lines)


def _part(error_w: float | None, mean_w: float) -> str:
    return NOTHING if error_w is None or mean_w <= 0.0 else f"{error_w / mean_w:.3f}"


def _change(new_w: float | None, old_w: float | None) -> str:
    return NOTHING if new_w is None or not old_w else f"{100.0 * (new_w / old_w - 1.0):+.1f} %"


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{100.0 * share:.0f} %"


def say_earnings(view: SiteView) -> str:
    """Return the days with what they earned and took."""
    if not view.earnings:
        return "Nothing has been counted yet."
    play = view.network is not None and view.network.kind == "embedded"
    head = f"{'day':12}{'τ miner':>12}{'τ validator':>13}{'energy':>12}{'idle':>10}{'sun':>7}"
    head += f"{'cost':>9}{'τ/kWh':>9}"
    rows = []
    for day in view.earnings:
        total_wh = day.sources.total_wh
        sun = (day.sources.sun_wh + day.sources.hidden_sun_wh) / total_wh if total_wh else 0.0
        cost = "—" if day.cost is None else f"{day.cost:.2f}"
        earned = (day.miner_rao + day.validator_rao) / RAO_PER_TAO
        per_kwh = f"{earned * 1000 / total_wh:.4f}" if total_wh else "—"
        rows.append(
            f"{day.day:12}{day.miner_rao / RAO_PER_TAO:>12.4f}"
            f"{day.validator_rao / RAO_PER_TAO:>13.4f}{say_energy(total_wh):>12}"
            f"{say_energy(day.idle_wh):>10}{say_percent(sun):>7}{cost:>9}{per_kwh:>9}"
        )
    idle = [] if view.idle_w is None else [f"Now: {say_idle(view.idle_w)}."]
    idle += [
        f"{one.name}: {say_energy(one.energy_j / SECONDS_PER_HOUR)} since {one.energy_since}"
        for one in view.workloads
        if one.energy_j
    ]
    note = ["Play tokens of the embedded network: they have no price."] if play else []
    return "\n".join([head, *rows, *idle, *note])


def say_events(view: SiteView) -> str:
    """Return the newest events, oldest first."""
    offset = timedelta(seconds=view.state.utc_offset_s)
    return "\n".join(
        f"{event.happened_at + offset:%m-%d %H:%M:%S}  {event.level:8}{event.source:10}{event.text}"
        for event in reversed(view.events)
    )


def _battery(view: SiteView) -> str:
    battery = view.state.battery
    if battery is None and not _has_battery(view):
        return "no battery known"
    soc = None if battery is None else battery.soc
    return f"battery {UNKNOWN if soc is None else say_percent(soc)}"


def _host(view: SiteView) -> str:
    """Return what the machine does, and what it costs to be there."""
    host = view.host
    assert host is not None
    parts = [] if host.cpu_share is None else [f"cpu {say_percent(host.cpu_share)}"]
    parts.append(f"memory {say_percent(host.memory_share)}")
    if host.disk_share is not None:
        parts.append(f"disk {say_percent(host.disk_share)}")
    if host.temperature_c is not None:
        parts.append(say_temperature(host.temperature_c))
    if view.idle_w is not None:
        parts.append(say_idle(view.idle_w))
    return "host  " + "  ".join(parts)


def _power(power_w: float | None) -> str:
    return UNKNOWN if power_w is None else say_power(power_w)


def _limit(view: SiteView, gpu_id: str) -> str:
    decided = () if view.decision is None else view.decision.limits
    limit = next((limit for limit in decided if limit.gpu_id == gpu_id), None)
    read = view.state.gpu(gpu_id)
    draw = "" if read is None else f"draws {_power(read.power_w)}"
    if limit is None:
        return f"{'not steered':12}{draw}"
    told = "parked" if limit.parked else say_power(limit.limit_w)
    return f"{told if view.live else f'would be {told}':12}{'' if view.live else '  '}{draw}"

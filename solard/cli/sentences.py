"""The daemon's picture as lines of text."""

from datetime import timedelta

from solard.core.view import SiteView
from solard.core.wording import UNKNOWN, say_energy, say_percent, say_power, say_time

RAO_PER_TAO = 1e9


def say_status(view: SiteView) -> str:
    """Return the state of the rig in a few lines."""
    state, decision = view.state, view.decision
    soc = None if state.battery is None else state.battery.soc
    mode = "live" if view.live else "observing only"
    lines = [
        f"{view.site}: {mode}, {state.local_at:%Y-%m-%d %H:%M}, supply {state.supply.value}",
        f"PV {_power(state.pv_w)}  house {_power(state.house_w)}  rig {_power(state.rig_w)}  "
        f"grid {_power(state.grid_w)}  battery {UNKNOWN if soc is None else say_percent(soc)}",
    ]
    if decision is not None:
        lines += [f"WHY   {decision.why}", f"NEXT  {decision.next}"]
        lines += [
            f"{'gpu' + str(card.index):6}{card.name:30}" + _limit(view, card.gpu_id)
            for card in view.rig.cards
        ]
    lines += [f"!     {sentence}" for sentence in view.degraded]
    return "\n".join(lines)


def say_plan(view: SiteView) -> str:
    """Return today's plan as a table."""
    if not view.plan:
        return "There is no plan yet."
    offset = timedelta(seconds=view.state.utc_offset_s)
    head = f"{'from':6}{'sun':>10}{'house':>10}{'rig':>10}{'battery':>10}{'grid':>10}{'SoC':>7}"
    rows = [
        f"{say_time(slot.starts_at + offset):6}{say_power(slot.pv_w):>10}"
        f"{say_power(slot.house_w):>10}{say_power(slot.rig_w):>10}"
        f"{say_power(slot.battery_w):>10}{say_power(slot.grid_w):>10}{say_percent(slot.soc):>7}"
        for slot in view.plan
    ]
    return "\n".join([head, *rows])


def say_forecast(view: SiteView) -> str:
    """Return today's forecast as a table."""
    if not view.forecast:
        return "There is no forecast yet."
    offset = timedelta(seconds=view.state.utc_offset_s)
    rows = [
        f"{say_time(slot.starts_at + offset):6}{say_power(slot.pv_low_w):>10}"
        f"{say_power(slot.pv_w):>10}{say_power(slot.pv_high_w):>10}{say_power(slot.house_w):>10}"
        for slot in view.forecast
    ]
    return "\n".join([f"{'from':6}{'P10':>10}{'P50':>10}{'P90':>10}{'house':>10}", *rows])


def say_earnings(view: SiteView) -> str:
    """Return the days with what they earned and took."""
    if not view.earnings:
        return "Nothing has been counted yet."
    play = view.network is not None and view.network.kind == "embedded"
    head = f"{'day':12}{'τ miner':>12}{'τ validator':>13}{'energy':>12}{'sun':>7}{'cost':>9}"
    rows = []
    for day in view.earnings:
        total_wh = day.sources.total_wh
        sun = (day.sources.sun_wh + day.sources.hidden_sun_wh) / total_wh if total_wh else 0.0
        cost = "—" if day.cost is None else f"{day.cost:.2f}"
        rows.append(
            f"{day.day:12}{day.miner_rao / RAO_PER_TAO:>12.4f}"
            f"{day.validator_rao / RAO_PER_TAO:>13.4f}{say_energy(total_wh):>12}"
            f"{say_percent(sun):>7}{cost:>9}"
        )
    note = ["Play tokens of the embedded network: they have no price."] if play else []
    return "\n".join([head, *rows, *note])


def say_events(view: SiteView) -> str:
    """Return the newest events, oldest first."""
    offset = timedelta(seconds=view.state.utc_offset_s)
    return "\n".join(
        f"{event.happened_at + offset:%m-%d %H:%M:%S}  {event.level:8}{event.source:10}{event.text}"
        for event in reversed(view.events)
    )


def _power(power_w: float | None) -> str:
    return UNKNOWN if power_w is None else say_power(power_w)


def _limit(view: SiteView, gpu_id: str) -> str:
    decided = () if view.decision is None else view.decision.limits
    limit = next((limit for limit in decided if limit.gpu_id == gpu_id), None)
    read = view.state.gpu(gpu_id)
    draw = "" if read is None else f"draws {_power(read.power_w)}"
    if limit is None:
        return f"{'not steered':12}{draw}"
    return f"{'parked' if limit.parked else say_power(limit.limit_w):12}{draw}"

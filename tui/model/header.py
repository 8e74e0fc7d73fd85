"""The header: site, how old the picture is, a dot per source, mode and local time."""

from dataclasses import dataclass
from enum import StrEnum

from solard.core.inputs import OverrideKind
from solard.core.state import CardHealth
from solard.core.view import DeviceView, SiteView
from tui import format as words
from tui.model.picture import Link, Picture, active_override
from tui.text import Line, Span, Tone, line, line_cells, muted, spread, strong

STALE_PERIODS = 3
SLOWEST_POLL_S = 1.0
"""Real seconds that a device may take for one round, however short its period."""
CHAIN_LATE_S = 60.0
"""Five blocks of 12 s."""
CHAIN_LATE_REAL_S = 10.0
"""A fast clock counts many site seconds between two looks at the chain."""
LINK_LATE_S, LINK_LOST_S = 3.0, 10.0


class Health(StrEnum):
    """How a source is."""

    GOOD = "good"
    LATE = "late"
    BAD = "bad"
    NONE = "none"


_DOTS = {
    Health.GOOD: Span("●", Tone.GOOD),
    Health.LATE: Span("●", Tone.WARN),
    Health.BAD: Span("●", Tone.BAD),
    Health.NONE: Span("○", Tone.MUTED),
}


def dot(health: Health) -> Span:
    """Return the age dot of a source."""
    return _DOTS[health]


def device_health(device: DeviceView, speed: float) -> Health:
    """Say how one Modbus device is: late after three effective periods."""
    if device.error is not None:
        return Health.BAD
    if device.age_s is None:
        return Health.NONE
    period_s = max(device.period_s, SLOWEST_POLL_S * speed)
    return Health.GOOD if device.age_s <= STALE_PERIODS * period_s else Health.LATE


def modbus_health(view: SiteView) -> Health:
    """Say how the worst device is."""
    found = {device_health(device, view.speed) for device in view.devices}
    order = (Health.BAD, Health.LATE, Health.NONE, Health.GOOD)
    return next((health for health in order if health in found), Health.NONE)


def gpu_health(view: SiteView) -> Health:
    """Say how keeper and cards are."""
    if view.keeper.error is not None:
        return Health.BAD
    if view.keeper.backend == "none":
        return Health.NONE
    healthy = all(gpu.health is CardHealth.OK for gpu in view.state.gpus)
    return Health.GOOD if healthy else Health.LATE


def chain_health(view: SiteView) -> Health:
    """Say how the chain is."""
    if view.network is None or view.network.block is None:
        return Health.NONE
    if view.network.age_s is None:
        return Health.LATE
    late_s = max(CHAIN_LATE_S, CHAIN_LATE_REAL_S * view.speed)
    if view.network.age_s <= late_s:
        return Health.GOOD
    return Health.LATE if view.network.age_s <= 5 * late_s else Health.BAD


def link_health(link: Link) -> Health:
    """Say how our own line to the daemon is."""
    if link.error is not None:
        return Health.BAD
    if link.age_s is None:
        return Health.NONE
    if link.age_s <= LINK_LATE_S:
        return Health.GOOD
    return Health.LATE if link.age_s <= LINK_LOST_S else Health.BAD


def mode_badge(view: SiteView) -> Span:
    """Return LIVE, OBSERVE, PAUSED or RUN with its watts."""
    if not view.live:
        return Span(" OBSERVE ", Tone.BADGE_WARN)
    override = active_override(view)
    if override is None:
        return Span(" LIVE ", Tone.BADGE_GOOD)
    until = words.clock(override.until_at, view.state)
    if override.kind is OverrideKind.PAUSE:
        return Span(f" PAUSED to {until} ", Tone.BADGE_WARN)
    return Span(f" RUN {words.power(override.power_w)} to {until} ", Tone.BADGE_WARN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How much the header says."""

    sources: bool = True
    block: bool = True
    date: bool = False
    notes: bool = False
    wide: bool = False
    live: bool = True
    site: bool = True


_FORMS = (
    _Form(date=True, notes=True, wide=True),
    _Form(date=True, notes=True),
    _Form(date=True),
    _Form(),
    _Form(block=False),
    _Form(block=False, live=False),
    _Form(sources=False),
    _Form(sources=False, live=False),
    _Form(sources=False, live=False, site=False),
)


def header(picture: Picture, width: int) -> Line:
    """Return the header in the longest form that fits."""
    if picture.view is None:
        return _waiting(picture.link, width)
    view, link = picture.view, picture.link
    forms = [(_left(view, link, form), _right(view, form)) for form in _FORMS]
    fitting = (pair for pair in forms if line_cells(pair[0]) + line_cells(pair[1]) + 1 < width)
    left, right = next(fitting, forms[-1])
    return spread(left, right, width)


def _waiting(link: Link, width: int) -> Line:
    left = line(Span(" solard ", Tone.TITLE), muted(f" {link.socket}"))
    return spread(left, line(dot(link_health(link)), muted(" no picture yet ")), width)


def _left(view: SiteView, link: Link, form: _Form) -> Line:
    parts: list[Span] = [Span(" solard ", Tone.TITLE)]
    if form.site:
        parts += [strong(f" {view.site}"), Span("  ")]
    parts += [dot(link_health(link))]
    if form.live:
        parts += [Span(f" {_link_text(link)}")]
    if form.sources:
        parts += _sources(view, form)
    if link.read_only and form.live:
        parts += [muted("  read-only")]
    return tuple(parts)


def _link_text(link: Link) -> str:
    if link.error is not None:
        return "offline"
    return "live" if link.age_s is None else f"live {words.duration(link.age_s)}"


def _sources(view: SiteView, form: _Form) -> list[Span]:
    gap = "   " if form.wide else "  "
    parts = [muted(f"{gap}Modbus "), dot(modbus_health(view))]
    parts += [muted(f"{gap}GPU "), dot(gpu_health(view))]
    if form.wide and view.keeper.backend == "simulated":
        parts += [muted(" simulated")]
    parts += [muted(f"{gap}chain "), dot(chain_health(view))]
    if view.network is not None and form.block:
        parts += [Span(f" {words.count(view.network.block)}")]
    return parts


def _right(view: SiteView, form: _Form) -> Line:
    moment = view.state.taken_at
    parts: list[Span] = [mode_badge(view)]
    if view.speed != 1.0:
        text = f"{view.speed:g}× simulated day" if form.notes else f"{view.speed:g}×"
        parts += [Span(f" {text}", Tone.WARN)]
    clock = words.clock_with_seconds if form.date else words.clock
    date = f"{words.day(moment, view.state)} " if form.date else ""
    return line(*parts, f" {date}{clock(moment, view.state)} ")

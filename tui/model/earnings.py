"""What the rig earned and what its energy was: today in a panel, every day in a table."""

from collections.abc import Callable

from solard.core.ledger import SourceEnergy
from solard.core.view import EarningsDay, SiteView
from tui import format as words
from tui.chart import stacked_bar
from tui.model.picture import Picture
from tui.model.table import Field, Table, table_of
from tui.text import (
    BLANK,
    Line,
    Lines,
    Span,
    Tone,
    as_many_as_fit,
    cut,
    flow,
    hang,
    line,
    muted,
    spread,
    strong,
)

PLAY = "play tokens, no price"

SOURCES: tuple[tuple[str, str, Tone], ...] = (
    ("sun", "sun_wh", Tone.SUN),
    ("hidden sun", "hidden_sun_wh", Tone.HIDDEN_SUN),
    ("battery", "battery_wh", Tone.BATTERY),
    ("grid", "grid_wh", Tone.GRID),
    ("generator", "generator_wh", Tone.GENERATOR),
)


def earned_rao(day: EarningsDay) -> int:
    """Return what miner and validator earned together."""
    return day.miner_rao + day.validator_rao


def rao_per_kwh(day: EarningsDay) -> float | None:
    """Return rao per kWh of the rig, or None when it took none."""
    return None if day.sources.total_wh <= 0 else earned_rao(day) * 1000 / day.sources.total_wh


def sun_share(sources: SourceEnergy) -> float | None:
    """Return the share that came from the sun, hidden sun included, 0..1."""
    if sources.total_wh <= 0:
        return None
    return (sources.sun_wh + sources.hidden_sun_wh) / sources.total_wh


def is_play(view: SiteView) -> bool:
    """Say whether the tokens have no price."""
    return view.network is None or view.network.kind == "embedded"


def earnings_today(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return today's earnings, and our neurons where there is room."""
    view = picture.view
    if view is None or not view.earnings:
        return (line(muted("Nothing earned yet today.")),)
    day = view.earnings[0]
    note = muted(f"  {PLAY}" if is_play(view) else "")
    rows: list[Line] = [
        cut(line(strong(words.tao(earned_rao(day))), note), width),
        _pair("miner", words.tao(day.miner_rao), "validator", words.tao(day.validator_rao)),
        _named("rig energy", words.energy(day.sources.total_wh)),
        _sources_row(day.sources),
        _named("energy cost", words.money(day.cost, view.currency)),
        _named("net", _net(view)),
        _named("τ per kWh", words.tao_number(rao_per_kwh(day))),
    ]
    if view.network is not None and view.network.neurons:
        rows += [BLANK, *_neuron_rows(view, width)]
    return tuple(rows[:height])


def earnings_line(picture: Picture, width: int) -> Line:
    """Return today's earnings in one row."""
    view = picture.view
    if view is None or not view.earnings:
        return line(muted("Nothing earned yet today."))
    day = view.earnings[0]
    groups = (
        line(strong(words.tao(earned_rao(day))), muted(" play" if is_play(view) else "")),
        line(muted("cost "), words.money(day.cost, view.currency)),
        line(muted("τ/kWh "), words.tao_number(rao_per_kwh(day))),
        line(muted("sun "), words.percent(sun_share(day.sources))),
        line(muted("idle "), words.energy(day.idle_wh)),
    )
    return as_many_as_fit(groups, width, gap=2)


def _net(view: SiteView) -> str:
    """Return —: what the network pays has no price here, so there is no honest net."""
    return words.money(None, view.currency)


def _named(name: str, value: str) -> Line:
    return line(muted(f"{name:<14}"), value)


def _pair(one: str, first: str, other: str, second: str) -> Line:
    return line(muted(f"{one} "), first, muted(f"  {other} "), second)


def _sources_row(sources: SourceEnergy) -> Line:
    share = sun_share(sources)
    bars = source_bar(sources, 12)
    return line(muted(f"{'from the sun':<14}"), *bars, f" {words.percent(share)}")


def source_bar(sources: SourceEnergy, width: int) -> Line:
    """Return a bar of the rig's energy by source."""
    parts = [(getattr(sources, field), tone) for _, field, tone in SOURCES]
    return stacked_bar(parts, sources.total_wh, width)


def _neuron_rows(view: SiteView, width: int) -> list[Line]:
    if view.network is None:
        return []
    rows = [spread(line(Span("Neurons", Tone.TITLE)), line(muted("τ/epoch")), width)]
    best = sorted(view.network.neurons, key=lambda each: -each.emission_rao)
    for neuron in best:
        name = line(f"SN {neuron.netuid} {neuron.role} ", muted(f"uid {neuron.uid}"))
        rows.append(spread(name, line(words.tao_number(neuron.emission_rao)), width))
    return rows


def earnings_head(picture: Picture, width: int) -> Lines:
    """Return today's sums and the colours of the sources."""
    view = picture.view
    if view is None or not view.earnings:
        return hang(
            line(),
            "Nothing earned yet. Rewards come at the end of an epoch, once a miner has answered "
            "and a validator has set weights; 3 Neurons shows how far they are.",
            width,
        )
    day = view.earnings[0]
    sums = (
        line(strong(words.tao(earned_rao(day)))),
        line(muted("rig "), words.energy(day.sources.total_wh)),
        line(muted("idle "), words.energy(day.idle_wh)),
        line(muted("from the sun "), words.percent(sun_share(day.sources))),
        line(muted("cost "), words.money(day.cost, view.currency)),
        line(muted(PLAY if is_play(view) else "")),
    )
    legend = [
        line(Span("▇ ", tone), muted(f"{name} "), words.energy(getattr(day.sources, field)))
        for name, field, tone in SOURCES
        if getattr(day.sources, field) > 0
    ]
    return (*flow(sums, width), source_bar(day.sources, width), *flow(legend, width))


def energy_by_day(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return a bar per day: the rig's energy by source."""
    view = picture.view
    if view is None or not view.earnings:
        return (line(muted("No day has been kept yet.")),)
    shown = view.earnings[:height]
    full_wh = max(day.sources.total_wh for day in shown)
    bars = max(6, width - 22)
    return tuple(
        line(
            muted(f"{words.iso_day(day.day):<11}"),
            *stacked_bar(
                [(getattr(day.sources, field), tone) for _, field, tone in SOURCES], full_wh, bars
            ),
            f" {words.energy(day.sources.total_wh):>9}",
        )
        for day in shown
    )


def tao_by_day(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return a bar per day: what miner and validator earned."""
    view = picture.view
    if view is None or not view.earnings:
        return (line(muted("Nothing earned yet: rewards come at the end of an epoch.")),)
    shown = view.earnings[:height]
    full = max(1.0, *(float(earned_rao(day)) for day in shown))
    bars = max(6, width - 22)
    return tuple(
        line(
            muted(f"{words.iso_day(day.day):<11}"),
            *stacked_bar([(day.miner_rao, Tone.RIG), (day.validator_rao, Tone.GRID)], full, bars),
            f" {words.tao(earned_rao(day)):>9}",
        )
        for day in shown
    )


def earnings_table(view: SiteView, width: int) -> Table:
    """Return one row per day, newest first."""
    money = view.currency
    sources = [
        Field(label=label, width=6, rank=rank, cell=_source_cell(name, tone))
        for label, rank, (_, name, tone) in zip(
            ("sun", "hidden", "bat", "grid", "gen"), (3, 6, 4, 5, 7), SOURCES, strict=True
        )
    ]
    fields: tuple[Field[EarningsDay], ...] = (
        Field(label="day", width=10, right=False, cell=lambda d: Span(words.iso_day(d.day))),
        Field(label="τ miner", width=8, cell=lambda d: Span(words.tao_number(d.miner_rao))),
        Field(label="τ valid.", width=8, cell=lambda d: Span(words.tao_number(d.validator_rao))),
        Field(label="kWh", width=6, cell=lambda d: strong(_kwh(d.sources.total_wh))),
        *sources,
        Field(label="idle", width=6, rank=9, cell=lambda d: muted(_kwh(d.idle_wh))),
        Field(label="cost", width=9, cell=lambda d: Span(words.money(d.cost, money))),
        Field(
            label="lost feed",
            width=9,
            rank=8,
            cell=lambda d: Span(words.money(d.lost_feed_in, money)),
        ),
        Field(label="net", width=6, rank=2, cell=lambda _: muted(_net(view))),
        Field(label="τ/kWh", width=7, cell=lambda d: Span(words.tao_number(rao_per_kwh(d)))),
    )
    return table_of(fields, view.earnings, key=lambda d: d.day, width=width)


def _kwh(energy_wh: float) -> str:
    return words.kilowatt_hours(energy_wh)


def _source_cell(field: str, tone: Tone) -> Callable[[EarningsDay], Span]:
    def cell(day: EarningsDay) -> Span:
        value = getattr(day.sources, field)
        return Span(words.kilowatt_hours(value), tone) if value > 0 else muted(words.DASH)

    return cell

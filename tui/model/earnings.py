"""What the rig earned and what its energy was: today in a panel, every day in a table."""

from collections.abc import Callable

from solard.core.ledger import SourceEnergy
from solard.core.view import EarningsDay, SiteView
from tui import format as words
from tui.chart import stacked_bar
from tui.model.picture import Picture
from tui.model.table import Field, Table, table_of
from tui.text import BLANK, Line, Lines, Span, Tone, cut, hang, line, muted, strong

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
    text = line(
        strong(words.tao(earned_rao(day))),
        muted(" play" if is_play(view) else ""),
        muted("  cost "),
        words.money(day.cost, view.currency),
        muted("  τ/kWh "),
        words.tao_number(rao_per_kwh(day)),
        muted("  sun "),
        words.percent(sun_share(day.sources)),
        muted(f"  idle {words.energy(day.idle_wh)}"),
    )
    return cut(text, width)


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
    rows = [line(Span("Neurons", Tone.TITLE))]
    for neuron in view.network.neurons:
        name = f"SN {neuron.netuid} {neuron.role:<9}"
        tail = f"uid {neuron.uid}  {words.tao(neuron.emission_rao)}/epoch"
        rows.append(cut(line(name, " ", muted(tail)), width))
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
    first = line(
        muted("Today  "),
        strong(words.tao(earned_rao(day))),
        muted("   from "),
        words.energy(day.sources.total_wh),
        muted("   idle took "),
        words.energy(day.idle_wh),
        muted("   sun "),
        words.percent(sun_share(day.sources)),
        muted(f"   {PLAY}" if is_play(view) else ""),
    )
    legend: list[Span] = []
    for name, field, tone in SOURCES:
        value = words.kilowatt_hours(getattr(day.sources, field))
        legend += [Span("▇ ", tone), Span(f"{name} {value}   ")]
    return (
        cut(first, width),
        source_bar(day.sources, width),
        cut((*legend, muted("kWh")), width),
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

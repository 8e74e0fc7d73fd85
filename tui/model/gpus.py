"""The cards: what each is told, takes and does."""

from solard.core.decision import Clamped, PowerLimit, Refused
from solard.core.rig import GpuCard
from solard.core.state import CardHealth, GpuState
from solard.core.view import SiteView
from tui import format as words
from tui.model.picture import Picture, cards_on
from tui.model.table import Field, Table, paint, table_of
from tui.text import Line, Lines, Span, Tone, flow, hang, line, muted, strong

IDLE_UTILIZATION = 0.02
SAME_LIMIT_W = 1.0
HOT_C = 80.0
_COMPACT_CELLS = 58
"""What a compact row takes beside the card's name."""


def card_index(view: SiteView, gpu_id: str) -> str:
    """Return the number that people know the card by."""
    card = card_named(view, gpu_id)
    return "?" if card is None else str(card.index)


def card_state(gpu: GpuState) -> Span:
    """Return one word on what the card does."""
    if gpu.health is not CardHealth.OK:
        return Span(gpu.health.value, Tone.BAD)
    if gpu.parked:
        return muted("parked")
    if gpu.utilization is not None and gpu.utilization < IDLE_UTILIZATION:
        return Span("idle", Tone.WARN)
    return Span("works", Tone.GOOD)


def limit_cell(view: SiteView, gpu: GpuState) -> Span:
    """Return the limit with an arrow while it is on its way to what was decided."""
    if gpu.parked:
        return muted(f"{words.DASH} ")
    told = _told(view, gpu.gpu_id)
    text = words.watts(gpu.limit_w)
    if told is None or gpu.limit_w is None or told.parked:
        return Span(f"{text} ")
    if abs(told.limit_w - gpu.limit_w) <= SAME_LIMIT_W:
        return Span(f"{text} ")
    return Span(text + ("↑" if told.limit_w > gpu.limit_w else "↓"), Tone.WARN)


def work_per_kilowatt(gpu: GpuState) -> float | None:
    """Return work per hour and kilowatt, or None where either is unknown."""
    if gpu.parked or gpu.work_rate is None or not gpu.power_w:
        return None
    return 1000.0 * gpu.work_rate / gpu.power_w


def card_table(view: SiteView) -> Table:
    """Return the short table of the overview."""
    fields: tuple[Field[GpuState], ...] = (
        Field(label="GPU", width=3, cell=lambda g: Span(card_index(view, g.gpu_id))),
        Field(label="limit ", width=7, cell=lambda g: limit_cell(view, g)),
        Field(label="draw", width=6, cell=lambda g: Span(words.watts(g.power_w))),
        Field(label="temp", width=6, cell=_temperature),
        Field(label="util", width=5, cell=lambda g: Span(words.percent(g.utilization))),
        Field(label="state", width=6, right=False, cell=card_state),
        Field(label="work/h", width=7, cell=_rate),
        Field(label="/kW", width=6, cell=lambda g: _number(work_per_kilowatt(g))),
    )
    return table_of(fields, view.state.gpus, key=lambda g: g.gpu_id, width=0)


def few_cards(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return the short table; where rows are short it says how many are left out."""
    view = picture.view
    if view is None:
        return ()
    if not view.state.gpus:
        return _no_cards(view, width)
    table = card_table(view)
    wanted = len(table.rows) + 1
    if height is None or wanted <= height:
        return paint(table)
    left_out = wanted - height + 1
    return (*paint(table, height - 1), line(muted(f"    {left_out} more cards: 2 GPUs")))


def _no_cards(view: SiteView, width: int) -> Lines:
    note = view.keeper.error or view.keeper.note or "The keeper has not named any card yet."
    return hang(line(muted("No cards. ")), note[:1].upper() + note[1:], width)


def gpu_table(view: SiteView, width: int) -> Table:
    """Return the table of the GPUs screen; narrow terminals get fewer columns."""
    fields: tuple[Field[GpuState], ...] = (
        Field(label="GPU", width=3, cell=lambda g: Span(card_index(view, g.gpu_id))),
        Field(
            label="card",
            width=12,
            right=False,
            rank=4,
            stretch_to=24,
            cell=lambda g: Span(_name(view, g)),
        ),
        Field(label="told", width=6, rank=7, cell=lambda g: _told_cell(view, g)),
        Field(label="limit ", width=8, cell=lambda g: limit_cell(view, g)),
        Field(label="enforced", width=8, rank=5, cell=_enforced),
        Field(label="draw", width=6, cell=lambda g: Span(words.watts(g.power_w))),
        Field(label="temp", width=6, cell=_temperature),
        Field(label="util", width=5, rank=6, cell=lambda g: Span(words.percent(g.utilization))),
        Field(label="state", width=6, right=False, cell=card_state),
        Field(label="work/h", width=8, rank=2, cell=_rate),
        Field(label="per kW", width=6, rank=3, cell=lambda g: _number(work_per_kilowatt(g))),
        Field(label="answer", width=7, right=False, rank=8, cell=lambda g: _answer(view, g)),
    )
    return table_of(fields, view.state.gpus, key=lambda g: g.gpu_id, width=width)


def budget(picture: Picture, width: int) -> Lines:
    """Return what the rig may draw, would draw and draws, and where its watts go."""
    view = picture.view
    if view is None:
        return (line(muted("No picture of the rig yet.")),)
    decision, state = view.decision, view.state
    groups: list[Line] = [line(muted("rig draws "), Span(words.watts(state.rig_w), Tone.RIG))]
    if decision is not None:
        groups.append(line(muted("budget "), strong(words.watts(decision.budget_w))))
        if abs(decision.target_w - decision.budget_w) > SAME_LIMIT_W:
            groups.append(line(muted("on its way to "), words.watts(decision.target_w)))
        groups.append(line(muted("if every limit is used "), words.watts(decision.expected_w)))
        groups.append(line(muted("work "), decision.mode.value))
    cards_w = [gpu.power_w for gpu in state.gpus if gpu.power_w is not None]
    groups += [
        line(muted("host "), words.watts(view.rig.host_w)),
        line(muted("cards "), words.watts(sum(cards_w) if cards_w else None)),
        line(muted(f"{cards_on(view)} of {len(state.gpus)} on")),
        line(muted(f"keeper {view.keeper.backend}")),
    ]
    note = view.keeper.error or view.keeper.note
    notes = hang(line(Span("▲ ", Tone.WARN)), note, width) if note else ()
    return (*flow(groups, width), *_machine(view, width), *notes)


def _machine(view: SiteView, width: int) -> Lines:
    """Return what the machine under the cards does, once it was looked at."""
    host = view.host
    if host is None:
        return ()
    groups = [
        line(muted("machine: cpu "), words.percent(host.cpu_share)),
        line(muted("memory "), words.percent(host.memory_share)),
        line(muted("disk "), words.percent(host.disk_share)),
        line(muted("heat "), words.temperature(host.temperature_c)),
    ]
    return flow(groups, width)


def compact_cards(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return one sentence-like row per card for a small terminal."""
    view = picture.view
    if view is None:
        return (line(muted("No picture of the rig yet.")),)
    if not view.state.gpus:
        return _no_cards(view, width)
    rows = tuple(_compact_row(view, gpu, width) for gpu in view.state.gpus)
    if height is None or len(rows) <= height:
        return rows
    more = len(rows) - height + 1
    return (*rows[: height - 1], line(muted(f"{more} more cards: 2 GPUs")))


def _compact_row(view: SiteView, gpu: GpuState, width: int) -> Line:
    room = min(width - _COMPACT_CELLS, max(len(_name(view, each)) for each in view.state.gpus))
    name = f"{_name(view, gpu):<{room}.{room}} " if room >= 8 else ""
    limit = limit_cell(view, gpu)
    parts = [
        Span(f"{card_index(view, gpu.gpu_id)} {name}"),
        Span(f"{limit.text:>7}", limit.tone),
        muted(" draw "),
        Span(f"{words.watts(gpu.power_w):>6}"),
        Span(f"  {_temperature(gpu).text:>6}", _temperature(gpu).tone),
    ]
    if width >= 50:
        parts.append(Span(f"  {words.percent(gpu.utilization):>5}"))
    parts += [Span("  "), Span(f"{card_state(gpu).text:<6}", card_state(gpu).tone)]
    if width >= 58:
        parts.append(Span(f"  {_rate(gpu).text:>7}"))
        parts.append(muted("/h"))
    return tuple(parts)


def card_named(view: SiteView, gpu_id: str) -> GpuCard | None:
    """Return the card with this id, or None."""
    return next((card for card in view.rig.cards if card.gpu_id == gpu_id), None)


def _told(view: SiteView, gpu_id: str) -> PowerLimit | None:
    if view.decision is None:
        return None
    return next((each for each in view.decision.limits if each.gpu_id == gpu_id), None)


def _told_cell(view: SiteView, gpu: GpuState) -> Span:
    told = _told(view, gpu.gpu_id)
    if told is None:
        return muted(words.DASH)
    return muted("park") if told.parked else Span(words.watts(told.limit_w))


def _answer(view: SiteView, gpu: GpuState) -> Span:
    result = next((each for each in view.results if each.gpu_id == gpu.gpu_id), None)
    if result is None:
        return muted(words.DASH)
    if isinstance(result, Refused):
        return Span("refused", Tone.BAD)
    if isinstance(result, Clamped):
        return Span("clamped", Tone.WARN)
    return Span("ok", Tone.GOOD)


def _enforced(gpu: GpuState) -> Span:
    text = words.watts(gpu.enforced_w)
    if gpu.enforced_w is None or gpu.limit_w is None:
        return muted(text)
    same = abs(gpu.enforced_w - gpu.limit_w) <= SAME_LIMIT_W
    return Span(text, Tone.PLAIN if same else Tone.WARN)


def _name(view: SiteView, gpu: GpuState) -> str:
    card = card_named(view, gpu.gpu_id)
    return gpu.gpu_id if card is None else card.name.removesuffix(" (simulated)")


def _temperature(gpu: GpuState) -> Span:
    hot = gpu.temperature_c is not None and gpu.temperature_c >= HOT_C
    return Span(words.temperature(gpu.temperature_c), Tone.WARN if hot else Tone.PLAIN)


def _rate(gpu: GpuState) -> Span:
    return muted(words.DASH) if gpu.parked else _number(gpu.work_rate)


def _number(value: float | None) -> Span:
    return muted(words.DASH) if value is None else Span(words.rate(value))

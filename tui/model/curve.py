"""The curve of one card: work against watts, its operating point and its best one."""

from solard.core.rig import GpuCard
from solard.core.view import SiteView
from tui import format as words
from tui.chart import Column, Labels, Tick, Tones, area_chart, nice_top
from tui.model.gpus import card_named
from tui.model.picture import Picture
from tui.text import BLANK, Line, Lines, Span, Tone, flow, line, muted, strong


def curve(picture: Picture, gpu_id: str | None, width: int, height: int | None = None) -> Lines:
    """Return the curve of one card, work against watts, with its operating point."""
    view = picture.view
    if view is None:
        return ()
    card = None if gpu_id is None else card_named(view, gpu_id)
    known = None if card is None else view.rig.curve(card.gpu_id)
    if card is None:
        return (line(muted("No card is known yet, so there is no curve to show.")),)
    if known is None:
        return (line(muted("No curve is known for this card yet: it is learned while it works.")),)
    gpu = view.state.gpu(card.gpu_id)
    now_w = None if gpu is None or gpu.parked else gpu.power_w
    full = known.points[-1].work_rate or 1.0
    label = Labels(texts=(), width=6)
    columns_wide = max(10, width - label.width - 2)
    step_w = card.max_w / columns_wide
    best_w = best_power_w(view, card)
    tones = {_place(best_w, step_w, columns_wide): Tone.GOOD}
    tones[_place(now_w, step_w, columns_wide)] = Tone.RIG
    columns = [
        Column(solid=known.work_at(step_w * (index + 0.5)) / full, tone=tones.get(index))
        for index in range(columns_wide)
    ]
    said = flow(_facts(view, card, now_w, full), width)
    rows = max(4, (height or 12) - len(said) - 1)
    label = _percent_labels(rows - 2, label.width)
    ticks = _watt_ticks(card.max_w, columns_wide)
    colours = Tones(solid=Tone.FAINT)
    chart = area_chart(columns, height=rows, top=1.0, label=label, ticks=ticks, tones=colours)
    return (*said, BLANK, *chart)


def _place(power_w: float | None, step_w: float, columns: int) -> int:
    return -1 if power_w is None else min(columns - 1, int(power_w / step_w))


def best_power_w(view: SiteView, card: GpuCard) -> float | None:
    """Return the power at which this card does most work per watt."""
    known = view.rig.curve(card.gpu_id)
    if known is None:
        return None
    working = [point for point in known.points if point.work_rate > 0]
    best = max(working, key=lambda point: point.work_rate / point.power_w, default=None)
    return None if best is None else best.power_w


def _facts(view: SiteView, card: GpuCard, now_w: float | None, full: float) -> tuple[Line, ...]:
    name = strong(f"GPU {card.index} ")
    best_w = best_power_w(view, card)
    span = line(muted(f"takes {card.min_w:.0f} to {card.max_w:.0f} W"))
    best = line(muted("most work per watt at "), Span(words.watts(best_w), Tone.GOOD))
    if now_w is None:
        return (line(name, muted("is parked")), best, span)
    known = view.rig.curve(card.gpu_id)
    share = 0.0 if known is None else known.work_at(now_w) / full
    now = line(
        name,
        muted("at "),
        Span(words.watts(now_w), Tone.RIG),
        muted(f" does {words.percent(share)} of its full work"),
    )
    return (now, best, span)


def _percent_labels(rows: int, width: int) -> Labels:
    texts = [""] * rows
    for share in (0.25, 0.5, 0.75, 1.0):
        texts[max(0, round(share * rows) - 1)] = f"{share * 100:.0f} %"
    return Labels(texts=tuple(texts), width=width)


def _watt_ticks(max_w: float, width: int) -> tuple[Tick, ...]:
    step = nice_top(max_w / 6)
    marks = int(max_w / step)
    return tuple(
        Tick(column=int(mark * step / max_w * width), text=f"{mark * step:.0f} W")
        for mark in range(marks + 1)
    )

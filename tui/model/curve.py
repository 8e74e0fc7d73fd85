"""The curve of one card: work against watts, its operating point and its best one."""

from solard.core.rig import GpuCard
from solard.core.view import SiteView
from tui import format as words
from tui.chart import Column, Labels, Tick, Tones, area_chart, nice_top
from tui.model.gpus import card_named
from tui.model.picture import Picture
from tui.text import BLANK, Line, Lines, Span, Tone, line, muted, strong


def curve(picture: Picture, gpu_id: str | None, width: int, height: int | None = None) -> Lines:
    """Return the curve of one card, work against watts, with its operating point."""
    view = picture.view
    if view is None:
        return ()
    card = None if gpu_id is None else card_named(view, gpu_id)
    known = None if card is None else view.rig.curve(card.gpu_id)
    if card is None or known is None:
        return (line(muted("No curve is known for this card yet: it is learned while it works.")),)
    gpu = view.state.gpu(card.gpu_id)
    now_w = None if gpu is None or gpu.parked else gpu.power_w
    full = known.points[-1].work_rate or 1.0
    label = Labels(texts=(), width=6)
    columns_wide = max(10, width - label.width - 2)
    step_w = card.max_w / columns_wide
    here = None if now_w is None else min(columns_wide - 1, int(now_w / step_w))
    columns = [
        Column(
            solid=known.work_at(step_w * (index + 0.5)) / full if index == here else None,
            shade=known.work_at(step_w * (index + 0.5)) / full,
        )
        for index in range(columns_wide)
    ]
    rows = max(4, (height or 12) - 2)
    label = _percent_labels(rows - 2, label.width)
    ticks = _watt_ticks(card.max_w, columns_wide)
    tones = Tones(solid=Tone.RIG, shade=Tone.HOUSE)
    chart = area_chart(columns, height=rows, top=1.0, label=label, ticks=ticks, tones=tones)
    return (_curve_sentence(view, card, now_w, full), BLANK, *chart)


def best_power_w(view: SiteView, card: GpuCard) -> float | None:
    """Return the power at which this card does most work per watt."""
    known = view.rig.curve(card.gpu_id)
    if known is None:
        return None
    working = [point for point in known.points if point.work_rate > 0]
    best = max(working, key=lambda point: point.work_rate / point.power_w, default=None)
    return None if best is None else best.power_w


def _curve_sentence(view: SiteView, card: GpuCard, now_w: float | None, full: float) -> Line:
    best_w = best_power_w(view, card)
    best = "" if best_w is None else f"   most work per watt at {words.watts(best_w)}"
    span = f"   takes {card.min_w:.0f} to {card.max_w:.0f} W"
    if now_w is None:
        return line(strong(f"GPU {card.index}"), muted(" is parked"), muted(best + span))
    known = view.rig.curve(card.gpu_id)
    share = 0.0 if known is None else known.work_at(now_w) / full
    now = f" at {words.watts(now_w)} does {words.percent(share)} of its full work"
    return line(strong(f"GPU {card.index}"), Span(now), muted(best + span))


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

"""What happened: events, newest first in a panel, newest last in the log."""

from collections.abc import Iterable

from solard.core.view import Event, SiteView
from tui import format as words
from tui.model.picture import Picture
from tui.text import Line, Lines, Span, Tone, cut, hang, line, muted

_TONES = {"warning": Tone.WARN, "alert": Tone.BAD}


def events(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return the newest events, one row each."""
    view = picture.view
    if view is None or not view.events:
        return (line(muted("Nothing has happened yet.")),)
    return tuple(cut(_row(view, event), width) for event in view.events[:height])


def network_events(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return the newest events of the chain and of the workloads."""
    view = picture.view
    if view is None:
        return (line(muted("Nothing has happened yet.")),)
    sources = {"chain", *(workload.name for workload in view.workloads)}
    found = [event for event in view.events if event.source in sources]
    if not found:
        return (line(muted("Nothing has happened on the network yet.")),)
    return tuple(cut(_row(view, event), width) for event in found[:height])


def _row(view: SiteView, event: Event) -> Line:
    return (*_label(view, event), Span(event.text, _TONES.get(event.level, Tone.PLAIN)))


def _label(view: SiteView, event: Event) -> Line:
    when = words.clock_with_seconds(event.happened_at, view.state)
    today = words.day(event.happened_at, view.state) == words.day(view.state.taken_at, view.state)
    date = "" if today else f"{words.day(event.happened_at, view.state)} "
    mark = _TONES.get(event.level, Tone.MUTED)
    return line(muted(f"{date}{when} "), Span(f"{event.source:<9.9} ", mark))


def log(picture: Picture, width: int, wanted: str = "") -> Lines:
    """Return every event that contains the filter's words, oldest first, wrapped."""
    view = picture.view
    if view is None:
        return (line(muted("No events yet: no daemon has answered.")),)
    rows: list[Line] = []
    for event in reversed(tuple(_matching(view.events, wanted))):
        tone = _TONES.get(event.level, Tone.PLAIN)
        wrapped = hang(_label(view, event), event.text, width)
        rows += [(*row[:-1], Span(row[-1].text, tone)) for row in wrapped]
    if not rows:
        said = f"No event matches “{wanted}”." if wanted else "Nothing has happened yet."
        return (line(muted(said)),)
    return tuple(rows)


def problems(picture: Picture, width: int) -> Lines:
    """Return everything that does not work right now."""
    view = picture.view
    if view is None or not view.degraded:
        return (line(Span("✓ ", Tone.GOOD), muted("Everything works.")),)
    rows: list[Line] = []
    for sentence in view.degraded:
        rows += hang(line(Span("▲ ", Tone.WARN)), sentence, width)
    return tuple(rows)


def _matching(found: Iterable[Event], wanted: str) -> Iterable[Event]:
    asked = wanted.lower().split()
    for event in found:
        text = f"{event.source} {event.level} {event.text}".lower()
        if all(word in text for word in asked):
            yield event

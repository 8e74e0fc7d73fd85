"""WHY and NEXT: the sentences that stand on every screen, and those that say what is wrong."""

from solard.core.view import SiteView
from tui import format as words
from tui.model.keys import LOG
from tui.model.picture import Picture
from tui.text import Lines, Span, Tone, cut, hang, line, muted, wrap

WHY = line(Span("WHY   ", Tone.TITLE))
NEXT = line(Span("NEXT  ", Tone.TITLE))

_MOST_OFFLINE_ROWS = 3


def why_and_next(picture: Picture) -> tuple[str, str]:
    """Return the sentence on now and the sentence on later, whatever state we are in."""
    view = picture.view
    if view is None:
        return _without_view(picture)
    if view.decision is None:
        return _without_decision(view)
    return view.decision.why, view.decision.next


def strip(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return WHY and NEXT, wrapped; where `height` is short both keep at least one row."""
    why, next_ = why_and_next(picture)
    rows_why, rows_next = hang(WHY, why, width), hang(NEXT, next_, width)
    if height is None or len(rows_why) + len(rows_next) <= height:
        return rows_why + rows_next
    room_next = min(len(rows_next), max(1, height // 2))
    room_why = max(1, height - room_next)
    if len(rows_why) < room_why:
        room_why, room_next = len(rows_why), max(1, height - len(rows_why))
    return hang(WHY, why, width, room_why) + hang(NEXT, next_, width, room_next)


def banner(picture: Picture, width: int) -> Lines:
    """Return what is wrong right now: no daemon, or the first thing that does not work."""
    view, link = picture.view, picture.link
    if link.error is not None:
        rows = wrap(_offline(picture), width - 4, _MOST_OFFLINE_ROWS)
        marks = (" ▲ ", *["   "] * len(rows))
        return tuple(
            line(Span(f"{mark}{row:<{width - 3}}", Tone.BADGE_BAD))
            for mark, row in zip(marks, rows, strict=False)
        )
    if view is None or not view.degraded:
        return ()
    first, more = view.degraded[0], len(view.degraded) - 1
    rest = f"  (+{more} more: {LOG} Log)" if more else ""
    body = cut(line(f" ▲ {first}"), width - len(rest) - 1)
    return ((*(Span(span.text, Tone.WARN) for span in body), muted(rest)),)


def _offline(picture: Picture) -> str:
    view, link = picture.view, picture.link
    retry = f"next try in {link.retry_in_s:.0f} s" if link.retry_in_s >= 1 else "trying again"
    if view is None:
        return f"NOT CONNECTED, {retry}: {link.error}."
    since = words.clock_with_seconds(view.state.taken_at, view.state)
    lost = words.duration(link.lost_for_s)
    return (
        f"OFFLINE since {since} ({lost} ago), {retry}: {link.error}. "
        "What you see is the last picture."
    )


def _without_view(picture: Picture) -> tuple[str, str]:
    if picture.link.error is None:
        return "Waiting for the first picture from the daemon.", "It comes within a second."
    return (
        f"No daemon gives a picture on {picture.link.socket}.",
        "Start one with `solard run --config FILE`, or see a whole day with `solard demo`; "
        "this screen connects by itself.",
    )


def _without_decision(view: SiteView) -> tuple[str, str]:
    if not view.devices:
        return (
            "No inverter or battery is configured, so nothing is known of the sun.",
            "Write `devices:` in solard.yaml, try it with `solard check --connect`, "
            "then `solard reload`.",
        )
    silent = [device for device in view.devices if device.error is not None]
    if silent:
        retry = (
            words.duration(silent[0].retry_in_s) if silent[0].retry_in_s is not None else "a moment"
        )
        return (
            f"No decision yet: {silent[0].device_id} does not answer. {silent[0].error}",
            f"Another try in {retry}; the cards stay at their lowest until two good polls.",
        )
    return (
        f"No decision yet: {view.state.good_polls} of 2 good polls of every device are in.",
        "The first decision follows the second good poll.",
    )


def empty(what: str, next_step: str, width: int) -> Lines:
    """Return what an empty screen says: what is missing and the next step."""
    return (*hang(line(), what, width), (), *hang(line(muted("→ ")), next_step, width))

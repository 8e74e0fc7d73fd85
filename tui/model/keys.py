"""The keys: which there are, what the bar at the bottom says of them, and the help."""

from dataclasses import dataclass

from solard.core.view import SiteView
from tui.model.picture import Picture, active_override
from tui.text import Line, Lines, Span, Tone, line, line_cells, muted

SCREENS = ("Overview", "GPUs", "Neurons", "Earnings", "Plan", "Policies", "Log", "Devices")
LOG = SCREENS.index("Log") + 1
"""The number of the screen that has a filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of the bar: `action` is the app's action that a click runs."""

    key: str
    label: str
    action: str
    rank: int
    """Where room is short, high ranks go first."""


def tab_labels(width: int, current: int) -> tuple[str, ...]:
    """Return the tabs, the number before the name; narrow terminals name only the open one."""
    full = tuple(f" {number} {name} " for number, name in enumerate(SCREENS, start=1))
    if sum(len(text) for text in full) + 8 <= width:
        return full
    return tuple(
        text if number == current else f" {number} " for number, text in enumerate(full, start=1)
    )


def key_bar(picture: Picture, screen: int, width: int) -> tuple[Key, ...]:
    """Return the keys that fit, most useful first, in their usual order."""
    keys = _keys(picture, screen)
    kept = sorted(keys, key=lambda key: key.rank)
    while kept and line_cells(bar_line(tuple(kept))) > width:
        kept.pop()
    return tuple(key for key in keys if key in kept)


def bar_line(keys: tuple[Key, ...]) -> Line:
    """Return the bar as one line."""
    return tuple(span for key in keys for span in key_spans(key))


def key_spans(key: Key) -> Line:
    """Return one key of the bar."""
    return line(Span(f" {key.key}", Tone.TITLE), muted(f" {key.label} "))


def _keys(picture: Picture, screen: int) -> tuple[Key, ...]:
    keys: list[Key] = []
    view = picture.view
    if not picture.link.read_only and view is not None:
        keys += _write_keys(view)
    if screen == LOG:
        keys.append(Key(key="/", label="Filter", action="filter", rank=2))
        keys.append(Key(key="f", label="Follow", action="follow", rank=3))
    keys += [
        Key(key="t", label="Theme", action="next_theme", rank=8),
        Key(key="^p", label="Commands", action="command_palette", rank=7),
        Key(key="?", label="Help", action="help", rank=1),
        Key(key="q", label="Quit", action="quit_all", rank=0),
    ]
    return tuple(keys)


def _write_keys(view: SiteView) -> list[Key]:
    keys = [Key(key="p", label="Pause 2 h", action="pause", rank=2)]
    keys.append(Key(key="r", label="Run at…", action="run_at", rank=4))
    if active_override(view) is not None:
        keys.append(Key(key="u", label="Resume", action="resume", rank=2))
    label = "Observe" if view.live else "Go live"
    keys.append(Key(key="o", label=label, action="toggle_live", rank=5))
    return keys


_HELP: tuple[tuple[str, str], ...] = (
    ("1 to 8", "Overview, GPUs, Neurons, Earnings, Plan, Policies, Log, Devices"),
    ("p", "pause the rig for 2 h (asks first)"),
    ("r", "run at a power for a time (asks first)"),
    ("u", "resume: end a pause or a run (asks first)"),
    ("o", "observe only, or live again (asks first)"),
    ("↑ ↓", "choose a card or a row; scroll"),
    ("/  Esc", "filter the log; end the filter"),
    ("f", "follow the log's newest line"),
    ("t", "next theme; ansi themes keep the terminal's colours"),
    ("^p", "command palette"),
    ("?", "this help"),
    ("q", "quit"),
)


def help_lines() -> Lines:
    """Return the help: keys, then what the signs mean."""
    rows: list[Line] = [line(Span(f"{key:<8}", Tone.TITLE), text) for key, text in _HELP]
    rows.append(())
    rows.append(
        line(
            Span("●", Tone.GOOD),
            muted(" fresh  "),
            Span("●", Tone.WARN),
            muted(" late  "),
            Span("●", Tone.BAD),
            muted(" silent  "),
            muted("○ none"),
        )
    )
    rows.append(
        line(
            Span("✓", Tone.GOOD),
            muted(" holds  ✗ does not hold  "),
            Span("?", Tone.WARN),
            muted(" unknown   — unknown or no price"),
        )
    )
    rows.append(line(muted("WHY says what decides now, NEXT when that will change and what for.")))
    return tuple(rows)

"""Today's kilowatt-hours, so far and to come, in the columns that the site has."""

from solard.core.state import Supply
from solard.core.view import EnergyTotals, SiteView
from tui import format as words
from tui.text import Line, Lines, Span, Tone, line, muted

_COLUMNS: tuple[tuple[str, str], ...] = (
    ("sun", "pv_wh"),
    ("house", "house_wh"),
    ("rig", "rig_wh"),
    ("bat+", "battery_in_wh"),
    ("bat−", "battery_out_wh"),
    ("in", "grid_in_wh"),
    ("out", "grid_out_wh"),
    ("gen", "generator_wh"),
)
_GRID_COLUMNS, _GENERATOR_COLUMNS = {"in", "out"}, {"gen"}


def totals_table(view: SiteView, width: int) -> Lines:
    """Return a head and two rows: so far today, and what is still to come."""
    shown = _shown_columns(view)
    cell = max(6, min(9, (width - 11) // len(shown)))
    head = "".join(f"{name:>{cell}}" for name, _ in shown)
    rows = [line(muted(f"{'Today kWh':<10}{head}"))]
    for label, totals in (("so far", view.today), ("to come", view.rest_of_day)):
        if totals is None:
            rows.append(line(f"{label:<10}", muted("  no forecast yet")))
            continue
        values = "".join(
            f"{words.kilowatt_hours(getattr(totals, name)):>{cell}}" for _, name in shown
        )
        tone = Tone.PLAIN if totals is view.today else Tone.MUTED
        rows.append(line(muted(f"{label:<10}"), Span(values, tone)))
    return tuple(rows)


def _shown_columns(view: SiteView) -> tuple[tuple[str, str], ...]:
    """Return the columns that this site has: grid or generator where there is one."""
    totals = [each for each in (view.today, view.rest_of_day) if each is not None]
    generator = any(each.generator_wh > 0 for each in totals)
    grid = view.state.supply is Supply.GRID or any(
        each.grid_in_wh > 0 or each.grid_out_wh > 0 for each in totals
    )
    hidden = (set() if grid else _GRID_COLUMNS) | (set() if generator else _GENERATOR_COLUMNS)
    return tuple(column for column in _COLUMNS if column[0] not in hidden)


def totals_words(view: SiteView) -> tuple[Line, ...]:
    """Return today so far as groups of words."""
    first, *rest = (
        line(muted(f"{name} "), words.kilowatt_hours(getattr(view.today, field)))
        for name, field in _shown_columns(view)
    )
    return (line(muted("TODAY "), *first), *rest, line(muted("kWh")))


def self_use(today: EnergyTotals) -> float | None:
    """Return the share of today's sun that was not exported, 0..1."""
    if today.pv_wh <= 0:
        return None
    return max(0.0, 1.0 - today.grid_out_wh / today.pv_wh)

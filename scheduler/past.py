"""What a site has measured and what it was told, on the grid of its sky."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from scheduler.sky import Flags, Floats, Ints, Sky
from solard.core.site_slot import SLOT_S

CELL_S = 300
CELLS = SLOT_S // CELL_S
"""Rows are kept in cells of 5 min: what is given again replaces what was there."""
HIGHEST_W = 1e8
"""Above it a number is no power of a site, whatever sent it."""
LOWEST_W = -50.0
"""What inverters draw at night; it counts as 0, and less than it as unknown."""
HOUR = 4
"""Quarters."""
WHOLE_ROWS = 0.9
"""So many hours or half hours must be without any change for their meter to tell no more."""

Column = Sequence[float] | Floats


class Past:
    """Rows of any step from 5 min to hours, in any order, with gaps; the newest word counts."""

    def __init__(self, sky: Sky) -> None:
        self._sky = sky
        cells = sky.count * CELLS
        self._pv = np.full(cells, np.nan)
        self._house = np.full(cells, np.nan)
        self._held = np.zeros(cells, dtype=np.bool_)
        self._told = np.full(cells, np.nan)
        self.pv_w = np.full(sky.count, np.nan)
        """NaN = unknown, or held back: then it says nothing about the sun."""
        self.house_w = np.full(sky.count, np.nan)
        self.issued_w = np.full(sky.count, np.nan)
        """What somebody else forecast; NaN = nothing."""

    def take(
        self,
        starts_at: datetime,
        step_s: float,
        pv_w: Column,
        house_w: Column,
        throttled: Sequence[bool] | Flags | None = None,
    ) -> None:
        """Take measured rows; what lies outside the grid is left out.

        Args:
            starts_at: When the first row begins.
            step_s: From one row to the next, at least 300 s.
            pv_w: Mean over each row; NaN = unknown. Impossible values count as unknown.
            house_w: Load without the rig, likewise.
            throttled: Where the panels were held back.
        """
        rows, cells = self._cells(starts_at, step_s, len(pv_w))
        if not len(cells):
            return
        self._pv[cells] = _believable(pv_w)[rows]
        self._house[cells] = _believable(house_w)[rows]
        self._held[cells] = False if throttled is None else np.asarray(throttled, np.bool_)[rows]
        first, last = int(cells[0]) // CELLS, int(cells[-1]) // CELLS + 1
        self.pv_w[first:last], self.house_w[first:last] = self._means(first, last)

    def take_issued(self, starts_at: datetime, step_s: float, power_w: Column) -> None:
        """Take what somebody else forecast for rows that may lie in the future; NaN = nothing."""
        rows, cells = self._cells(starts_at, step_s, len(power_w))
        if not len(cells):
            return
        values = _believable(power_w)[rows]
        self._told[cells] = np.where(np.isnan(values), self._told[cells], values)
        first, last = int(cells[0]) // CELLS, int(cells[-1]) // CELLS + 1
        self.issued_w[first:last] = _mean_of_known(
            self._told[first * CELLS : last * CELLS].reshape(-1, CELLS)
        )

    def until(self, moment: datetime) -> tuple[int, float, float]:
        """Return the quarter hour of a moment, and the means of the rows that began in it so far.

        NaN where there are none yet.
        """
        index = self._sky.index(moment)
        into_s = moment.timestamp() - (self._sky.first_s + SLOT_S * index)
        begun = min(CELLS, int(-(-into_s // CELL_S)))
        if not 0 <= index < self._sky.count or begun <= 0:
            return index, np.nan, np.nan
        cells = slice(index * CELLS, index * CELLS + begun)
        held = bool(self._held[cells].any())
        pv_w = np.nan if held else float(_mean_of_known(self._pv[None, cells])[0])
        return index, pv_w, float(_mean_of_known(self._house[None, cells])[0])

    def _cells(self, starts_at: datetime, step_s: float, count: int) -> tuple[Ints, Ints]:
        """Return which row stands in which cell, inside the grid."""
        first = (starts_at.timestamp() - self._sky.first_s) / CELL_S
        low, high = int(np.ceil(first)), int(np.ceil(first + count * step_s / CELL_S))
        cells = np.arange(max(low, 0), max(min(high, self._sky.count * CELLS), 0))
        rows = np.floor((cells - first) * CELL_S / step_s).astype(np.int64)
        return np.clip(rows, 0, max(count - 1, 0)), cells

    def _means(self, first: int, last: int) -> tuple[Floats, Floats]:
        cells = slice(first * CELLS, last * CELLS)
        held = self._held[cells].reshape(-1, CELLS).any(axis=1)
        pv_w = _mean_of_known(self._pv[cells].reshape(-1, CELLS))
        house_w = _mean_of_known(self._house[cells].reshape(-1, CELLS))
        return np.where(held, np.nan, pv_w), house_w


def row_quarters(pv_w: Floats, hour_0: int) -> int:
    """Return of how many quarter hours each measurement speaks: 4, 2 or 1.

    Args:
        pv_w: Quarter hours in order; NaN = unknown.
        hour_0: Quarter of the hour with which they begin.
    """
    for quarters in (HOUR, HOUR // 2):
        whole = pv_w[-hour_0 % quarters :]
        rows = whole[: len(whole) // quarters * quarters].reshape(-1, quarters)
        lit = rows[np.isfinite(rows).all(axis=1) & (rows > 0.0).any(axis=1)]
        if len(lit) and (np.ptp(lit, axis=1) < 1e-6).mean() > WHOLE_ROWS:
            return quarters
    return 1


def _believable(column: Column) -> Floats:
    values = np.asarray(column, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        known = (values >= LOWEST_W) & (values <= HIGHEST_W)
    return np.where(known, np.maximum(values, 0.0), np.nan)


def _mean_of_known(rows: Floats) -> Floats:
    known = np.isfinite(rows)
    count = known.sum(axis=1)
    total = np.where(known, rows, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)

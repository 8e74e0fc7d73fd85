"""A measured day at any second: half-hour means become ten-second steps with the same energy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor, tanh
from random import Random

from hardware.sim.clear_sky import clear_sky_w_m2
from hardware.sim.measured import SLOT, MeasuredDay
from solard.core.units import clamp

CELL = timedelta(seconds=10)
CELLS = SLOT // CELL
DAY_SLOTS = timedelta(days=1) // SLOT

CLOUD_LAYERS = ((600.0, 0.45), (150.0, 0.35), (40.0, 0.2))
"""Clouds come in sizes: seconds over the roof, and their share in the texture."""
HOUSE_LAYERS = ((300.0, 0.6), (60.0, 0.4))
CLOUD_EDGE = 2.5
"""How sharply a cloud begins: larger is sharper."""
BRIGHTEST = 1.1
"""Clouds may raise the sun over the day's clearest half hour by a tenth (edge of a cloud)."""
TWILIGHT_W_M2 = 5.0
"""Below this a clear sky has no shape that a half hour could follow."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One slot's mean and its neighbours', per unit of the profile that carries it."""

    before: float
    here: float
    after: float


class DayTrace:
    """What the sky gives and the house asks for, second by second, by one seed.

    Slots are worked out when they are first asked for. After the measured hours the day repeats.
    """

    def __init__(self, day: MeasuredDay, seed: int) -> None:
        self._day = day
        self._seed = seed
        self._clear = [self._mean_clear(slot) for slot in range(len(day.rows))]
        self._index = [
            row.pv_w / clear if clear >= TWILIGHT_W_M2 else 0.0
            for row, clear in zip(day.rows, self._clear, strict=True)
        ]
        high = max(self._clear) / 2
        self._clearest = max(
            k for k, clear in zip(self._index, self._clear, strict=True) if clear >= high
        )
        self._slot = -1
        self._pv: tuple[float, ...] = ()
        self._house: tuple[float, ...] = ()

    def pv_w(self, at: datetime) -> float:
        """Return what the panels could give at `at` (aware), W."""
        cell = self._find(at)
        return self._pv[cell]

    def house_w(self, at: datetime) -> float:
        """Return what the house asks for at `at` without the rig, W."""
        cell = self._find(at)
        return self._house[cell]

    def pv_cells(self, slot: int) -> tuple[float, ...]:
        """Return the sun of one slot in steps of `CELL`; their mean is the measured one."""
        mean_w, clear = self._day.rows[slot].pv_w, self._clear[slot]
        if clear < TWILIGHT_W_M2:
            return (mean_w,) * CELLS
        profile = [clear_sky_w_m2(self._day.site.roof, at) for at in self._middles(slot)]
        index = _carry(self._around(self._index, slot, self._clear), profile)
        noise = self._noise("sky", slot, CLOUD_LAYERS)
        top = BRIGHTEST * self._clearest
        wild = _ramp(*(self._wildness(slot + offset) for offset in (-1, 0, 1)))
        cells = [
            clear_w * max(0.0, k + amount * tanh(CLOUD_EDGE * n) * max(0.0, min(k, top - k)))
            for clear_w, k, amount, n in zip(profile, index, wild, noise, strict=True)
        ]
        return _with_mean(cells, mean_w)

    def house_cells(self, slot: int) -> tuple[float, ...]:
        """Return the house of one slot in steps of `CELL`; their mean is the measured one."""
        means = [row.house_w for row in self._day.rows]
        watts = _carry(self._around(means, slot), [1.0] * CELLS)
        noise = self._noise("house", slot, HOUSE_LAYERS)
        cells = [max(0.0, w * (1.0 + 0.1 * n)) for w, n in zip(watts, noise, strict=True)]
        return _with_mean(cells, means[slot])

    def _find(self, at: datetime) -> int:
        """Make the slot of `at` the current one and return the cell in it."""
        cells = floor((at - self._day.starts_at) / CELL)
        slot, cell = divmod(cells, CELLS)
        if not 0 <= slot < len(self._day.rows):
            slot %= DAY_SLOTS
        if slot != self._slot:
            self._slot = slot
            self._pv, self._house = self.pv_cells(slot), self.house_cells(slot)
        return cell

    def _middles(self, slot: int) -> list[datetime]:
        starts_at = self._day.rows[slot].starts_at
        return [starts_at + CELL * (cell + 0.5) for cell in range(CELLS)]

    def _mean_clear(self, slot: int) -> float:
        """Return the mean clear sky of a slot, from a sample a minute and a half, W/m²."""
        middles = self._middles(slot)[4::9]
        return sum(clear_sky_w_m2(self._day.site.roof, at) for at in middles) / len(middles)

    def _around(
        self, values: Sequence[float], slot: int, clear: Sequence[float] | None = None
    ) -> Shape:
        """Return a slot and its neighbours; one beyond the day or in twilight is like the slot."""

        def at(place: int) -> float:
            known = 0 <= place < len(values)
            if not known or (clear is not None and clear[place] < TWILIGHT_W_M2):
                return values[slot]
            return values[place]

        return Shape(at(slot - 1), values[slot], at(slot + 1))

    def _wildness(self, slot: int) -> float:
        """Return how broken the clouds of a slot are, 0..1: its index jumps between neighbours."""
        if not 0 <= slot < len(self._index) or self._clearest <= 0.0:
            return 0.0
        near = self._around(self._index, slot, self._clear)
        jump = (abs(near.here - near.before) + abs(near.after - near.here)) / 2
        return clamp(3.0 * jump / self._clearest - 0.1, 0.02, 1.0)

    def _noise(self, what: str, slot: int, layers: Sequence[tuple[float, float]]) -> list[float]:
        """Return smooth noise in −1..1 over a slot, the same for the same seed and moment."""
        total = [0.0] * CELLS
        for period_s, share in layers:
            cells = period_s / CELL.total_seconds()
            first = slot * CELLS / cells
            count = ceil(CELLS / cells) + 2
            knots = [self._knot(what, period_s, floor(first) + step) for step in range(count)]
            for cell in range(CELLS):
                place, part = divmod(first % 1 + cell / cells, 1.0)
                left, right = knots[int(place)], knots[int(place) + 1]
                smooth = part * part * (3.0 - 2.0 * part)
                total[cell] += share * (left + (right - left) * smooth)
        return total

    def _knot(self, what: str, period_s: float, index: int) -> float:
        return Random(f"{self._seed}/{what}/{period_s}/{index}").uniform(-1.0, 1.0)


def _carry(shape: Shape, weights: Sequence[float]) -> list[float]:
    """Lead from the edge before over a plateau to the edge after, keeping the weighted mean."""
    start, end = _edge(shape.before, shape.here), _edge(shape.here, shape.after)
    places = [(cell + 0.5) / CELLS for cell in range(CELLS)]
    rise = [max(0.0, 1.0 - 4.0 * place) for place in places]
    fall = [max(0.0, 4.0 * place - 3.0) for place in places]
    flat = [1.0 - up - down for up, down in zip(rise, fall, strict=True)]
    by_edges = start * _dot(weights, rise) + end * _dot(weights, fall)
    plateau = max(0.0, (shape.here * sum(weights) - by_edges) / _dot(weights, flat))
    return [
        start * up + plateau * level + end * down
        for up, level, down in zip(rise, flat, fall, strict=True)
    ]


def _edge(left: float, right: float) -> float:
    """Return the value between two slots, near enough to the lower one to leave it positive."""
    return min((left + right) / 2, 2.0 * min(left, right))


def _ramp(before: float, here: float, after: float) -> list[float]:
    """Lead from the middle between two slots through the slot's own value to the next middle."""
    start, end = (before + here) / 2, (here + after) / 2
    half = CELLS // 2
    rise = [start + (here - start) * (cell + 0.5) / half for cell in range(half)]
    fall = [here + (end - here) * (cell + 0.5) / half for cell in range(half)]
    return rise + fall


def _with_mean(cells: Sequence[float], mean: float) -> tuple[float, ...]:
    """Scale cells so that their mean is `mean`: the slot's energy is kept."""
    total = sum(cells)
    if total <= 0.0:
        return (mean,) * len(cells)
    factor = mean * len(cells) / total
    return tuple(cell * factor for cell in cells)


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))
